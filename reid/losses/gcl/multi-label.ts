import { add, mul, rsub } from '../../../engine/ops/arithmetic.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { topk } from '../../../engine/ops/sort.js';
import { sum } from '../../../engine/ops/sum.js';
import { addScalar, mulScalar, square } from '../../../engine/ops/unary.js';
import { transpose } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Which rows of a memory show the person of each picture of a batch, as weights for {@link multiLabelLoss}. */
export interface MultiLabels {
  /** [B, N]: 1 / number of positives where a row is one, else 0. */
  readonly positives: Float32Array;
  /** [B, N]: 4 where a row is a positive, else 0: takes it out of the hardest negatives, since scores lie in −1 … 1. */
  readonly apart: Float32Array;
  /** [B, K]: 1 / number of hard negatives for as many as there are, else 0. */
  readonly hard: Float32Array;
  /** K: the most hard negatives of any picture. */
  readonly most: number;
}

/** Takes a positive's score below every negative's. */
const APART = 4;

/**
 * Writes positives as weights.
 *
 * @param positives rows of each picture
 * @param share r: of the negatives, how many count; at least one does
 */
export function multiLabelWeights(positives: readonly (readonly number[])[], rows: number, share: number): MultiLabels {
  const batch = positives.length;
  const most = Math.max(1, Math.floor(share * (rows - 1)));
  const weights = new Float32Array(batch * rows);
  const apart = new Float32Array(batch * rows);
  const hard = new Float32Array(batch * most);
  for (const [b, list] of positives.entries()) {
    for (const row of list) {
      weights[b * rows + row] = 1 / list.length;
      apart[b * rows + row] = APART;
    }
    const negatives = rows - list.length;
    const count = Math.min(most, negatives, Math.max(1, Math.floor(share * negatives)));
    hard.fill(1 / count, b * most, b * most + count);
  }
  return { positives: weights, apart, hard, most };
}

/**
 * The memory-based multi-label loss (Wang and Zhang, "Unsupervised person re-identification via multi-label classification", CVPR 2020):
 * δ · mean over positives of (1 − s)² + mean over the hardest negatives of (1 + s)², averaged over the batch.
 *
 * @param features [B, D], rows of length 1
 * @param memory [N, D]: a constant
 * @param weights as {@link multiLabelWeights} gives them: [B, N], [B, N] and [B, K]
 */
export function multiLabelLoss(
  features: Tensor,
  memory: Tensor,
  weights: { readonly positives: Tensor; readonly apart: Tensor; readonly hard: Tensor },
  delta = 5,
): Tensor {
  const scores = matmul(features, transpose(memory.detach()));
  const near = sum(mul(square(rsub(scores, 1)), weights.positives));
  const { values } = topk(add(scores, mulScalar(weights.apart, -1)), weights.hard.shape[1]!);
  const far = sum(mul(square(addScalar(values, 1)), weights.hard));
  return mulScalar(add(mulScalar(near, delta), far), 1 / features.shape[0]!);
}

/** Scores of some rows of a memory with all of it, one after the other: [rows.length, N]. */
export type RowScores = (rows: readonly number[]) => Promise<Float32Array>;

/** Candidates that are looked at, at least. */
const LEAST = 10;

/**
 * Predicts multi-labels from a memory: of the rows most like a picture's own, the first ones that find it among as many.
 *
 * @param targets rows of the pictures
 * @param count rows of the memory
 * @param threshold t: a row is like another from this score on
 * @returns the positives of each picture, itself among them
 */
export async function predictMultiLabels(
  targets: readonly number[],
  count: number,
  scoresOf: RowScores,
  threshold: number,
): Promise<number[][]> {
  const scores = await scoresOf(targets);
  const candidates = targets.map((_, b) => {
    const row = scores.subarray(b * count, (b + 1) * count);
    const order = Array.from({ length: count }, (__, i) => i).sort((i, j) => row[j]! - row[i]! || i - j);
    const alike = row.reduce((n, score) => n + Number(score > threshold), 0);
    return { alike, order: order.slice(0, Math.min(count, Math.max(alike, LEAST))) };
  });
  const needed = [...new Set(candidates.flatMap(({ order }) => order))];
  const place = new Map(needed.map((row, i) => [row, i]));
  const theirs = await scoresOf(needed);
  return candidates.map(({ alike, order }, b) => {
    const first = order[0]!;
    let step = 1;
    for (const [j, row] of order.entries()) {
      const at = place.get(row)! * count;
      if (rankOf(theirs.subarray(at, at + count), first) > order.length) break;
      step = Math.max(step, j);
    }
    return [...new Set([...order.slice(0, Math.min(step + 1, alike)), targets[b]!])].sort((i, j) => i - j);
  });
}

/** How many stand before one of a row's scores when they are sorted from the largest. */
function rankOf(row: Float32Array, index: number): number {
  const score = row[index]!;
  let before = 0;
  for (let i = 0; i < row.length; i++) if (row[i]! > score || (row[i] === score && i < index)) before++;
  return before;
}
