/** The tensor engine: everything a model, a loss or an optimiser needs. */
export * from './autograd.js';
export * from './errors.js';
export { currentGpu, type Gpu, type OpenOptions, openGpu } from './gpu.js';
export { type Exportable, exportOnnx, type OnnxModel, type OnnxOptions } from './io/onnx/export.js';
export { OnnxError } from './io/onnx/model.js';
export type { MemoryUse } from './memory.js';
export * as nn from './nn/index.js';
export * from './ops/index.js';
export * as optim from './optim/index.js';
export { type Plan, plan } from './plan.js';
export { type KernelShare, profileTable, shares, type Timing, traceEvents } from './profiler.js';
export { manualSeed, type RandomPosition, randn, randomPosition, restoreRandomPosition, uniform } from './random.js';
export { scope } from './scope.js';
export type { Shape } from './shape.js';
export { type StaticStep, type StepResult, staticStep } from './static-step.js';
export { isRecording, noGrad } from './tape.js';
export { type DType, type Nested, Tensor, type TensorData, type TensorOptions, tensor, write } from './tensor.js';
export { type Trace, type TracedOperator, type TracedValue, TraceError, trace } from './trace.js';
