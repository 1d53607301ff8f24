import { type Contingency, contingency } from './contingency.js';

/** How well clusters agree with true groups. Logarithms are natural. */
export interface ClusterScores {
  readonly points: number;
  /** Groups there truly are, and clusters. */
  readonly classes: number;
  readonly clusters: number;
  readonly mutualInformation: number;
  /** Mutual information over the arithmetic or the geometric mean of both entropies. */
  readonly nmi: number;
  readonly nmiGeometric: number;
  /** NMI (arithmetic) less what chance gives, by the hypergeometric model. */
  readonly ami: number;
  /** Share of pairs that both treat alike, and that less what chance gives. */
  readonly rand: number;
  readonly ari: number;
  readonly homogeneity: number;
  readonly completeness: number;
  readonly vMeasure: number;
  /** Of pairs in one cluster: how many are of one class, how many of those there are, and their means. */
  readonly pairPrecision: number;
  readonly pairRecall: number;
  readonly pairF: number;
  readonly fowlkesMallows: number;
  /** Share of points that are of their cluster's largest class; of their class's largest cluster. */
  readonly purity: number;
  readonly inversePurity: number;
  readonly bcubedPrecision: number;
  readonly bcubedRecall: number;
  readonly bcubedF: number;
}

/**
 * Compares clusters with true groups. Every label is one group: outliers (−1) are to be made singletons
 * ({@link outliersApart}) or left out beforehand.
 *
 * Where entropy is 0 a ratio by it is 1; groups that are the same in both, however they are called, score 1 everywhere but in
 * figures of pairs when there is none.
 *
 * @throws when the two are not of the same length, or empty
 */
export function clusterScores(truth: ArrayLike<number>, predicted: ArrayLike<number>): ClusterScores {
  const table = contingency(truth, predicted);
  const { points, classSizes, clusterSizes } = table;
  const information = informationScores(table);
  return {
    points,
    classes: classSizes.length,
    clusters: clusterSizes.length,
    ...information,
    ...pairScores(table),
    ...shares(table),
  };
}

/** The labels with each outlier (−1, or any label below 0) in a cluster of its own. */
export function outliersApart(labels: ArrayLike<number>): Int32Array {
  let next = 0;
  for (let i = 0; i < labels.length; i++) next = Math.max(next, labels[i] + 1);
  return Int32Array.from(labels, (label) => (label < 0 ? next++ : label));
}

const harmonic = (a: number, b: number): number => (a + b === 0 ? 0 : (2 * a * b) / (a + b));

function entropyOf(sizes: Int32Array, points: number): number {
  if (sizes.length === 1) return 0;
  return -sizes.reduce((sum, size) => sum + (size / points) * Math.log(size / points), 0);
}

function informationScores(table: Contingency) {
  const { points, classSizes, clusterSizes, cells } = table;
  let mutual = 0;
  for (const { row, column, count } of cells) {
    mutual += (count / points) * Math.log((points * count) / (classSizes[row] * clusterSizes[column]));
  }
  // Rounding may leave it a little below 0, which is what it is of independent groups.
  const mutualInformation = Math.abs(mutual) <= 1e-15 ? 0 : Math.max(0, mutual);
  const [ofClasses, ofClusters] = [entropyOf(classSizes, points), entropyOf(clusterSizes, points)];
  const same = cells.length === classSizes.length && cells.length === clusterSizes.length;
  const over = (mean: number) => (same ? 1 : mean === 0 ? 0 : mutualInformation / mean);
  const homogeneity = ofClasses === 0 ? 1 : mutualInformation / ofClasses;
  const completeness = ofClusters === 0 ? 1 : mutualInformation / ofClusters;
  const mean = (ofClasses + ofClusters) / 2;
  const expected = same ? 0 : expectedInformation(table);
  return {
    mutualInformation,
    nmi: over(mean),
    nmiGeometric: over(Math.sqrt(ofClasses * ofClusters)),
    ami: same ? 1 : mean - expected === 0 ? 0 : (mutualInformation - expected) / (mean - expected),
    homogeneity,
    completeness,
    vMeasure: harmonic(homogeneity, completeness),
  };
}

/** How many groups there are of each size. */
function sizeCounts(sizes: Int32Array): [size: number, count: number][] {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return [...counts];
}

/**
 * The mutual information that groups of these sizes have on average when points are dealt out by chance (Vinh et al., "Information
 * theoretic measures for clusterings comparison", JMLR 2010). Groups of one size have one term.
 */
function expectedInformation({ points, classSizes, clusterSizes }: Contingency): number {
  const factorials = new Float64Array(points + 1);
  for (let k = 2; k <= points; k++) factorials[k] = factorials[k - 1] + Math.log(k);
  const f = (k: number): number => factorials[k];
  const clusters = sizeCounts(clusterSizes);
  let expected = 0;
  for (const [a, ofA] of sizeCounts(classSizes)) {
    for (const [b, ofB] of clusters) {
      const fixed = f(a) + f(b) + f(points - a) + f(points - b) - f(points);
      let sum = 0;
      for (let both = Math.max(1, a + b - points); both <= Math.min(a, b); both++) {
        const chance = Math.exp(fixed - f(both) - f(a - both) - f(b - both) - f(points - a - b + both));
        sum += (both / points) * Math.log((points * both) / (a * b)) * chance;
      }
      expected += ofA * ofB * sum;
    }
  }
  return expected;
}

const pairsOf = (count: number): number => (count * (count - 1)) / 2;

function pairScores({ points, classSizes, clusterSizes, cells }: Contingency) {
  const together = cells.reduce((sum, { count }) => sum + pairsOf(count), 0);
  const ofClasses = classSizes.reduce((sum, size) => sum + pairsOf(size), 0);
  const ofClusters = clusterSizes.reduce((sum, size) => sum + pairsOf(size), 0);
  const all = pairsOf(points);
  const expected = all === 0 ? 0 : (ofClusters * ofClasses) / all;
  const mean = (ofClusters + ofClasses) / 2;
  // Both of singletons, or both of one group: they agree.
  const trivial = mean === expected;
  const pairPrecision = ofClusters === 0 ? 0 : together / ofClusters;
  const pairRecall = ofClasses === 0 ? 0 : together / ofClasses;
  return {
    rand: all === 0 ? 1 : (all + 2 * together - ofClasses - ofClusters) / all,
    ari: trivial ? 1 : (together - expected) / (mean - expected),
    pairPrecision,
    pairRecall,
    pairF: harmonic(pairPrecision, pairRecall),
    fowlkesMallows: Math.sqrt(pairPrecision * pairRecall),
  };
}

function shares({ points, classSizes, clusterSizes, cells }: Contingency) {
  const ofClusters = new Int32Array(clusterSizes.length);
  const ofClasses = new Int32Array(classSizes.length);
  let precision = 0;
  let recall = 0;
  for (const { row, column, count } of cells) {
    ofClusters[column] = Math.max(ofClusters[column], count);
    ofClasses[row] = Math.max(ofClasses[row], count);
    precision += (count * count) / clusterSizes[column];
    recall += (count * count) / classSizes[row];
  }
  const share = (counts: Int32Array) => counts.reduce((sum, count) => sum + count, 0) / points;
  const [bcubedPrecision, bcubedRecall] = [precision / points, recall / points];
  return {
    purity: share(ofClusters),
    inversePurity: share(ofClasses),
    bcubedPrecision,
    bcubedRecall,
    bcubedF: harmonic(bcubedPrecision, bcubedRecall),
  };
}
