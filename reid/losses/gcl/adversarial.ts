import { grad } from '../../../engine/autograd.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { cat } from '../../../engine/ops/join.js';
import { mean } from '../../../engine/ops/reduce.js';
import { sum } from '../../../engine/ops/sum.js';
import { addScalar, mulScalar, square } from '../../../engine/ops/unary.js';
import { slice } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Discriminator } from '../../models/gcl/discriminator.js';

/** λ: of the penalty on gradients. */
const PENALTY = 0.01;

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
const fromOne = (map: Tensor): Tensor => mean(square(addScalar(map, -1)));

/** A loss of each kind of fakes, all of one size, from one pass over all. */
function ofEach(
  discriminator: Discriminator,
  fakes: readonly Tensor[],
  lossOf: (maps: readonly Tensor[]) => Tensor,
): Tensor[] {
  if (fakes.length === 1) return [lossOf(discriminator.scales(fakes[0]!))];
  const maps = discriminator.scales(cat(fakes));
  const size = fakes[0]!.shape[0]!;
  return fakes.map((_, i) => lossOf(maps.map((map) => slice(map, 0, i * size, (i + 1) * size))));
}

/** Σ over scales of 2 · mean (D(fake) − 1)², of each kind: what the generator minimises (least squares; Mao et al., ICCV 2017). */
export const generatorLosses = (discriminator: Discriminator, fakes: readonly Tensor[]): Tensor[] =>
  ofEach(discriminator, fakes, (maps) => mulScalar(total(maps.map(fromOne)), 2));

/** Σ over scales of mean D(fake)², of each kind; nothing flows into the fakes. */
export const fakeLosses = (discriminator: Discriminator, fakes: readonly Tensor[]): Tensor[] =>
  ofEach(
    discriminator,
    fakes.map((fake) => fake.detach()),
    (maps) => total(maps.map((map) => mean(square(map)))),
  );

/** Of one kind. */
export const generatorLoss = (discriminator: Discriminator, fake: Tensor): Tensor =>
  generatorLosses(discriminator, [fake])[0]!;

export const fakeLoss = (discriminator: Discriminator, fake: Tensor): Tensor => fakeLosses(discriminator, [fake])[0]!;

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
