import type { GraphBuilder } from '../builder.js';
import { inputsOf, type Lowering, type Lowerings } from './lowering.js';

/** Functions of one number and of two, element by element. */

/** An operator that ONNX has under another name. */
const same =
  (type: string): Lowering =>
  (op, build) =>
    build.node(type, inputsOf(op, build));

/** A function of one number, made of several operators. */
const of =
  (make: (build: GraphBuilder, x: string) => string): Lowering =>
  (op, build) =>
    make(build, build.name(op.inputs[0]!));

/** Of one number and a parameter `a`. */
const withNumber =
  (make: (build: GraphBuilder, x: string, a: number) => string): Lowering =>
  (op, build) =>
    make(build, build.name(op.inputs[0]!), op.number('a'));

/** x Φ(x) by way of a function that goes from −1 to 1. */
const halfOf = (build: GraphBuilder, x: string, bent: string): string =>
  build.node('Mul', [build.node('Mul', [x, build.floats(0.5)]), build.node('Add', [bent, build.floats(1)])]);

const pow: Lowering = (op, build) => {
  const [x, y] = inputsOf(op, build);
  return build.node('Pow', [x!, y ?? build.floats(op.number('a'))]);
};

const softplus: Lowering = (op, build) => {
  // Beyond its threshold, 20 by default, ours is x itself: the difference is e^−20.
  const beta = op.number('a');
  const x = build.name(op.inputs[0]!);
  if (beta === 1) return build.node('Softplus', [x]);
  const scaled = build.node('Softplus', [build.node('Mul', [x, build.floats(beta)])]);
  return build.node('Mul', [scaled, build.floats(1 / beta)]);
};

const clamp: Lowering = (op, build) =>
  build.node('Clip', [build.name(op.inputs[0]!), build.floats(op.number('a')), build.floats(op.number('b'))]);

/** One weight, or one for each channel, against x [N, C, …]. */
const prelu: Lowering = (op, build) => {
  const [x, weight] = inputsOf(op, build);
  const [source, slopes] = op.inputs as [(typeof op.inputs)[0], (typeof op.inputs)[0]];
  if (slopes.shape[0] === 1) return build.node('PRelu', [x!, weight!]);
  const shape = build.integers([-1, ...source.shape.slice(2).map(() => 1)]);
  return build.node('PRelu', [x!, build.node('Reshape', [weight!, shape])]);
};

export const elementwise: Lowerings = {
  neg: same('Neg'),
  abs: same('Abs'),
  exp: same('Exp'),
  log: same('Log'),
  log1p: of((build, x) => build.node('Log', [build.node('Add', [x, build.floats(1)])])),
  expm1: of((build, x) => build.node('Sub', [build.node('Exp', [x]), build.floats(1)])),
  sqrt: same('Sqrt'),
  rsqrt: of((build, x) => build.node('Reciprocal', [build.node('Sqrt', [x])])),
  reciprocal: same('Reciprocal'),
  square: of((build, x) => build.node('Mul', [x, x])),
  sin: same('Sin'),
  cos: same('Cos'),
  floor: same('Floor'),
  sign: same('Sign'),
  erf: same('Erf'),
  relu: same('Relu'),
  relu6: of((build, x) => build.node('Clip', [x, build.floats(0), build.floats(6)])),
  // ONNX's defaults are the constants of the paper.
  selu: same('Selu'),
  sigmoid: same('Sigmoid'),
  logSigmoid: of((build, x) => build.node('Neg', [build.node('Softplus', [build.node('Neg', [x])])])),
  tanh: same('Tanh'),
  silu: of((build, x) => build.node('Mul', [x, build.node('Sigmoid', [x])])),
  hardswish: same('HardSwish'),
  leakyRelu: withNumber((build, x, a) => build.node('LeakyRelu', [x], { alpha: { float: a } })),
  elu: withNumber((build, x, a) => build.node('Elu', [x], { alpha: { float: a } })),
  softplus,
  gelu: of((build, x) => halfOf(build, x, build.node('Erf', [build.node('Mul', [x, build.floats(Math.SQRT1_2)])]))),
  geluTanh: of((build, x) => {
    const cube = build.node('Mul', [build.node('Mul', [x, x]), x]);
    const inner = build.node('Add', [x, build.node('Mul', [cube, build.floats(0.044715)])]);
    return halfOf(build, x, build.node('Tanh', [build.node('Mul', [inner, build.floats(Math.sqrt(2 / Math.PI))])]));
  }),
  pow,
  clamp,
  addScalar: withNumber((build, x, a) => build.node('Add', [x, build.floats(a)])),
  mulScalar: withNumber((build, x, a) => build.node('Mul', [x, build.floats(a)])),
  add: same('Add'),
  sub: same('Sub'),
  mul: same('Mul'),
  div: same('Div'),
  maximum: same('Max'),
  minimum: same('Min'),
  prelu,
};
