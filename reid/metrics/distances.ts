/** How far two features are apart; see {@link distanceRows} for the formulas. */
export type DistanceKind = 'euclidean' | 'sqeuclidean' | 'cosine';

/** Feature vectors, one a row: `data` is `[count, dimension]`, row-major. */
export interface FeatureRows {
  readonly data: Float32Array;
  readonly dimension: number;
}

/** Norms are floored here, so that a zero vector has cosine distance 1 to everything. */
const NORM_FLOOR = 1e-12;

/**
 * Distances of all queries to all gallery features on the CPU: the reference that GPU kernels are tested against.
 *
 * @returns `[queries, gallery]`, computed in float64 and rounded once to float32
 * @throws when the two dimensions differ or a data length is no multiple of its dimension
 */
export function distanceMatrix(kind: DistanceKind, query: FeatureRows, gallery: FeatureRows): Float32Array {
  return distanceRows(kind, query, gallery)(0, query.data.length / query.dimension);
}

/**
 * The same distances a block of queries at a time: the function that is returned gives rows `[first, first + count)` as
 * `[count, gallery]`, so that a whole matrix need never be in memory.
 *
 * - `euclidean` √Σ(q−g)²
 * - `sqeuclidean` Σ(q−g)²
 * - `cosine` 1 − q·g / (max(‖q‖, 1e−12)·max(‖g‖, 1e−12))
 *
 * On unit vectors sqeuclidean = 2·cosine, so all three rank alike.
 *
 * @example
 * const rows = distanceRows('cosine', { data: q, dimension: 512 }, { data: g, dimension: 512 });
 * await evaluateRankingByRows(rows, queryLabels, galleryLabels);
 *
 * @throws when the two dimensions differ or a data length is no multiple of its dimension
 */
export function distanceRows(
  kind: DistanceKind,
  query: FeatureRows,
  gallery: FeatureRows,
): (first: number, count: number) => Float32Array {
  const { queries: m, gallery: n } = checkFeatures(query, gallery);
  const { dimension } = query;
  const queryNorms = kind === 'cosine' ? norms(query, m) : undefined;
  const galleryNorms = kind === 'cosine' ? norms(gallery, n) : undefined;
  return (first, count) => {
    if (first < 0 || count < 0 || first + count > m) {
      throw new RangeError(`distances: rows ${first} to ${first + count} of ${m} were asked for`);
    }
    const out = new Float32Array(count * n);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < n; j++) {
        const a = (first + i) * dimension;
        const b = j * dimension;
        if (queryNorms && galleryNorms) {
          out[i * n + j] =
            1 - dot(query.data, a, gallery.data, b, dimension) / (queryNorms[first + i] * galleryNorms[j]);
        } else {
          const squared = squaredDifference(query.data, a, gallery.data, b, dimension);
          out[i * n + j] = kind === 'euclidean' ? Math.sqrt(squared) : squared;
        }
      }
    }
    return out;
  };
}

/** How many rows both sides have; throws as {@link distanceRows}. */
export function checkFeatures(query: FeatureRows, gallery: FeatureRows): { queries: number; gallery: number } {
  const queries = rowCount('query', query);
  const count = rowCount('gallery', gallery);
  if (query.dimension !== gallery.dimension) {
    throw new Error(`distances: query features have ${query.dimension} values, gallery features ${gallery.dimension}`);
  }
  return { queries, gallery: count };
}

/**
 * Throws when a feature is not a finite number, naming its row: on a GPU it might pass for a distance.
 *
 * @param nameOf what a row is called; default: its number
 */
export function checkFinite(
  side: string,
  { data, dimension }: FeatureRows,
  nameOf: (row: number) => string = String,
): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const [row, column] = [Math.floor(i / dimension), i % dimension];
    throw new Error(
      `distances: the feature of ${side} ${nameOf(row)} is ${data[i]} at ${column}; the model is broken, or the file`,
    );
  }
}

/** How many rows a feature matrix has; throws when its length is no multiple of its dimension. */
export function rowCount(side: string, { data, dimension }: FeatureRows): number {
  if (!Number.isInteger(dimension) || dimension < 1 || data.length % dimension !== 0) {
    throw new Error(`distances: ${data.length} ${side} values are no rows of ${dimension}`);
  }
  return data.length / dimension;
}

function norms({ data, dimension }: FeatureRows, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.max(Math.sqrt(dot(data, i * dimension, data, i * dimension, dimension)), NORM_FLOOR),
  );
}

function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += a[aStart + k] * b[bStart + k];
  return sum;
}

function squaredDifference(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const difference = a[aStart + k] - b[bStart + k];
    sum += difference * difference;
  }
  return sum;
}
