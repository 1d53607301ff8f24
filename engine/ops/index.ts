export { type AttentionOptions, scaledDotProductAttention } from './attention.js';
export { type ConvOptions, type ConvTransposeOptions, conv1d, conv2d, convTranspose2d } from './conv.js';
export { addmm, linear, matmul } from './matmul.js';
export * from './arithmetic.js';
export { cat, stack } from './join.js';
export { sum } from './sum.js';
export {
  abs,
  clamp,
  cos,
  elu,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  hardswish,
  leakyRelu,
  log,
  log1p,
  logSigmoid,
  neg,
  reciprocal,
  relu,
  relu6,
  rsqrt,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './unary.js';
export * from './view.js';
