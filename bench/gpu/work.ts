import {
  add,
  batchNorm,
  conv2d,
  euclidean,
  grad,
  matmul,
  type Shape,
  scaledDotProductAttention,
  type Tensor,
  uniform,
} from '../../engine/index.js';
import type { Work } from './cases.js';

const random = (shape: Shape, requiresGrad = false): Tensor => {
  const t = uniform(shape, -1, 1);
  t.requiresGrad = requiresGrad;
  return t;
};

/** The way back of y to `inputs`, which may be walked again and again. */
const back = (y: Tensor, inputs: readonly Tensor[]): (() => unknown) => {
  const gradients = [random(y.shape)];
  return () => grad([y], inputs, { gradients, retainGraph: true });
};

/** Makes the inputs of a case; what it returns queues the case once. A whole training step is made elsewhere. */
export function prepare(work: Exclude<Work, { kind: 'train' }>): () => unknown {
  switch (work.kind) {
    case 'conv': {
      const { pass, batch, channels, height, width, outputs, kernel, stride, padding, groups } = work;
      const x = random([batch, channels, height, width], pass === 'dx');
      const w = random([outputs, channels / groups, kernel, kernel], pass === 'dw');
      const y = () => conv2d(x, w, undefined, { stride, padding, groups });
      return pass === 'forward' ? y : back(y(), [pass === 'dx' ? x : w]);
    }
    case 'matmul': {
      const [a, b] = [random([work.m, work.k]), random([work.k, work.n])];
      return () => matmul(a, b);
    }
    case 'attention': {
      const { pass, batch, queries, keys, depth } = work;
      const [q, k, v] = [queries, keys, keys].map((n) => random([batch, n, depth], pass === 'backward'));
      const y = () => scaledDotProductAttention(q!, k!, v!);
      return pass === 'forward' ? y : back(y(), [q!, k!, v!]);
    }
    case 'distance': {
      const [x, y] = [random([work.m, work.depth]), random([work.n, work.depth])];
      return () => euclidean(x, y);
    }
    case 'batchNorm': {
      const { pass, batch, channels, height, width } = work;
      const needs = pass === 'backward';
      const x = random([batch, channels, height, width], needs);
      const [weight, bias] = [random([channels], needs), random([channels], needs)];
      const y = () => batchNorm(x, { weight, bias, training: true });
      return needs ? back(y(), [x, weight, bias]) : y;
    }
    case 'add': {
      const [x, y] = [random([work.size]), random([work.size])];
      return () => add(x, y);
    }
  }
}
