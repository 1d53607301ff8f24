import { type Shape, type Tensor, uniform } from '../../../engine/index.js';
import { type Expected, type Reference, samplePositions } from '../sampled.js';

/** One result that is compared. */
export interface Result {
  /** That of the measured case, and behind ': ' which of its results, where there are several. */
  readonly name: string;
  readonly work: () => Tensor;
  readonly expected: () => Expected;
}

/** Results that share their inputs. */
export interface CheckSet {
  readonly name: string;
  /** Whether its kernels come in one text for each way of sharing rows. */
  readonly shares: boolean;
  /** Makes the inputs, on both sides. */
  readonly make: () => Promise<readonly Result[]>;
}

/** A tensor and its elements. */
export interface Both {
  readonly t: Tensor;
  readonly data: Float32Array;
}

const both = async (t: Tensor, requiresGrad: boolean): Promise<Both> => {
  t.requiresGrad = requiresGrad;
  return { t, data: (await t.read()) as Float32Array };
};

/** Numbers in [−1, 1), made on the GPU and read back. */
export const numbers = (shape: Shape, requiresGrad = false): Promise<Both> => both(uniform(shape, -1, 1), requiresGrad);

/** A result whose elements are `at`. */
export function result(
  name: string,
  work: () => Tensor,
  [size, cost, tolerance]: readonly [size: number, cost: number, tolerance: number],
  at: Reference,
  positions?: Expected['positions'],
): Result {
  return { name, work, expected: () => ({ at, size, cost, tolerance, positions }) };
}

/** Some of `n`: the first, the last, and others between. */
const someOf = (n: number, most: number): number[] => samplePositions(n, Math.min(n, most));

/** Positions within a few of the sets of [outer, sets, inner]: what a set shares is dear and computed once. */
export function withinSets(outer: number, sets: number, inner: number, most: number): Expected['positions'] {
  const chosen = someOf(sets, most);
  return (count) =>
    samplePositions(outer * chosen.length * inner, Math.min(count, outer * chosen.length * inner)).map((v) => {
      const [i, k] = [v % inner, Math.floor(v / inner) % chosen.length];
      return (Math.floor(v / (inner * chosen.length)) * sets + chosen[k]!) * inner + i;
    });
}
