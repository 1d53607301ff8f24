import { type Gpu, scope, type Tensor, tensor } from '../../engine/index.js';
import { rsub } from '../../engine/ops/arithmetic.js';
import { euclidean, squaredEuclidean } from '../../engine/ops/distance.js';
import { matmul } from '../../engine/ops/matmul.js';
import { transpose } from '../../engine/ops/view.js';
import type { DistanceRows } from './distance-rows.js';
import { checkFeatures, checkFinite, type DistanceKind, type FeatureRows } from './distances.js';
import { featureBlocks, releaseParts, uploadFeatures } from './gpu-features.js';

/** Distances that the GPU computes when they are asked for. */
export interface GpuDistances {
  readonly rows: DistanceRows;
  /** Queries to ask for at a time: about 32 MiB of distances. */
  readonly blockRows: number;
  /** Gives the gallery's memory back; no more rows can be asked for. */
  release(): void;
}

/** Numbers of a query block's distances, or features, that are held at a time. */
const BLOCK = 8 * 2 ** 20;

const DISTANCES: Readonly<Record<DistanceKind, (x: Tensor, y: Tensor) => Tensor>> = {
  euclidean,
  sqeuclidean: squaredEuclidean,
  cosine: (x, y) => rsub(matmul(x, transpose(y)), 1),
};

/**
 * The distances of {@link distanceRows} on the GPU, in float32. The gallery is uploaded once, in parts; a block of queries is
 * compared with one part after the other, so neither the whole matrix nor a tensor beyond the adapter's limit is ever held.
 *
 * @throws when the two dimensions differ, a data length is no multiple of its dimension, or a feature is not finite
 */
export async function gpuDistances(
  gpu: Gpu,
  kind: DistanceKind,
  query: FeatureRows,
  gallery: FeatureRows,
  { nameQuery, nameGallery }: { nameQuery?: (row: number) => string; nameGallery?: (row: number) => string } = {},
): Promise<GpuDistances> {
  const { gallery: total } = checkFeatures(query, gallery);
  checkFinite('query', query, nameQuery);
  checkFinite('gallery item', gallery, nameGallery);
  const { dimension } = query;
  const unit = kind === 'cosine';
  const distance = DISTANCES[kind];
  const parts = await uploadFeatures(gpu, featureBlocks(gallery, unit), total, dimension);
  const blocks = featureBlocks(query, unit);
  const rows = async (first: number, count: number) => {
    const out = new Float32Array(count * total);
    await scope(async () => {
      const block = tensor(blocks(first, count), [count, dimension], { gpu });
      for (const part of parts) {
        const piece = await scope(() => distance(block, part.features).read(), gpu);
        for (let i = 0; i < count; i++) {
          out.set(piece.subarray(i * part.rows, (i + 1) * part.rows), i * total + part.start);
        }
      }
    }, gpu);
    return out;
  };
  const blockRows = Math.max(1, Math.floor(BLOCK / Math.max(total, dimension)));
  return { rows, blockRows, release: () => releaseParts(parts) };
}
