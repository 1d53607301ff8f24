import { adam, adamMax, adamW, adamWMax } from '../../shaders/optim.js';
import { type GroupOptions, Optimiser, type Trainable } from './optimiser.js';

export interface AdamOptions extends GroupOptions {
  /** How much of the means of g and g² a step keeps. */
  readonly betas: readonly [number, number];
  readonly eps: number;
}

/** Whether the step divides by the largest mean of g² so far; for all groups alike. */
interface Amsgrad {
  readonly amsgrad?: boolean;
}

const NAMES = ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'];

function adamScalars({ lr, betas: [beta1, beta2], eps }: AdamOptions, decay: number, step: number): number[] {
  return [lr / (1 - beta1 ** step), decay, 1 - beta1, 1 - beta2, Math.sqrt(1 - beta2 ** step), eps];
}

/**
 * Adam as torch.optim.Adam: weight decay is added to the gradient.
 *
 * @example
 *   const optimiser = new Adam(
 *     [{ parameters: backbone.parameters(), lr: 1e-4 }, { parameters: head.parameters() }],
 *     { lr: 1e-3, weightDecay: 5e-4 },
 *   );
 */
export class Adam extends Optimiser<AdamOptions> {
  constructor(
    parameters: Trainable<AdamOptions>,
    { amsgrad = false, ...options }: Partial<AdamOptions> & Amsgrad = {},
  ) {
    const defaults: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, ...options };
    super(amsgrad ? adamMax : adam, NAMES, parameters, defaults);
  }

  protected override scalars(options: AdamOptions, step: number): number[] {
    return adamScalars(options, options.weightDecay, step);
  }
}

/** Adam with decoupled weight decay, as torch.optim.AdamW: parameters shrink by lr · weightDecay. */
export class AdamW extends Optimiser<AdamOptions> {
  constructor(
    parameters: Trainable<AdamOptions>,
    { amsgrad = false, ...options }: Partial<AdamOptions> & Amsgrad = {},
  ) {
    const defaults: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 1e-2, ...options };
    super(amsgrad ? adamWMax : adamW, NAMES, parameters, defaults);
  }

  protected override scalars(options: AdamOptions, step: number): number[] {
    return adamScalars(options, options.lr * options.weightDecay, step);
  }
}
