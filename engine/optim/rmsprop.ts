import { rmsprop } from '../../shaders/optim.js';
import { type GroupOptions, Optimiser, type Trainable } from './optimiser.js';

export interface RMSpropOptions extends GroupOptions {
  /** How much of the mean of g² a step keeps. */
  readonly alpha: number;
  readonly eps: number;
}

/** RMSprop as torch.optim.RMSprop, without momentum. */
export class RMSprop extends Optimiser<RMSpropOptions> {
  constructor(parameters: Trainable<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    super(rmsprop, ['square_avg'], parameters, { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: 0, ...options });
  }

  protected override scalars({ lr, weightDecay, alpha, eps }: RMSpropOptions): number[] {
    return [lr, weightDecay, 1 - alpha, eps];
  }
}
