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

/** Σ over scales of mean D(fake)²; nothing flows into the fakes. */
export const fakeLoss = (discriminator: Discriminator, fake: Tensor): Tensor =>
  total(discriminator.scales(fake.detach()).map((map) => mean(square(map))));

export interface RealLoss {
  /** The pictures as a leaf: what flows back into them is left there. */
  readonly photo: Tensor;
  /** Σ over scales of mean (D(real) − 1)². */
  readonly adversarial: Tensor;
  /** 0.01 · Σ over scales of the mean over the batch of ‖∂ Σ D(x) / ∂x‖² at real pictures (Mescheder et al., ICML 2018). */
  readonly penalty: Tensor;
  /** Their sum. */
  readonly total: Tensor;
}

/**
 * What real pictures [N, 3, H, W] add to what the discriminator minimises, once for every kind of fakes. The penalty is
 * differentiated twice.
 */
export function realLoss(discriminator: Discriminator, real: Tensor): RealLoss {
  const photo = real.detach();
  photo.requiresGrad = true;
  const maps = discriminator.scales(photo);
  const steep = maps.map((map) => {
    const [gradient] = grad([sum(map)], [photo], { createGraph: true });
    return sum(square(gradient!));
  });
  const adversarial = total(maps.map(fromOne));
  const penalty = mulScalar(total(steep), PENALTY / real.shape[0]!);
  return { photo, adversarial, penalty, total: add(adversarial, penalty) };
}
