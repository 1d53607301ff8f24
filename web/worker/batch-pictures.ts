import type { LoaderState } from '../../datasets/index.js';
import { type BatchSource, trainingBatches } from '../../reid/training/batches.js';

/** A picture as the network was given it: cropped, mirrored, erased. */
export interface BatchPicture {
  readonly identity: string;
  readonly path: string;
  readonly bitmap: ImageBitmap;
}

/** Pictures shown of a batch. */
const SHOWN = 16;

/** The pictures of the batch at a position, made again: what a batch is depends on the seed and its number alone. */
export async function batchPictures(source: BatchSource, position: LoaderState): Promise<BatchPicture[]> {
  const batches = trainingBatches(source);
  batches.state = { epoch: position.epoch, batch: position.batch };
  try {
    for await (const { images, shape, indices } of batches) {
      const [height, width] = shape.slice(-2) as [number, number];
      const { mean, std } = source.recipe.input;
      const count = Math.min(indices.length, SHOWN);
      const pictures = [];
      for (let i = 0; i < count; i++) {
        const { identityName, path } = source.dataset.train[indices[i]!]!;
        const pixels = pixelsOf(images.subarray(3 * height * width * i, 3 * height * width * (i + 1)), mean!, std!);
        const bitmap = await createImageBitmap(new ImageData(pixels, width, height));
        pictures.push({ identity: identityName, path, bitmap });
      }
      return pictures;
    }
    return [];
  } finally {
    await batches.close();
  }
}

/** Normalised planes [3, H, W] as the pixels of a canvas. */
function pixelsOf(
  planes: Float32Array,
  mean: readonly number[],
  std: readonly number[],
): Uint8ClampedArray<ArrayBuffer> {
  const area = planes.length / 3;
  const out = new Uint8ClampedArray(4 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) out[4 * i + c] = 255 * (planes[c * area + i]! * std[c]! + mean[c]!);
    out[4 * i + 3] = 255;
  }
  return out;
}
