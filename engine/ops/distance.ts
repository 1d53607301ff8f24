import {
  euclideanGrad,
  joinDistances,
  type Metric,
  metricDistances,
  metricGrad,
  normalizeKernel,
  pairDistances,
  pairSplits,
  squaredLengths,
} from '../../shaders/distance.js';
import { ShapeError } from '../errors.js';
import { axisOf, formatShape, sizeOf } from '../shape.js';
import { isTracing, record } from '../tape.js';
import { contiguousData, empty, run, runInto, type Tensor } from '../tensor.js';
import { div, mul, rsub, sub } from './arithmetic.js';
import { matmul } from './matmul.js';
import { norm } from './reduce.js';
import { linesOf, worthMoving } from './softmax.js';
import { sum } from './sum.js';
import { addScalar, clamp, mulScalar } from './unary.js';
import { transpose } from './view.js';

/** Distances and similarities between feature vectors. */

function checkPair(op: string, x: Tensor, y: Tensor): void {
  if (x.rank !== 2 || y.rank !== 2 || x.shape[1] !== y.shape[1]) {
    throw new ShapeError(`${op}: x ${formatShape(x.shape)} and y ${formatShape(y.shape)} must be [M, D] and [N, D].`);
  }
}

/** Squared distances, or distances, of all pairs of rows. Outside of the graph. */
function allPairs(op: string, x: Tensor, y: Tensor, root: boolean): Tensor {
  checkPair(op, x, y);
  const [m, depth] = x.shape as [number, number];
  const n = y.shape[0]!;
  const { gpu } = x;
  const out = empty(gpu, [m, n], 'float32', op);
  if (out.size === 0) return out;
  const a = contiguousData(x);
  const b = x === y ? a : contiguousData(y);
  const { splits, chunk } = pairSplits(m, n, depth, gpu.sharing);
  const spec = { m, n, depth, splits, chunk, root, sharing: gpu.sharing };
  const lengths = run(squaredLengths(m, spec), [a], [splits, m]);
  const others = a === b ? lengths : run(squaredLengths(n, spec), [b], [splits, n]);
  const parts = splits === 1 ? out : empty(gpu, [splits, m, n], 'float32', op);
  runInto(pairDistances(spec), [a, b, lengths, others], [parts]);
  if (splits > 1) {
    runInto(joinDistances(m * n, splits, root), [parts], [out]);
    parts.storage.release();
  }
  lengths.storage.release();
  others.storage.release();
  return out;
}

/** From the gradient g of squared distances: dx = 2 (Σⱼ gᵢⱼ xᵢ − g y), dy = 2 (Σᵢ gᵢⱼ yⱼ − gᵀ x). */
function squaredBack(x: Tensor, y: Tensor, g: Tensor, [needsX, needsY]: readonly boolean[]): (Tensor | undefined)[] {
  const side = (own: Tensor, other: Tensor, weights: Tensor) =>
    mulScalar(sub(mul(own, sum(weights, 1, true)), matmul(weights, other)), 2);
  return [needsX ? side(x, y, g) : undefined, needsY ? side(y, x, transpose(g)) : undefined];
}

/** |xᵢ − yⱼ|² for all rows of x [M, D] and y [N, D]: [M, N], never below 0. */
export function squaredEuclidean(x: Tensor, y: Tensor): Tensor {
  const d = allPairs('squaredEuclidean', x, y, false);
  return record('squaredEuclidean', d, [x, y], (g, needs) => squaredBack(x, y, g, needs), { twice: true });
}

/** √max(|xᵢ − yⱼ|², 1e-12) for all rows of x [M, D] and y [N, D]: [M, N]. No gradient flows where the lower limit holds. */
export function euclidean(x: Tensor, y: Tensor): Tensor {
  const d = allPairs('euclidean', x, y, true);
  return record('euclidean', d, [x, y], (dd, needs) =>
    squaredBack(x, y, run(euclideanGrad(d.size), [d, dd], d.shape), needs),
  );
}

