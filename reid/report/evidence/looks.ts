import {
  type Image,
  type ImageRecord,
  Loader,
  type ReidDataset,
  resizeBilinear,
  sequentialSampler,
  type TransformConfig,
  testTransform,
} from '../../../datasets/index.js';
import { type Gpu, scope, type Tensor, tensor } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import type { EvaluationReport } from '../../metrics/report.js';
import { type HeatMap, type HeatRange, overlayHeatmap } from '../drawing/heatmap.js';
import { type EmbeddedPicture, embed } from '../page/picture.js';

/** A model that looks at pictures. */
export interface LookingModel extends Module {
  /** Images [N, 3, H, W] → what retrieval compares [N, C]. */
  forward(images: Tensor): Tensor;
}

/** What a look is taken of. */
export interface LookOptions {
  readonly gpu: Gpu;
  readonly model: LookingModel;
  readonly dataset: ReidDataset;
  readonly report: EvaluationReport;
  /** Size and statistics of the network's input, as the recipe has them. */
  readonly input: Pick<TransformConfig, 'height' | 'width' | 'mean' | 'std' | 'resize'>;
  /** Queries shown. Default 6. */
  readonly count?: number;
}

/** Pictures that pass through the model at a time: gradients keep every inner map. */
const BATCH = 4;
/** Width of a picture in the page. */
const WIDTH = 112;

/**
 * Shows the network input of records to `look`, some at a time, each time in a scope of its own.
 *
 * @param look gets images [N, 3, H, W] and their positions in the list of records
 */
export async function lookAt(
  { gpu, dataset, input }: Pick<LookOptions, 'gpu' | 'dataset' | 'input'>,
  records: readonly ImageRecord[],
  look: (images: Tensor, indices: readonly number[]) => Promise<void>,
): Promise<void> {
  const loader = new Loader(dataset, records, {
    sampler: sequentialSampler(records.length, BATCH),
    transform: testTransform({ ...input }),
    workers: 0,
  });
  try {
    for await (const { images, shape, indices } of loader) {
      await scope(() => look(tensor(images, shape, { gpu }), Array.from(indices)), gpu);
    }
  } finally {
    await loader.close();
  }
}

/** Runs `work` with the model in eval mode. */
export async function inEvalMode<T>(model: Module, work: () => Promise<T>): Promise<T> {
  const wasTraining = model.training;
  model.eval();
  try {
    return await work();
  } finally {
    model.train(wasTraining);
  }
}

/** A picture in the proportions of the network's input, so that maps and pictures cover each other. */
export async function pictureOf(
  { dataset, input }: Pick<LookOptions, 'dataset' | 'input'>,
  record: ImageRecord,
): Promise<Image> {
  return resizeBilinear(await dataset.read(record), WIDTH, Math.round((WIDTH * input.height) / input.width));
}

/** A picture of a page. */
export const embedded = (picture: Image, alt: string): Promise<EmbeddedPicture> =>
  embed(picture, alt, { maxWidth: WIDTH });

/** A picture of a page, with a map over it. */
export const overlaid = (picture: Image, map: HeatMap, range: HeatRange, alt: string): Promise<EmbeddedPicture> =>
  embedded(overlayHeatmap(picture, map, { range }), alt);
