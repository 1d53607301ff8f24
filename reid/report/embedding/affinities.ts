import type { PointRows } from './pca.js';

/**
 * How near points are to each other, as joint probabilities: Σ over all pairs is 1, P is symmetric, a point is not near to
 * itself. Row i has the entries `start[i]` to `start[i + 1]` of `columns` and `values`, columns ascending.
 */
export interface Affinities {
  readonly count: number;
  readonly start: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** Bisections of one point's width; doubles are exhausted before. */
const MOST_STEPS = 200;
const TOLERANCE = 1e-9;

/**
 * The conditional probabilities of t-SNE for one point (van der Maaten & Hinton, "Visualizing data using t-SNE", JMLR 2008):
 * pⱼ ∝ exp(−β·dⱼ²), with β found by bisection so that the entropy is log(perplexity). Equal distances give equal shares.
 *
 * @param squared squared distances to the other points
 * @returns as many probabilities, with sum 1
 */
export function conditionalProbabilities(squared: Float64Array, perplexity: number): Float64Array {
  const n = squared.length;
  const out = new Float64Array(n);
  const target = Math.log(perplexity);
  let nearest = Number.POSITIVE_INFINITY;
  let farthest = 0;
  for (const d of squared) {
    nearest = Math.min(nearest, d);
    farthest = Math.max(farthest, d);
  }
  // Counted from the nearest and in units of the spread, no scale of the features can overflow.
  const spread = farthest - nearest;
  if (!(spread > 0)) return out.fill(1 / n);
  let [low, high, beta] = [0, Number.POSITIVE_INFINITY, 1];
  for (let step = 0; step < MOST_STEPS; step++) {
    let sum = 0;
    let weighted = 0;
    for (let j = 0; j < n; j++) {
      const distance = (squared[j]! - nearest) / spread;
      const p = Math.exp(-beta * distance);
      out[j] = p;
      sum += p;
      weighted += p * distance;
    }
    for (let j = 0; j < n; j++) out[j] = out[j]! / sum;
    const difference = Math.log(sum) + (beta * weighted) / sum - target;
    if (Math.abs(difference) < TOLERANCE) break;
    if (difference > 0) low = beta;
    else high = beta;
    const next = high === Number.POSITIVE_INFINITY ? 2 * beta : (low + high) / 2;
    if (next === beta || next > 1e300) break;
    beta = next;
  }
  return out;
}

/**
 * The affinities of all pairs: (pⱼ|ᵢ + pᵢ|ⱼ) / 2n.
 *
 * @param neighbours how many of the nearest points each point sees; n − 1 sees all, 3·perplexity loses little (van der
 *   Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 2014). Found by computing all n² distances.
 */
export function affinitiesOf(rows: PointRows, perplexity: number, neighbours: number): Affinities {
  const { count: n } = rows;
  const k = Math.min(neighbours, n - 1);
  const seen = new Int32Array(n * k);
  const given = new Float64Array(n * k);
  const squared = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    squaredDistances(rows, i, squared);
    const nearest = nearestOf(squared, i, k);
    seen.set(nearest, i * k);
    given.set(
      conditionalProbabilities(
        Float64Array.from(nearest, (j) => squared[j]!),
        perplexity,
      ),
      i * k,
    );
  }
  return symmetric(seen, given, n, k);
}

function squaredDistances({ data, count, dimension }: PointRows, i: number, out: Float64Array): void {
  for (let j = 0; j < count; j++) {
    let sum = 0;
    for (let c = 0; c < dimension; c++) {
      const difference = data[i * dimension + c]! - data[j * dimension + c]!;
      sum += difference * difference;
    }
    out[j] = sum;
  }
}

/** The k points nearest to point i, ascending by number; of equal distances the lower number. */
function nearestOf(squared: Float64Array, i: number, k: number): Int32Array {
  const others = new Int32Array(squared.length - 1);
  for (let j = 0; j < others.length; j++) others[j] = j < i ? j : j + 1;
  if (k === others.length) return others;
  return others
    .sort((a, b) => squared[a]! - squared[b]! || a - b)
    .slice(0, k)
    .sort();
}

/** P + Pᵀ over 2n, where row i of P has `given[i·k …]` at columns `seen[i·k …]`, ascending. */
function symmetric(seen: Int32Array, given: Float64Array, n: number, k: number): Affinities {
  const back = transposed(seen, given, n);
  const columns = new Int32Array(2 * seen.length);
  const values = new Float64Array(2 * seen.length);
  const start = new Int32Array(n + 1);
  let at = 0;
  for (let i = 0; i < n; i++) {
    let a = i * k;
    let b = back.start[i]!;
    const aEnd = a + k;
    const bEnd = back.start[i + 1]!;
    while (a < aEnd || b < bEnd) {
      const left = a < aEnd ? seen[a]! : n;
      const right = b < bEnd ? back.columns[b]! : n;
      const column = Math.min(left, right);
      let value = 0;
      if (left === column) value += given[a++]!;
      if (right === column) value += back.values[b++]!;
      columns[at] = column;
      values[at++] = value / (2 * n);
    }
    start[i + 1] = at;
  }
  return { count: n, start, columns: columns.slice(0, at), values: values.slice(0, at) };
}

/** The rows of Pᵀ, columns ascending. */
function transposed(seen: Int32Array, given: Float64Array, n: number): Omit<Affinities, 'count'> {
  const start = new Int32Array(n + 1);
  for (const j of seen) start[j + 1] = start[j + 1]! + 1;
  for (let j = 0; j < n; j++) start[j + 1] = start[j + 1]! + start[j]!;
  const next = start.slice(0, n);
  const columns = new Int32Array(seen.length);
  const values = new Float64Array(seen.length);
  const k = seen.length / n;
  seen.forEach((j, at) => {
    const to = next[j]!;
    next[j] = to + 1;
    columns[to] = Math.floor(at / k);
    values[to] = given[at]!;
  });
  return { start, columns, values };
}
