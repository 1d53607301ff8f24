import { cosineSimilarity, gather, grad, mean, mul, relu, reshape, scope, sum } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import { formatShape } from '../../../engine/shape.js';
import { withGrad } from '../../../engine/tape.js';
import { Tensor, tensor } from '../../../engine/tensor.js';
import type { HeatMap } from '../drawing/heatmap.js';
import { captureOutput } from './capture.js';
import { mapsOf } from './tensor-maps.js';

/** What a Grad-CAM is taken of. */
export interface GradCamOptions {
  /** Network input [N, 3, H, W]. */
  readonly images: Tensor;
  /** The module whose output [N, C, h, w] is weighed: as a rule the last one that still has a map. */
  readonly layer: Module;
  /** The model: it has to pass through `layer` exactly once. */
  readonly forward: (images: Tensor) => Tensor;
  /** One number for each picture from what `forward` gives; see {@link classScore} and {@link similarityScore}. */
  readonly score: (output: Tensor) => Tensor;
}

/**
 * Gradient-weighted class activation maps (Selvaraju et al., "Grad-CAM", ICCV 2017): where a layer's map A [N, C, h, w] raises
 * a score. αₖ is the mean over the map of ∂score/∂Aₖ, and the result is relu(Σₖ αₖ Aₖ), [h, w] for each picture, as it comes:
 * not normalised, not upsampled. Frozen weights are no hindrance. Memory of the pass goes back at the end.
 *
 * @example
 *   model.eval();
 *   const layer = model.base;
 *   const maps = await gradCam({ images, layer, forward: (x) => model.forward(x), score: similarityScore(others) });
 *
 * @throws RangeError when the layer is in training mode (its pictures would hang together and its statistics move), was not
 *   passed exactly once, gives no map, or the score does not depend on it
 */
export async function gradCam({ images, layer, forward, score }: GradCamOptions): Promise<HeatMap[]> {
  if (layer.training) {
    throw new RangeError('gradCam: the layer is in training mode; call eval() on the model first.');
  }
  const pictures = images.shape[0]!;
  return scope(async () => {
    const maps = withGrad(true, () => {
      const leaf = images.detach();
      leaf.requiresGrad = true;
      const { result, outputs } = captureOutput(layer, () => score(forward(leaf)));
      const activation = activationOf(outputs, pictures);
      if (result.size !== pictures) {
        throw new RangeError(
          `gradCam: the score has shape ${formatShape(result.shape)}; it should be one number for each of ${pictures} pictures.`,
        );
      }
      const [gradient] = result.requiresGrad ? grad([sum(result)], [activation]) : [];
      if (!gradient) throw new RangeError("gradCam: the score does not depend on the layer's output.");
      const weights = mean(gradient, [2, 3], true);
      return relu(sum(mul(weights.detach(), activation.detach()), 1));
    });
    return mapsOf(maps);
  }, images.gpu);
}

function activationOf(outputs: readonly unknown[], pictures: number): Tensor {
  const [output] = outputs;
  if (outputs.length !== 1) {
    throw new RangeError(
      `gradCam: the model passed through the layer ${outputs.length} times, where once is expected; choose a layer that its forward calls once.`,
    );
  }
  if (!(output instanceof Tensor)) throw new RangeError('gradCam: the layer returns no tensor.');
  if (output.rank !== 4 || output.shape[0] !== pictures) {
    throw new RangeError(
      `gradCam: the layer gives ${formatShape(output.shape)}; a map [${pictures}, channels, height, width] is needed.`,
    );
  }
  return output;
}

/**
 * The logit of one class for each picture.
 *
 * @throws RangeError when a class is not among the logits [N, classes]
 */
export function classScore(classes: readonly number[]): (logits: Tensor) => Tensor {
  return (logits) => {
    const [pictures, count] = logits.shape as [number, number];
    if (logits.rank !== 2 || classes.length !== pictures) {
      throw new RangeError(
        `classScore: ${classes.length} classes for logits of shape ${formatShape(logits.shape)}; it takes one for each row.`,
      );
    }
    const wrong = classes.find((index) => !(Number.isInteger(index) && index >= 0 && index < count));
    if (wrong !== undefined) throw new RangeError(`classScore: class ${wrong} is not among ${count}.`);
    const index = tensor(Int32Array.from(classes), [pictures, 1], { gpu: logits.gpu });
    return reshape(gather(logits, 1, index), [pictures]);
  };
}

/**
 * The cosine similarity of each picture's feature [N, C] to another picture's: what retrieval goes by.
 *
 * @param others features [N, C], one for each picture; no gradient flows to them
 */
export function similarityScore(others: Tensor): (features: Tensor) => Tensor {
  return (features) => {
    if (formatShape(features.shape) !== formatShape(others.shape)) {
      throw new RangeError(
        `similarityScore: features ${formatShape(features.shape)} and ${formatShape(others.shape)} should have one shape.`,
      );
    }
    return cosineSimilarity(features, others.detach());
  };
}
