import * as arithmetic from '../../engine/ops/arithmetic.js';
import * as unary from '../../engine/ops/unary.js';
import type { Tensor } from '../../engine/tensor.js';
import type { OpRunners } from './case.js';

const one =
  (f: (x: Tensor) => Tensor) =>
  ({ tensors }: { tensors: Readonly<Record<string, Tensor>> }) =>
    f(tensors.x!);
const two =
  (f: (a: Tensor, b: Tensor) => Tensor) =>
  ({ tensors }: { tensors: Readonly<Record<string, Tensor>> }) =>
    f(tensors.a!, tensors.b!);

export const elementwise: OpRunners = {
  add: two(arithmetic.add),
  sub: two(arithmetic.sub),
  mul: two(arithmetic.mul),
  div: two(arithmetic.div),
  maximum: two(arithmetic.maximum),
  minimum: two(arithmetic.minimum),
  pow_tensor: two(arithmetic.pow),
  relu: one(unary.relu),
  leaky_relu: ({ tensors, attrs }) => unary.leakyRelu(tensors.x!, attrs.negative_slope as number),
  elu: ({ tensors, attrs }) => unary.elu(tensors.x!, attrs.alpha as number),
  selu: one(unary.selu),
  sigmoid: one(unary.sigmoid),
  tanh: one(unary.tanh),
  softplus: one((x) => unary.softplus(x)),
  gelu: ({ tensors, attrs }) => unary.gelu(tensors.x!, attrs.approximate as 'none' | 'tanh' | undefined),
  silu: one(unary.silu),
  hardswish: one(unary.hardswish),
  relu6: one((x) => unary.relu6(arithmetic.mul(x, 5))),
  logsigmoid: one(unary.logSigmoid),
  exp: one(unary.exp),
  log: one(unary.log),
  sqrt: one(unary.sqrt),
  rsqrt: one(unary.rsqrt),
  abs: one(unary.abs),
  neg: one(unary.neg),
  reciprocal: one(unary.reciprocal),
  sin: one(unary.sin),
  cos: one(unary.cos),
  square: one(unary.square),
  log1p: one(unary.log1p),
  pow: ({ tensors, attrs }) => unary.pow(tensors.x!, attrs.exponent as number),
  clamp: ({ tensors, attrs }) =>
    unary.clamp(tensors.x!, attrs.min as number | undefined, attrs.max as number | undefined),
};
