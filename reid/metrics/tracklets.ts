import type { RandomStream } from '../../random/philox.js';
import { type FeatureRows, rowCount } from './distances.js';

/**
 * Which frames stand for a tracklet.
 *
 * - `evenly`: the first T·⌊L/T⌋ frames at stride ⌊L/T⌋; where L < T all frames, then the last repeated
 * - `all`: all of them
 * - `random`: T different ones in order; with repetition only where L < T
 */
export type FrameChoice = 'evenly' | 'all' | 'random';

/**
 * The numbers of the frames that are taken from a tracklet, ascending.
 *
 * @param length L, the tracklet's frames
 * @param count T, how many are wanted; `all` ignores it
 * @param random for `random`
 */
export function chooseFrames(length: number, count: number, choice: FrameChoice, random?: RandomStream): number[] {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`frames: a tracklet of ${length} frames`);
  const all = Array.from({ length }, (_, i) => i);
  if (choice === 'all') return all;
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`frames: ${count} frames are wanted`);
  if (choice === 'evenly') {
    const stride = Math.max(1, Math.floor(length / count));
    return Array.from({ length: count }, (_, i) => Math.min(i * stride, length - 1));
  }
  if (!random) throw new Error("frames: 'random' needs a stream of random numbers");
  const drawn =
    length < count ? Array.from({ length: count }, () => random.integer(length)) : random.shuffle(all).slice(0, count);
  return drawn.sort((a, b) => a - b);
}

/** How features of several pictures become one. */
export type Pooling = 'mean' | 'max';

/**
 * One feature for each group of rows: a tracklet's frames, an identity's pictures of a camera.
 *
 * @param groupOf the group of each row: 0 … groups − 1
 * @param unit divide each by its length after pooling; default true
 * @returns `[groups, dimension]`
 * @throws when a group has no rows
 */
export function poolFeatures(
  features: FeatureRows,
  groupOf: ArrayLike<number>,
  groups: number,
  pooling: Pooling = 'mean',
  unit = true,
): Float32Array {
  const { data, dimension } = features;
  const rows = rowCount('frame', features);
  if (groupOf.length !== rows) throw new Error(`pooling: ${groupOf.length} group numbers for ${rows} features`);
  const sums = new Float64Array(groups * dimension).fill(pooling === 'max' ? Number.NEGATIVE_INFINITY : 0);
  const counts = new Int32Array(groups);
  for (let i = 0; i < rows; i++) {
    const group = groupOf[i];
    if (!Number.isInteger(group) || group < 0 || group >= groups) {
      throw new RangeError(`pooling: feature ${i} belongs to group ${group}, of ${groups}`);
    }
    counts[group]++;
    for (let k = 0; k < dimension; k++) {
      const [at, value] = [group * dimension + k, data[i * dimension + k]];
      sums[at] = pooling === 'max' ? Math.max(sums[at], value) : sums[at] + value;
    }
  }
  const empty = counts.indexOf(0);
  if (empty >= 0) throw new Error(`pooling: group ${empty} has no features`);
  const out = new Float32Array(groups * dimension);
  for (let group = 0; group < groups; group++) {
    const pooled = sums.subarray(group * dimension, (group + 1) * dimension);
    let squares = 0;
    if (pooling === 'mean') for (let k = 0; k < dimension; k++) pooled[k] /= counts[group];
    for (let k = 0; k < dimension; k++) squares += pooled[k] * pooled[k];
    const length = unit ? Math.max(Math.sqrt(squares), 1e-12) : 1;
    for (let k = 0; k < dimension; k++) out[group * dimension + k] = pooled[k] / length;
  }
  return out;
}
