import type { GraphBuilder } from '../builder.js';
import type { GraphOperator } from '../graph.js';
import { finish, inputsOf, type Lowering, type Lowerings, noForm, sizeAt } from './lowering.js';

/** Norms and what follows them in the same pass. */

/** The names of x and of what may be there besides: weight, bias, residual, then statistics. */
function partsOf(op: GraphOperator, build: GraphBuilder) {
  const [x, ...others] = inputsOf(op, build) as [string, ...string[]];
  const next = (name: string) => (op.flag(name) ? others.shift() : undefined);
  return { x, weight: next('weight'), bias: next('bias'), residual: next('residual'), statistics: others };
}

const ones = (build: GraphBuilder, n: number) => build.floats(new Array<number>(n).fill(1));
const zeros = (build: GraphBuilder, n: number) => build.floats(new Array<number>(n).fill(0));

const batchNorm: Lowering = (op, build) => {
  if (op.flag('training')) throw noForm(op, 'takes its statistics from the batch (call eval() first)');
  const { x, weight, bias, residual, statistics } = partsOf(op, build);
  const channels = sizeAt(op, op.output, 1);
  const affine = [weight ?? ones(build, channels), bias ?? zeros(build, channels)];
  const y = build.node('BatchNormalization', [x, ...affine, ...statistics], { epsilon: { float: op.number('eps') } });
  return finish(build, y, residual, op.number('slope'));
};

/** Norm of each channel of each sample; without weight and bias. */
const plainInstance = (op: GraphOperator, build: GraphBuilder, x: string, planes: number): string =>
  build.node('InstanceNormalization', [x, ones(build, planes), zeros(build, planes)], {
    epsilon: { float: op.number('eps') },
  });

/** Multiplies and adds numbers of each channel of [N, C, …]. */
function scaled(op: GraphOperator, build: GraphBuilder, y: string, weight?: string, bias?: string): string {
  const shape = build.integers([-1, ...op.output.shape.slice(2).map(() => 1)]);
  const times = weight ? build.node('Mul', [y, build.node('Reshape', [weight, shape])]) : y;
  return bias ? build.node('Add', [times, build.node('Reshape', [bias, shape])]) : times;
}

/** As the instance norm of [N, groups, what a group has]. */
const groupNorm: Lowering = (op, build) => {
  if (op.flag('unbiased')) throw noForm(op, 'divides by the unbiased deviation');
  const { x, weight, bias, residual } = partsOf(op, build);
  const groups = sizeAt(op, op.output, 1) / op.number('per');
  const joined = build.node('Reshape', [x, build.integers([0, groups, -1])]);
  const normal = plainInstance(op, build, joined, groups);
  const y = build.node('Reshape', [normal, build.reshapeTo(op.output.shape)]);
  return finish(build, scaled(op, build, y, weight, bias), residual, op.number('slope'));
};

const instanceNorm: Lowering = (op, build) => {
  const { x, weight, bias, residual } = partsOf(op, build);
  const own = op.inputs.slice(1, 1 + Number(op.flag('weight')) + Number(op.flag('bias')));
  if (own.some(({ shape }) => shape.length !== 1)) throw noForm(op, 'has a weight or a bias for each sample');
  const y = plainInstance(op, build, x, sizeAt(op, op.output, 1));
  return finish(build, scaled(op, build, y, weight, bias), residual, op.number('slope'));
};

const layerNorm: Lowering = (op, build) => {
  const [x, ...others] = inputsOf(op, build) as [string, ...string[]];
  const shape = op.numbers('shape');
  const weight = op.flag('weight') ? others.shift()! : undefined;
  const count = shape.reduce((n, m) => n * m, 1);
  const one = () => build.node('Reshape', [ones(build, count), build.integers(shape)]);
  return build.node('LayerNormalization', [x, weight ?? one(), ...others], {
    axis: op.output.shape.length - shape.length,
    epsilon: { float: op.number('eps') },
  });
};

export const norms: Lowerings = { batchNorm, groupNorm, instanceNorm, layerNorm };
