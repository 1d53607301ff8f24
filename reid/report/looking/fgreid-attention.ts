import { noGrad, reshape, scope } from '../../../engine/index.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { amin, mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { FGReID } from '../../models/fgreid/fgreid.js';
import type { HeatMap } from '../drawing/heatmap.js';
import { mapsOf } from './tensor-maps.js';

/** What one picture's attention is made of. */
export interface FGReIDLook {
  /** Σ_c s_c X_c, [h, w]. */
  readonly strong: HeatMap;
  /** The smallest entry of X. */
  readonly least: number;
}

/**
 * What FGReID's attention to pictures is made of: the first branch's map X, its channels weighed by s, the softmax of their means, so
 * that those count most that are strong in the picture.
 *
 * @param images [N, 3, H, W]
 */
export async function fgreidLooks(model: FGReID, images: Tensor): Promise<FGReIDLook[]> {
  return scope(async () => {
    const [strong, least] = noGrad(() => {
      const x = model.conv1.forward(model.base.forward(images));
      const [n, c, h, w] = x.shape as [number, number, number, number];
      const strength = reshape(softmax(mean(x, [2, 3]), 1), [n, 1, c]);
      const sums = matmul(strength, reshape(x, [n, c, h * w]));
      return [reshape(sums, [n, h, w]), amin(reshape(x, [n, c * h * w]), 1)];
    });
    const [maps, ends] = await Promise.all([mapsOf(strong!), least!.read()]);
    return maps.map((map, i) => ({ strong: map, least: ends[i]! }));
  }, images.gpu);
}

/**
 * FGReID's attention before the sigmoid that makes weights of it: Σ_c s_c (X_c − m) at each place, which is that of the strong
 * channels less m, as the s_c sum to 1. At least 0 everywhere.
 *
 * @param together whether the pictures are frames of one clip: m is then the smallest entry of all, else of each
 */
export function fgreidAttention(looks: readonly FGReIDLook[], together: boolean): HeatMap[] {
  const all = looks.reduce((smallest, { least }) => Math.min(smallest, least), Number.POSITIVE_INFINITY);
  return looks.map(({ strong: { data, ...size }, least }) => {
    const from = together ? all : least;
    return { ...size, data: Float32Array.from(data, (value) => value - from) };
  });
}