export interface NormalizeOptions {
  /** Of the norm; default 2. */
  readonly p?: number;
  /** The norm is taken to be at least this. Default 1e-12. */
  readonly eps?: number;
}

/** x / max(‖x‖ₚ, eps) along one dimension. */
export function l2Normalize(x: Tensor, dim = 1, { p = 2, eps = 1e-12 }: NormalizeOptions = {}): Tensor {
  const axis = axisOf(dim, x.rank, 'l2Normalize');
  if (p !== 1 && p !== 2) return div(x, clamp(norm(x, p, axis, true), eps));
  const lines = linesOf(x.shape, axis);
  if (worthMoving(lines) && !isTracing())
    return transpose(l2Normalize(transpose(x, axis, -1), -1, { p, eps }), axis, -1);
  const y = run(normalizeKernel(`normalize${p}`, lines, eps), [x], x.shape);
  return record(
    'l2Normalize',
    y,
    [x],
    (dy) => [run(normalizeKernel(`normalize${p}Grad`, lines, eps), [x, dy], x.shape)],
    { attributes: { axis, p, eps } },
  );
}

/** 1 − cos(xᵢ, yⱼ) for all rows of x [M, D] and y [N, D]: [M, N]. */
export function cosineDistance(x: Tensor, y: Tensor): Tensor {
  checkPair('cosineDistance', x, y);
  return rsub(matmul(l2Normalize(x), transpose(l2Normalize(y))), 1);
}

/** cos(x, y) along one dimension, each length taken to be at least eps. */
export function cosineSimilarity(x: Tensor, y: Tensor, dim = 1, eps = 1e-8): Tensor {
  return sum(mul(l2Normalize(x, dim, { eps }), l2Normalize(y, dim, { eps })), dim);
}

export interface PairwiseOptions {
  readonly p?: number;
  /** Added to every difference; default 1e-6. */
  readonly eps?: number;
  readonly keepdim?: boolean;
}

/** ‖x − y + eps‖ₚ over the last dimension: row by row, not all pairs. */
export const pairwiseDistance = (
  x: Tensor,
  y: Tensor,
  { p = 2, eps = 1e-6, keepdim = false }: PairwiseOptions = {},
): Tensor => norm(addScalar(sub(x, y), eps), p, -1, keepdim);

const metricOf = (p: number): Metric =>
  p === 1 ? 'manhattan' : p === 2 ? 'euclidean' : p === Infinity ? 'largest' : p === 0 ? 'nonzero' : 'power';

/** ‖xᵢ − yⱼ‖ₚ for x [.., M, D] and y [.., N, D]: [.., M, N], from the differences themselves. */
export function cdist(x: Tensor, y: Tensor, p = 2): Tensor {
  const lead = x.shape.slice(0, -2);
  const [m, depth] = x.shape.slice(-2) as [number, number];
  const n = y.shape.at(-2)!;
  const fits = x.rank >= 2 && y.rank === x.rank && y.shape.at(-1) === depth && lead.every((s, i) => s === y.shape[i]);
  if (!fits || !(p >= 0)) {
    throw new ShapeError(
      `cdist: x ${formatShape(x.shape)} and y ${formatShape(y.shape)} must be [.., M, D] and [.., N, D], and p ${p} not negative.`,
    );
  }
  const spec = { metric: metricOf(p), power: p, batch: sizeOf(lead), m, n, depth };
  const d = run(metricDistances(spec), [x, y], [...lead, m, n]);
  return record('cdist', d, [x, y], (dd, [needsX, needsY]) => [
    needsX ? run(metricGrad(spec, false), [x, y, d, dd], x.shape) : undefined,
    needsY ? run(metricGrad({ ...spec, m: n, n: m }, true), [y, x, d, dd], y.shape) : undefined,
  ]);
}
