import { type Gpu, type Tensor, tensor } from '../../engine/index.js';
import type { FeatureRows } from './distances.js';

/** Gives the rows `[first, first + count)` of a feature matrix, row-major. */
export type FeatureBlocks = (first: number, count: number) => Float32Array;

/** Some rows of a feature matrix, on the GPU. */
export interface FeaturePart {
  /** Number of its first row. */
  readonly start: number;
  readonly rows: number;
  /** `[rows, dimension]` */
  readonly features: Tensor;
}

/** Bytes and rows of a part: no adapter refuses it, and a product with it is large enough to be fast. */
const PART_BYTES = 16 * 2 ** 20;
const PART_ROWS = 4096;

/** Lengths are taken to be at least this. */
const SHORTEST = 1e-12;

/** Puts a feature matrix on the GPU, in parts that stay there until {@link releaseParts}. */
export async function uploadFeatures(
  gpu: Gpu,
  blocks: FeatureBlocks,
  total: number,
  dimension: number,
): Promise<FeaturePart[]> {
  const bytes = Math.min(PART_BYTES, gpu.limits.maxStorageBufferBindingSize);
  const most = Math.max(1, Math.min(PART_ROWS, Math.floor(bytes / (4 * dimension))));
  const parts: FeaturePart[] = [];
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    parts.push({ start, rows, features: tensor(blocks(start, rows), [rows, dimension], { gpu }).keep() });
    await gpu.flush(); // The copy that an upload holds can go before the next one is made.
  }
  return parts;
}

/** Gives the memory of all parts back. */
export function releaseParts(parts: readonly FeaturePart[]): void {
  for (const { features } of parts) features.storage.release();
}

/** The rows as they are, or with `unit` each over its length. */
export function featureBlocks({ data, dimension }: FeatureRows, unit: boolean): FeatureBlocks {
  return (first, count) => {
    const rows = data.subarray(first * dimension, (first + count) * dimension);
    if (!unit) return rows;
    const out = new Float32Array(rows.length);
    for (let start = 0; start < rows.length; start += dimension) {
      const scale = 1 / lengthOf(rows, start, dimension);
      for (let k = start; k < start + dimension; k++) out[k] = rows[k] * scale;
    }
    return out;
  };
}

/**
 * The rows less their mean, which leaves distances as they are but makes the products that they are computed from small: features
 * that all point the same way would lose digits. `lengths` are the squared lengths of what is given.
 */
export function centredBlocks(features: FeatureRows, unit: boolean): { blocks: FeatureBlocks; lengths: Float64Array } {
  const { data, dimension } = features;
  const total = data.length / dimension;
  const scales = Float64Array.from({ length: total }, (_, i) =>
    unit ? 1 / lengthOf(data, i * dimension, dimension) : 1,
  );
  const mean = new Float64Array(dimension);
  for (let i = 0; i < total; i++) {
    for (let k = 0; k < dimension; k++) mean[k] += data[i * dimension + k] * scales[i];
  }
  for (let k = 0; k < dimension; k++) mean[k] /= total;
  const blocks = (first: number, count: number) => {
    const out = new Float32Array(count * dimension);
    for (let i = 0; i < count; i++) {
      const start = (first + i) * dimension;
      for (let k = 0; k < dimension; k++) out[i * dimension + k] = data[start + k] * scales[first + i] - mean[k];
    }
    return out;
  };
  const lengths = Float64Array.from({ length: total }, (_, i) => lengthOf(blocks(i, 1), 0, dimension) ** 2);
  return { blocks, lengths };
}

function lengthOf(data: Float32Array, start: number, dimension: number): number {
  let sum = 0;
  for (let k = start; k < start + dimension; k++) sum += data[k] * data[k];
  return Math.max(Math.sqrt(sum), SHORTEST);
}
