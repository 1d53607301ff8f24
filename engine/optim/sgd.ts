import { sgd, sgdMomentum } from '../../shaders/optim.js';
import { type GroupOptions, Optimiser, type Trainable } from './optimiser.js';

export interface SGDOptions extends GroupOptions {
  readonly momentum: number;
  /** What is left out of a new gradient in the momentum. */
  readonly dampening: number;
  /** Looks ahead by one step of the momentum (needs momentum, no dampening). */
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent as torch.optim.SGD: g ← g + weightDecay x, m ← momentum m + (1 − dampening) g (the first step:
 * m = g), x ← x − lr m, or with Nesterov's momentum x − lr (g + momentum m).
 *
 * @example
 *   const optimiser = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 });
 */
export class SGD extends Optimiser<SGDOptions> {
  readonly #momentum: boolean;

  constructor(parameters: Trainable<SGDOptions>, options: Partial<SGDOptions> = {}) {
    const defaults = { lr: 1e-3, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, ...options };
    const list = [...parameters] as Trainable<SGDOptions> & readonly object[];
    const momentum = [defaults, ...list].some((item) => 'momentum' in item && item.momentum !== 0);
    super(momentum ? sgdMomentum : sgd, momentum ? ['momentum_buffer'] : [], list, defaults);
    this.#momentum = momentum;
  }

  protected override scalars({ lr, weightDecay, momentum, dampening, nesterov }: SGDOptions, step: number): number[] {
    if (!this.#momentum) return [lr, weightDecay];
    const first = step === 1 || momentum === 0;
    return [
      lr,
      weightDecay,
      first ? 0 : momentum,
      first ? 1 : 1 - dampening,
      nesterov ? 1 : 0,
      nesterov ? momentum : 1,
    ];
  }
}
