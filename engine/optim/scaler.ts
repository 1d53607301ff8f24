import { largestBits, type ScaleRule, scaleVerdict } from '../../shaders/gradients.js';
import { currentGpu, type Gpu } from '../gpu.js';
import { mul } from '../ops/arithmetic.js';
import { runInto, type Tensor, tensor, viewOf, write } from '../tensor.js';
import { bundles, gradientsOf, partials } from './bundles.js';
import type { GroupOptions, Optimiser } from './optimiser.js';

export interface GradScalerOptions extends Partial<Omit<ScaleRule, 'most'>> {
  /** Default 65536. */
  readonly initialScale?: number;
  /** Default: the GPU opened last. */
  readonly gpu?: Gpu;
}

/**
 * Scaled gradients stay far below this; what overflowed float16 on its way was replaced by 1e15 (see shaders/half.ts) and
 * arrives above it.
 */
const OVERFLOWN = 1e10;

/**
 * Loss scaling (Micikevicius et al., "Mixed precision training", ICLR 2018), as torch.cuda.amp.GradScaler: small gradients
 * survive float16 because the loss is multiplied before backward(); the optimiser divides again, moves nothing when a gradient
 * overflowed, and the scale is halved then, or doubled after `interval` good steps. All of it happens on the GPU: nothing is read
 * back, and a static step can contain it. The optimiser's own count of steps includes those that were passed over.
 *
 * @example
 *   backward(scaler.scale(loss));
 *   scaler.step(optimiser);
 *   optimiser.zeroGrad();
 */
export class GradScaler {
  /** [scale, 1 / scale of the last step, whether the last step overflowed, good steps]. */
  readonly state: Tensor;
  readonly #rule: ScaleRule;

  constructor({ initialScale = 65536, growth = 2, backoff = 0.5, interval = 2000, gpu }: GradScalerOptions = {}) {
    this.state = tensor([initialScale, 1 / initialScale, 0, 0], [4], { gpu: gpu ?? currentGpu() }).keep();
    this.#rule = { most: OVERFLOWN, growth, backoff, interval };
  }

  /** The loss times the scale. */
  scale(loss: Tensor): Tensor {
    return mul(loss, viewOf(this.state, [], [], 0));
  }

  /** Makes the optimiser's step with the gradients divided by the scale, or passes over it; then moves the scale. */
  step<O extends GroupOptions>(optimiser: Optimiser<O>): void {
    const gradients = gradientsOf(optimiser.groups.flatMap(({ parameters }) => parameters));
    if (gradients.length === 0) return;
    const bits = partials(bundles(gradients), largestBits, 'uint32');
    runInto(scaleVerdict(bits.size, this.#rule), [bits], [this.state]);
    bits.storage.release();
    optimiser.step(this.state);
  }

  /** The state, for checkpoints. */
  async stateDict(): Promise<Float32Array> {
    return (await this.state.read()) as Float32Array;
  }

  loadStateDict(state: ArrayLike<number>): void {
    write(this.state, Float32Array.from(state));
  }
}
