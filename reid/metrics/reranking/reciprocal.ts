import type { NeighbourLists } from './neighbours.js';
import type { PointDistances } from './point-distances.js';
import { SparseBuilder, type SparseRows } from './sparse-rows.js';

/**
 * Which k-reciprocal encoding, by its options; the default is the authors' own code
 * (Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding", CVPR 2017).
 */
export interface EncodingOptions {
  /** Length of the neighbour lists that must be mutual. Default 20. */
  readonly k1?: number;
  /** Neighbours over which a point's vector is averaged; 1 for none. Default 6. */
  readonly k2?: number;
  /**
   * - `authors` (default): lists of k1 + 1 entries, the point included; distances over the row's largest
   * - `faiss`: lists of k1 entries, half lists of h + 1; distances as they are (SpCL, Cluster-Contrast, OpenUnReID, GCL,
   *   fast-reid). Meant for unit features
   */
  readonly form?: 'authors' | 'faiss';
  /** A list of k is k entries, the point included, instead of k + 1: another reading of the paper. Default false. */
  readonly exclusive?: boolean;
  /** The distances are squared once more, as where a caller hands squared ones to the authors' code. Default false. */
  readonly squaredTwice?: boolean;
}

/** The options complete, and the lengths of lists that follow. */
export interface Encoding {
  readonly k1: number;
  readonly k2: number;
  readonly form: 'authors' | 'faiss';
  readonly exclusive: boolean;
  readonly squaredTwice: boolean;
  /** Entries of N(i, k1) and N(i, k1/2), and how many a list must hold for all steps. */
  readonly full: number;
  readonly half: number;
  readonly listSize: number;
}

/** Checks the options; k1/2 is rounded half to even. */
export function encodingOf({
  k1 = 20,
  k2 = 6,
  form = 'authors',
  exclusive = false,
  squaredTwice = false,
}: EncodingOptions): Encoding {
  if (!Number.isInteger(k1) || k1 < 1 || !Number.isInteger(k2) || k2 < 1) {
    throw new RangeError(`re-ranking: k1 and k2 must be positive integers, got ${k1} and ${k2}`);
  }
  if (form === 'faiss' && squaredTwice) {
    throw new RangeError("re-ranking: the 'faiss' form takes distances as they are; squaredTwice belongs to 'authors'");
  }
  const h = roundHalfToEven(k1 / 2);
  const full = exclusive || form === 'faiss' ? k1 : k1 + 1;
  const half = exclusive ? h : h + 1;
  return { k1, k2, form, exclusive, squaredTwice, full, half, listSize: Math.max(full, half, k2) };
}

/** Rounds to the nearest whole number, halves to the even one, as NumPy does. */
export function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** E of a squared distance: how far it is for the encoding, given the row's largest. */
export function scaledDistance(squared: number, farthest: number, { form, squaredTwice }: Encoding): number {
  if (form === 'faiss') return squared;
  if (!(farthest > 0)) return 0;
  const share = squared / farthest;
  return squaredTwice ? share * share : share;
}

/**
 * The vectors V `[points, points]` whose rows describe a point by its k-reciprocal neighbours; each sums to 1.
 *
 * With N(i, k) the head of i's list and R(i, k) = { j ∈ N(i, k) : i ∈ N(j, k) }: R*(i) is R(i, k1) joined with each R(c, k1/2),
 * c ∈ R(i, k1), that shares more than ⅔ of itself with R(i, k1); V(i) is softmax(−E(i, ·)) over R*(i), and then its mean over
 * the first k2 entries of i's list.
 *
 * @param lists of at least `encoding.listSize` entries (or of all points)
 * @param between squared distances of pairs that the lists do not hold
 */
export function encodeReciprocal(
  lists: NeighbourLists,
  between: PointDistances['between'],
  encoding: Encoding,
): SparseRows {
  const { points, size } = lists;
  if (size < Math.min(encoding.listSize, points)) {
    throw new RangeError(`re-ranking: lists of ${size} entries are too short for ${encoding.listSize}`);
  }
  const sets = neighbourWeights(lists, between, encoding);
  return encoding.k2 === 1 ? sets : averageOver(sets, lists, Math.min(encoding.k2, size));
}

/** R(i, k) of all points: the entries of i's first `length` that hold i among theirs, in the order of the list. */
function reciprocalSets({ points, size, indices }: NeighbourLists, length: number): Int32Array[] {
  const k = Math.min(length, size);
  return Array.from({ length: points }, (_, i) =>
    indices.subarray(i * size, i * size + k).filter((j) => {
      for (let at = j * size; at < j * size + k; at++) if (indices[at] === i) return true;
      return false;
    }),
  );
}

/** Steps 4 and 5: softmax(−E) over R*. */
function neighbourWeights(lists: NeighbourLists, between: PointDistances['between'], encoding: Encoding): SparseRows {
  const { points, size, indices, distances, farthest } = lists;
  const fullSets = reciprocalSets(lists, encoding.full);
  const halfSets = reciprocalSets(lists, encoding.half);
  const out = new SparseBuilder(points, points);
  // Marks of row i are i + 1, so that they need no clearing.
  const inFull = new Int32Array(points);
  const inStar = new Int32Array(points);
  const listed = new Int32Array(points);
  for (let i = 0; i < points; i++) {
    const mark = i + 1;
    const star = Array.from(fullSets[i]);
    for (const j of star) {
      inFull[j] = mark;
      inStar[j] = mark;
    }
    for (const c of fullSets[i]) {
      const set = halfSets[c];
      let shared = 0;
      for (const j of set) if (inFull[j] === mark) shared++;
      if (3 * shared <= 2 * set.length) continue;
      for (const j of set) {
        if (inStar[j] === mark) continue;
        inStar[j] = mark;
        star.push(j);
      }
    }
    const known = new Map<number, number>();
    for (let at = i * size; at < (i + 1) * size; at++) {
      listed[indices[at]] = mark;
      if (inStar[indices[at]] === mark) known.set(indices[at], distances[at]);
    }
    const unknown = star.filter((j) => listed[j] !== mark);
    const found = between(i, unknown);
    unknown.forEach((j, k) => {
      known.set(j, found[k]);
    });
    pushSoftmax(out, star, (j) => scaledDistance(known.get(j)!, farthest[i], encoding));
  }
  return out.finish();
}

function pushSoftmax(out: SparseBuilder, set: readonly number[], distanceOf: (j: number) => number): void {
  const weights = set.map((j) => Math.exp(-distanceOf(j)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  set.forEach((j, k) => {
    out.push(j, weights[k] / total);
  });
  out.endRow();
}

/** Step 6: each row becomes the mean of the rows of the first k2 entries of its list. */
function averageOver(sets: SparseRows, { size, indices }: NeighbourLists, k2: number): SparseRows {
  const { rows, columns, offsets } = sets;
  const out = new SparseBuilder(rows, columns);
  const sums = new Float64Array(columns);
  const touched = new Int32Array(columns);
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let at = i * size; at < i * size + k2; at++) {
      const neighbour = indices[at];
      for (let k = offsets[neighbour]; k < offsets[neighbour + 1]; k++) {
        const column = sets.indices[k];
        if (sums[column] === 0) touched[count++] = column;
        sums[column] += sets.values[k];
      }
    }
    for (let k = 0; k < count; k++) {
      out.push(touched[k], sums[touched[k]] / k2);
      sums[touched[k]] = 0;
    }
    out.endRow();
  }
  return out.finish();
}
