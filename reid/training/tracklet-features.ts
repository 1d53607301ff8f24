import { ClipLoader, groupTracklets, type ImageRecord, type Tracklet, testTransform } from '../../datasets/index.js';
import { noGrad, scope, tensor } from '../../engine/index.js';
import { type Pooling, poolFeatures } from '../metrics/tracklets.js';
import type { ClipSpec } from '../recipes/recipe.js';
import { type ExtractOptions, type FeatureModel, type Features, featuresOf, needFinite } from './features.js';
import type { RetrievalSide } from './retrieval.js';

/** The picture that stands for a tracklet in lists of ranks: its middle frame. */
const middleFrame = ({ frames }: Tracklet): ImageRecord => frames[Math.floor(frames.length / 2)]!;

/** The tracklets of some frames, each as its middle frame. */
export const trackletsShown = (records: readonly ImageRecord[]): ImageRecord[] =>
  groupTracklets(records).map(middleFrame);

export interface TrackletOptions extends Omit<ExtractOptions, 'mirrored'> {
  readonly clips: ClipSpec;
  /** A tracklet's clips go through the model by themselves, because features depend on the clips beside them. */
  readonly alone: boolean;
}

/**
 * The features of tracklets: each the mean of those of its clips. With the recipe's `evaluation.flip` a clip's feature is the sum of its
 * own and its mirror image's, at length 1. Pictures that belong to no tracklet are tracklets of one frame, and a clip of a tracklet
 * that is too short repeats its frames.
 *
 * @returns a row for each tracklet, in the order of their first frames
 * @throws DatasetError when frames of a tracklet show two identities; DivergedError naming a frame when a feature is not finite
 */
export async function extractTrackletFeatures(
  model: FeatureModel,
  records: readonly ImageRecord[],
  { gpu, dataset, recipe, store, progress, clips, alone }: TrackletOptions,
): Promise<RetrievalSide> {
  const { frames, mode, most } = clips;
  const batch = alone ? undefined : Math.max(1, Math.floor(recipe.evaluation.batch / frames));
  const loader = new ClipLoader(dataset, records, {
    frames,
    clips: { mode, most, batch },
    transform: testTransform(recipe.input),
    store,
  });
  const { tracklets } = loader;
  const counts = new Int32Array(tracklets.length);
  let sums = new Float64Array(0);
  let dimension = 0;
  try {
    for await (const { images, shape, tracklets: owners, index, count } of loader) {
      const rows = await scope(
        () =>
          noGrad(async () => {
            const features = featuresOf(model, tensor(images, shape, { gpu }), { recipe, mirrored: 'unit' });
            dimension = features.shape[1]!;
            return (await features.read()) as Float32Array;
          }),
        gpu,
      );
      needFinite(rows, (at) => tracklets[owners[Math.floor(at / dimension)]!]!.frames[0]!.path);
      if (sums.length === 0) sums = new Float64Array(tracklets.length * dimension);
      owners.forEach((owner, row) => {
        counts[owner]!++;
        for (let k = 0; k < dimension; k++) sums[owner * dimension + k]! += rows[row * dimension + k]!;
      });
      progress?.update(index + 1, count);
    }
  } finally {
    await loader.close();
  }
  const data = Float32Array.from(sums, (sum, at) => sum / counts[Math.floor(at / dimension)]!);
  return { records: tracklets.map(middleFrame), features: { data, count: tracklets.length, dimension } };
}

/** One feature for each tracklet from those of its frames. */
export function pooledTracklets(
  { records, features }: RetrievalSide,
  pooling: Pooling = 'mean',
  unit = true,
): RetrievalSide {
  const tracklets = groupTracklets(records);
  const owners = new Int32Array(records.length);
  tracklets.forEach(({ positions }, tracklet) => {
    for (const position of positions) owners[position] = tracklet;
  });
  const data = poolFeatures(features, owners, tracklets.length, pooling, unit);
  const pooled: Features = { data, count: tracklets.length, dimension: features.dimension };
  return { records: tracklets.map(middleFrame), features: pooled };
}
