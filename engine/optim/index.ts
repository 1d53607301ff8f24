/** Optimisers, gradient clipping and learning-rate schedules, by the formulas of torch.optim. */
export { Adam, type AdamOptions, AdamW } from './adam.js';
export { clipGradNorm } from './clip.js';
export {
  type Group,
  type GroupInit,
  type GroupOptions,
  Optimiser,
  type OptimiserState,
  type Trainable,
} from './optimiser.js';
export { RMSprop, type RMSpropOptions } from './rmsprop.js';
export { GradScaler, type GradScalerOptions } from './scaler.js';
export { factorAt, learningRate, type Schedule, Scheduler, type Warmup } from './schedules.js';
export { SGD, type SGDOptions } from './sgd.js';
