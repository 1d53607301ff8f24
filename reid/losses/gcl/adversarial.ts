import { grad } from '../../../engine/autograd.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { mean } from '../../../engine/ops/reduce.js';
import { sum } from '../../../engine/ops/sum.js';
import { addScalar, mulScalar, square } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Discriminator } from '../../models/gcl/discriminator.js';

/** λ: of the penalty on gradients. */
const PENALTY = 0.01;

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
const fromOne = (map: Tensor): Tensor => mean(square(addScalar(map, -1)));

/** Σ over scales of 2 · mean (D(fake) − 1)²: what the generator minimises (least squares; Mao et al., ICCV 2017). */
export const generatorLoss = (discriminator: Discriminator, fake: Tensor): Tensor =>
  mulScalar(total(discriminator.scales(fake).map(fromOne)), 2);

export interface DiscriminatorLoss {
  /** Σ over scales of mean D(fake)² + mean (D(real) − 1)². */
  readonly adversarial: Tensor;
  /** 0.01 · Σ over scales of the mean over the batch of ‖∂ Σ D(x) / ∂x‖² at real pictures (Mescheder et al., ICML 2018). */
  readonly penalty: Tensor;
  readonly total: Tensor;
}

/**
 * What the discriminator minimises for one kind of fakes. The penalty is differentiated twice.
 *
 * @param fake [N, 3, H, W], cut off from the generator
 * @param real [N, 3, H, W]
 */
export function discriminatorLoss(discriminator: Discriminator, fake: Tensor, real: Tensor): DiscriminatorLoss {
  const photo = real.detach();
  photo.requiresGrad = true;
  const ofReal = discriminator.scales(photo);
  const ofFake = discriminator.scales(fake.detach());
  const steep = ofReal.map((map) => {
    const [gradient] = grad([sum(map)], [photo], { createGraph: true });
    return sum(square(gradient!));
  });
  const adversarial = add(total(ofFake.map((map) => mean(square(map)))), total(ofReal.map(fromOne)));
  const penalty = mulScalar(total(steep), PENALTY / real.shape[0]!);
  return { adversarial, penalty, total: add(adversarial, penalty) };
}
