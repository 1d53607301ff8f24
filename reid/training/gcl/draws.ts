import { RandomStream } from '../../../random/philox.js';

/** A number of the gamma distribution of shape α (Marsaglia and Tsang, 2000). */
function gamma(random: RandomStream, alpha: number): number {
  if (alpha < 1) return gamma(random, alpha + 1) * (1 - random.uniform()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A blend's share of the picture itself: Beta(α, α), at least a half; and a partner for each picture of the batch. */
export function drawMix(
  random: RandomStream,
  alpha: number,
  batch: number,
): { readonly share: number; readonly partner: Int32Array } {
  const [a, b] = [gamma(random, alpha), gamma(random, alpha)];
  const share = a + b > 0 ? a / (a + b) : 0.5;
  const partner = random.shuffle(Array.from({ length: batch }, (_, i) => i));
  return { share: Math.max(share, 1 - share), partner: Int32Array.from(partner) };
}

/** Rows of the memory for a batch, as the loss wants them. */
export interface DrawnRows {
  readonly positiveOfView: Int32Array;
  readonly positiveOfPhoto: Int32Array;
  /** [B, K] */
  readonly negatives: Int32Array;
}

/** Draws positives and negatives of pictures by the clusters of an epoch. */
export class RowDraws {
  readonly #labels: Int32Array;
  readonly #members = new Map<number, number[]>();
  /** K: negatives of each picture, as many as every cluster leaves. */
  readonly negatives: number;

  /** @param labels the cluster of each row, −1 for none: those rows are negatives of all */
  constructor(labels: Int32Array, most: number) {
    this.#labels = labels;
    for (const [row, label] of labels.entries()) {
      if (label < 0) continue;
      const list = this.#members.get(label);
      if (list) list.push(row);
      else this.#members.set(label, [row]);
    }
    const largest = [...this.#members.values()].reduce((n, { length }) => Math.max(n, length), 0);
    this.negatives = Math.min(most, labels.length - largest);
  }

  /** @param rows of clustered pictures */
  draw(random: RandomStream, rows: Int32Array): DrawnRows {
    const k = this.negatives;
    const positive = () => Int32Array.from(rows, (row) => random.choice(this.#members.get(this.#labels[row]!)!));
    const positiveOfView = positive();
    const positiveOfPhoto = positive();
    const negatives = new Int32Array(rows.length * k);
    for (const [b, row] of rows.entries()) negatives.set(this.#others(random, this.#labels[row]!, k), b * k);
    return { positiveOfView, positiveOfPhoto, negatives };
  }

  /** k rows of other clusters and of none, without replacement. */
  #others(random: RandomStream, label: number, k: number): Int32Array {
    const all = new Int32Array(this.#labels.length);
    let count = 0;
    for (const [row, other] of this.#labels.entries()) if (other !== label) all[count++] = row;
    for (let i = 0; i < k; i++) {
      const j = i + random.integer(count - i);
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    return all.subarray(0, k);
  }
}

/** The stream of a batch's draws: a function of its place in the run alone. */
export const batchStream = (seed: number, purpose: string, epoch: number, index: number): RandomStream =>
  new RandomStream(seed, purpose, epoch * 2 ** 24 + index);
