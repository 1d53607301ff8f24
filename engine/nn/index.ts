/** Modules, layers, initialisers and state dicts, with the names of torch.nn. */
export * from './activation.js';
export { MultiheadAttention } from './attention.js';
export { Identity, type Layer, ModuleList, Sequential } from './container.js';
export { Conv1d, Conv2d, ConvTranspose2d } from './conv.js';
export { convNorm } from './conv-norm.js';
export { Dropout } from './dropout.js';
export { Embedding } from './embedding.js';
export * as init from './init.js';
export { Linear } from './linear.js';
export { type Entry, Module } from './module.js';
export {
  BatchNorm,
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormOptions,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  type NormOptions,
  normAddRelu,
  normRelu,
  type PlaneNorm,
} from './norm.js';
export { Counter, Parameter, zeroGrad } from './parameter.js';
export { AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d } from './pool.js';
export { Flatten, Upsample } from './shape.js';
export { type LoadReport, loadTable, type StateDict, StateDictError } from './state.js';
