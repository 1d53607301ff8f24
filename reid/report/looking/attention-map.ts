import { reshape, scope } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import { div } from '../../../engine/ops/arithmetic.js';
import { norm } from '../../../engine/ops/reduce.js';
import { addScalar } from '../../../engine/ops/unary.js';
import { formatShape, sameShape } from '../../../engine/shape.js';
import { withGrad } from '../../../engine/tape.js';
import { Tensor } from '../../../engine/tensor.js';
import type { HeatMap } from '../drawing/heatmap.js';
import { type Call, captureCalls } from './capture.js';
import { mapsOf } from './tensor-maps.js';

/** What attention maps are taken of. */
export interface AttentionMapOptions {
  /** Network input [N, 3, H, W]. */
  readonly images: Tensor;
  /** Modules from a map [N, C, h, w] to one of the same shape; each is to be passed exactly once. */
  readonly layers: readonly Module[];
  readonly forward: (images: Tensor) => unknown;
}

/** Where nothing comes in, nothing can be said: the map is 0 there. */
const FLOOR = 1e-12;

/**
 * How much attention modules let through at each place of their map: ‖output‖ / ‖input‖ over the channels, [h, w] for each
 * picture, `maps[layer][picture]`. Of a module that multiplies places by weights these are the weights themselves, whatever it is
 * called and however it finds them; of one that weighs channels it is what that does to each place.
 *
 * @throws RangeError naming a module that was not passed exactly once, or whose output is no map of its input's shape
 */
export async function attentionMaps({ images, layers, forward }: AttentionMapOptions): Promise<HeatMap[][]> {
  return scope(async () => {
    const gains = withGrad(true, () => {
      // Recording keeps inner tensors until the scope ends.
      const leaf = images.detach();
      leaf.requiresGrad = true;
      const { calls } = captureCalls(layers, () => void forward(leaf));
      return layers.map((layer, i) =>
        gainOf(
          calls.filter(({ module }) => module === layer),
          i,
        ),
      );
    });
    return Promise.all(gains.map(mapsOf));
  }, images.gpu);
}

/** [N, h, w]. */
function gainOf(calls: readonly Call[], index: number): Tensor {
  const which = `attentionMaps: layer ${index}`;
  if (calls.length !== 1) throw new RangeError(`${which} was passed ${calls.length} times, where once is expected.`);
  const { inputs, output } = calls[0]!;
  const [input] = inputs;
  if (!(input instanceof Tensor && output instanceof Tensor)) {
    throw new RangeError(`${which} does not go from a tensor to a tensor.`);
  }
  if (output.rank !== 4 || !sameShape(input.shape, output.shape)) {
    throw new RangeError(
      `${which} goes from ${formatShape(input.shape)} to ${formatShape(output.shape)}; it should keep a map [N, C, h, w] in shape.`,
    );
  }
  const [n, , h, w] = output.shape as [number, number, number, number];
  const length = (t: Tensor) => norm(t.detach(), 2, 1);
  return reshape(div(length(output), addScalar(length(input), FLOOR)), [n, h, w]);
}
