import { inputsOf, type Lowering, type Lowerings, noForm } from './lowering.js';

/** Reductions, which record themselves with the reduced axes kept, and functions along lines. */

const reduction =
  (type: string): Lowering =>
  (op, build) =>
    build.reduce(type, build.name(op.inputs[0]!), op.numbers('axes'));

const norm: Lowering = (op, build) => {
  const p = op.number('p');
  if (p !== 1 && p !== 2) throw noForm(op, `has p = ${p}`);
  return build.reduce(`ReduceL${p}`, build.name(op.inputs[0]!), op.numbers('axes'));
};

const variance: Lowering = (op, build) => {
  const x = build.name(op.inputs[0]!);
  const axes = op.numbers('axes');
  const deviation = build.node('Sub', [x, build.reduce('ReduceMean', x, axes)]);
  const squares = build.reduce('ReduceSum', build.node('Mul', [deviation, deviation]), axes);
  return build.node('Mul', [squares, build.floats(1 / op.number('divisor'))]);
};

/** x / max(‖x‖ₚ, eps) */
const l2Normalize: Lowering = (op, build) => {
  const x = build.name(op.inputs[0]!);
  const length = build.reduce(`ReduceL${op.number('p')}`, x, [op.number('axis')]);
  return build.node('Div', [x, build.node('Max', [length, build.floats(op.number('eps'))])]);
};

const along =
  (type: string): Lowering =>
  (op, build) =>
    build.node(type, inputsOf(op, build), { axis: op.number('axis') });

export const reductions: Lowerings = {
  sum: reduction('ReduceSum'),
  amax: reduction('ReduceMax'),
  amin: reduction('ReduceMin'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  prod: reduction('ReduceProd'),
  logsumexp: reduction('ReduceLogSumExp'),
  norm,
  variance,
  std: (op, build) => build.node('Sqrt', inputsOf(op, build)),
  l2Normalize,
  softmax: along('Softmax'),
  logSoftmax: along('LogSoftmax'),
  cumsum: (op, build) => {
    const axis = build.integers([op.number('axis')]);
    return build.node('CumSum', [build.name(op.inputs[0]!), axis], { reverse: Number(op.flag('reverse')) });
  },
};
