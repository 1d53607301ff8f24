export * from './arithmetic.js';
export { type AttentionOptions, scaledDotProductAttention } from './attention.js';
export { toFloat, toHalf } from './cast.js';
export {
  type ConvEpilogue,
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  convTranspose2d,
} from './conv.js';
export * from './distance.js';
export { dropout } from './dropout.js';
export {
  embedding,
  gather,
  indexAdd,
  indexCopy,
  indexSelect,
  oneHot,
  scatter,
  scatterAdd,
} from './indexing.js';
export { cat, stack } from './join.js';
export * from './loss.js';
export { addmm, linear, matmul } from './matmul.js';
export {
  type BatchNormOptions,
  batchNorm,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
  layerNorm,
  type NormEpilogue,
} from './norm.js';
export { type PadOptions, pad } from './pad.js';
export {
  type AvgPoolOptions,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool2d,
} from './pool.js';
export * from './rearrange.js';
export * from './reduce.js';
export { type GridSampleOptions, gridSample, type InterpolateOptions, interpolate } from './resample.js';
export { logSoftmax, softmax } from './softmax.js';
export * from './sort.js';
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
export { maskedFill, prelu, where } from './where.js';
