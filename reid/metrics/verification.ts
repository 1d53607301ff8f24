import { DistanceCounts } from './distance-counts.js';
import { equalDensity, type PairHistogram, pairHistogram } from './pair-histogram.js';

/** Rate of true acceptances where at most a share `far` of impostor pairs is accepted. */
export interface TarAtFar {
  readonly far: number;
  /** `null` where there are too few impostor pairs to tell. */
  readonly tar: number | null;
  /** Pairs up to this distance are accepted; `null` where none may be. */
  readonly threshold: number | null;
  /** How many impostor pairs the value needs, where there are fewer; else `null`. */
  readonly needs: number | null;
}

/** What the distances of pairs say, whatever the ranks. Thresholds are distances: name the kind beside them. */
export interface Verification {
  readonly genuinePairs: number;
  readonly impostorPairs: number;
  /** Probability that a genuine pair is nearer than an impostor pair; a tie counts half. */
  readonly auc: number;
  /** Where FAR = 1 − TAR, linear between neighbouring points. */
  readonly eer: { readonly rate: number; readonly threshold: number };
  /** Verification convention: genuine is positive. FAR = FPR is the share of impostor pairs that is accepted, TAR = TPR of genuine ones. */
  readonly tarAtFar: readonly TarAtFar[];
  /**
   * fast-reid's `TPR@FPR`: impostor is positive, the score is the distance, and the point of scikit-learn's curve nearest to x
   * by |FPR − x| is taken. No TAR@FAR.
   */
  readonly impostorTprAtFpr: readonly { readonly fpr: number; readonly tpr: number }[];
  readonly histogram: PairHistogram;
  /** A suggested threshold: where both kinds of pairs are equally dense; `null` where that is nowhere between them. */
  readonly equalDensity: number | null;
}

export interface VerificationOptions {
  /** Default 0.0001, 0.001, 0.01, 0.1. */
  readonly rates?: readonly number[];
  /** Bins of the histogram. Default 100. */
  readonly bins?: number;
}

/**
 * ROC figures over all pairs, exact: every distinct distance is a point of the curve.
 *
 * @throws when there are no genuine or no impostor pairs, or a rate does not lie in (0, 1)
 */
export function verification(
  genuine: DistanceCounts,
  impostor: DistanceCounts,
  { rates = [1e-4, 1e-3, 1e-2, 1e-1], bins = 100 }: VerificationOptions = {},
): Verification {
  const [genuinePairs, impostorPairs] = [genuine.total, impostor.total];
  if (genuinePairs === 0 || impostorPairs === 0) {
    throw new Error(`verification: ${genuinePairs} genuine and ${impostorPairs} impostor pairs; it needs both`);
  }
  checkRates('verification', rates);
  const tar = rates.map((far) => ({ far, tar: 0, threshold: null as number | null }));
  const nearest = new NearestPoints(rates, genuinePairs, impostorPairs);
  let eer: Verification['eer'] | undefined;
  let [accepted, wrongly, halves] = [0, 0, 0];
  let before: { far: number; frr: number; threshold: number } | undefined;
  DistanceCounts.ascending(genuine, impostor, (distance, g, i) => {
    nearest.see(genuinePairs - accepted, impostorPairs - wrongly, g, i);
    halves += i * (2 * accepted + g);
    accepted += g;
    wrongly += i;
    const point = { far: wrongly / impostorPairs, frr: 1 - accepted / genuinePairs, threshold: distance };
    for (const entry of tar) {
      if (point.far > entry.far) continue;
      entry.tar = accepted / genuinePairs;
      entry.threshold = distance;
    }
    if (!eer && point.far >= point.frr) eer = crossing(before ?? { far: 0, frr: 1, threshold: distance }, point);
    before = point;
  });
  const histogram = pairHistogram(genuine, impostor, bins);
  return {
    genuinePairs,
    impostorPairs,
    auc: halves / 2 / genuinePairs / impostorPairs,
    eer: eer!,
    tarAtFar: tar.map((entry) =>
      entry.far * impostorPairs < 1
        ? { far: entry.far, tar: null, threshold: null, needs: Math.ceil(1 / entry.far) }
        : { ...entry, needs: null },
    ),
    impostorTprAtFpr: nearest.points(),
    histogram,
    equalDensity: equalDensity(histogram),
  };
}

/** Throws unless all rates lie in (0, 1). */
export function checkRates(who: string, rates: readonly number[]): void {
  const bad = rates.find((rate) => !(rate > 0 && rate < 1));
  if (bad !== undefined) throw new RangeError(`${who}: rates must lie between 0 and 1, got ${bad}`);
}

interface Point {
  readonly far: number;
  readonly frr: number;
  readonly threshold: number;
}

/** Where FAR = FRR on the line from a to b. */
function crossing(a: Point, b: Point): { rate: number; threshold: number } {
  const closing = b.far - a.far + (a.frr - b.frr);
  const t = closing > 0 ? (a.frr - a.far) / closing : 0;
  return { rate: a.far + t * (b.far - a.far), threshold: a.threshold + t * (b.threshold - a.threshold) };
}

/**
 * The points of the impostor-positive curve nearest to some rates. The curve starts at (0, 0) and descends through the distances;
 * where it goes on by the same step as before, scikit-learn drops the point between; of equally near points the first is taken.
 * Points are seen by ascending distance, so here it is the last.
 */
class NearestPoints {
  readonly #rates: readonly number[];
  readonly #genuine: number;
  readonly #impostor: number;
  readonly #best: { gap: number; tpr: number }[];
  /** The step that was seen before; the point of the smallest distance, which ends the curve, is never dropped. */
  #step: readonly [number, number] = [-1, -1];
  #seen = 0;

  constructor(rates: readonly number[], genuine: number, impostor: number) {
    this.#rates = rates;
    this.#genuine = genuine;
    this.#impostor = impostor;
    this.#best = rates.map(() => ({ gap: Number.POSITIVE_INFINITY, tpr: 0 }));
  }

  /** A distance that `g` genuine and `i` impostor pairs have, and how many pairs of either kind are not below it. */
  see(genuineLeft: number, impostorLeft: number, g: number, i: number): void {
    const isLast = genuineLeft === g && impostorLeft === i;
    const dropped = this.#seen++ > 0 && !isLast && this.#step[0] === g && this.#step[1] === i;
    this.#step = [g, i];
    if (!dropped) this.#take(genuineLeft / this.#genuine, impostorLeft / this.#impostor);
  }

  #take(fpr: number, tpr: number): void {
    for (const [k, rate] of this.#rates.entries()) {
      const gap = Math.abs(fpr - rate);
      if (gap <= this.#best[k].gap) this.#best[k] = { gap, tpr };
    }
  }

  points(): { fpr: number; tpr: number }[] {
    this.#take(0, 0);
    return this.#rates.map((fpr, k) => ({ fpr, tpr: this.#best[k].tpr }));
  }
}
