import type { Module } from '../../../engine/nn/index.js';
import { Adam, SGD } from '../../../engine/optim/index.js';
import type { Stepper } from '../model.js';

/** What the files say of an optimiser. */
interface OptimiserConfig {
  /** Files with one kind only do not name it: Adam. */
  readonly type?: 'Adam' | 'SGD';
  readonly lr: number;
  readonly weight_decay: number;
  readonly betas?: readonly [number, number];
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** The optimiser of a file, for what of a model is trained. */
export function optimiserOf(model: Module, config: unknown): Stepper {
  const { type, lr, weight_decay: weightDecay, betas, momentum, nesterov } = config as OptimiserConfig;
  const trained = [...model.parameters()].filter(({ requiresGrad }) => requiresGrad);
  return type === 'SGD'
    ? new SGD(trained, { lr, weightDecay, momentum, nesterov })
    : new Adam(trained, { lr, weightDecay, ...(betas && { betas: [...betas] as [number, number] }) });
}
