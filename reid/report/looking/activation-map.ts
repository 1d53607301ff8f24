import { noGrad, scope } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import { norm } from '../../../engine/ops/reduce.js';
import { withGrad } from '../../../engine/tape.js';
import { Tensor } from '../../../engine/tensor.js';
import type { HeatMap } from '../drawing/heatmap.js';
import { captureOutput } from './capture.js';
import { mapsOf } from './tensor-maps.js';

/**
 * How strong a layer's map [N, C, h, w] is at each place: its length over the channels, [h, w] for each picture (after Zagoruyko and
 * Komodakis, "Paying more attention to attention", ICLR 2017). For models without attention of their own.
 *
 * @throws RangeError when the layer was not passed exactly once or gives no map
 */
export async function activationMaps(
  layer: Module,
  images: Tensor,
  forward: (images: Tensor) => unknown,
): Promise<HeatMap[]> {
  return scope(async () => {
    const output = withGrad(true, () => {
      // Recording keeps inner tensors until the scope ends.
      const leaf = images.detach();
      leaf.requiresGrad = true;
      const { outputs } = captureOutput(layer as Module & { forward(...inputs: unknown[]): unknown }, () => {
        forward(leaf);
      });
      if (outputs.length !== 1) {
        throw new RangeError(`activationMaps: the layer was passed ${outputs.length} times, where once is expected.`);
      }
      return outputs[0];
    });
    if (!(output instanceof Tensor && output.rank === 4)) {
      throw new RangeError('activationMaps: the layer gives no map [N, C, h, w].');
    }
    return mapsOf(noGrad(() => norm(output.detach(), 2, 1)));
  }, images.gpu);
}
