import {
  argJoin,
  argReduce,
  type Extreme,
  ratio as ratioShader,
  type SpreadSpec,
  spread,
} from '../../shaders/reduce.js';
import { SCAN_BLOCK, scanAdd, scanBlocks, scanLines } from '../../shaders/scan.js';
import { ShapeError } from '../errors.js';
import { axesOf, axisOf, broadcastStrides, collapse, formatShape, type Shape, sizeOf, stridesOf } from '../shape.js';
import { isRecording, record } from '../tape.js';
import { contiguousData, empty, run, runInto, runMany, runStrided, type Tensor, viewOf } from '../tensor.js';
import { add, div, mul, sub } from './arithmetic.js';
import { placeAt } from './indexing.js';
import { dropAxes, reduceAxes, reductionOf, sum } from './sum.js';
import { abs, log, mulScalar, neg, pow, sign, sqrt } from './unary.js';
import { reshape, transpose } from './view.js';

/** Reductions. `dim` is a dimension, several, or all when left out; `keepdim` keeps the reduced ones with size one. */

export type Dims = number | readonly number[];

export interface SpreadOptions {
  /** Divide by n − 1 (default), not by n. */
  readonly unbiased?: boolean;
  readonly keepdim?: boolean;
}

export interface Extremum {
  readonly values: Tensor;
  /** int32. */
  readonly indices: Tensor;
}

const without = (y: Tensor, shape: Shape, axes: readonly number[], keepdim: boolean): Tensor =>
  keepdim ? y : reshape(y, dropAxes(shape, axes));

const countOf = (x: Tensor, axes: readonly number[]): number => sizeOf(axes.map((i) => x.shape[i] ?? 1));

/** The axes of a reduction that has no value for no elements. */
function someOf(x: Tensor, dim: Dims | undefined, op: string): number[] {
  const axes = axesOf(dim, x.rank, op);
  if (countOf(x, axes) === 0)
    throw new ShapeError(`${op}: ${formatShape(x.shape)} has no elements to reduce along [${axes}].`);
  return axes;
}

/** Runs a way back that needs x and numbers of each result, which keep the reduced axes with size one. */
function spreadBack(name: SpreadSpec['name'], x: Tensor, results: readonly Tensor[], scalar?: number): Tensor {
  const repeat = broadcastStrides(results[0]!.shape, stridesOf(results[0]!.shape), x.shape);
  const { shape, strides } = collapse(x.shape, stridesOf(x.shape), repeat);
  return run(spread({ name, shape, strides: strides[1]!, scalar }), [x, ...results], x.shape);
}

/** x / y of two tensors of one shape, and 0 where y is 0. */
function ratio(x: Tensor, y: Tensor): Tensor {
  const z = run(ratioShader(x.size), [x, y], x.shape);
  const back = (dz: Tensor, [needsX, needsY]: readonly boolean[]) => [
    needsX ? ratio(dz, y) : undefined,
    needsY ? neg(mul(dz, ratio(z, y))) : undefined,
  ];
  return record('ratio', z, [x, y], back, { twice: true });
}

/** Mean over `dim`. */
export function mean(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  const axes = someOf(x, dim, 'mean');
  return mulScalar(sum(x, axes, keepdim), 1 / countOf(x, axes));
}

function extremeOf(extreme: Extreme, x: Tensor, dim: Dims | undefined, keepdim: boolean): Tensor {
  const axes = someOf(x, dim, `a${extreme}`);
  const y = reduceAxes(extreme, x, axes);
  const back = (dy: Tensor) => {
    const count = reduceAxes('countEqual', x, axes, { centre: y });
    return [spreadBack('amaxGrad', x, [y, div(dy, count)])];
  };
  return without(record(`a${extreme}`, y, [x], back, { attributes: { axes } }), x.shape, axes, keepdim);
}

/** The largest elements over `dim`; equal ones share the gradient. */
export const amax = (x: Tensor, dim?: Dims, keepdim = false): Tensor => extremeOf('max', x, dim, keepdim);

/** The smallest elements over `dim`; equal ones share the gradient. */
export const amin = (x: Tensor, dim?: Dims, keepdim = false): Tensor => extremeOf('min', x, dim, keepdim);

/** The largest of all elements; equal ones share the gradient. */
export const maxAll = (x: Tensor): Tensor => amax(x);

/** The smallest of all elements; equal ones share the gradient. */
export const minAll = (x: Tensor): Tensor => amin(x);

/** Values and positions of the extremes, the reduced axes kept with size one. Outside of the graph. */
function locate(extreme: Extreme, x: Tensor, axes: readonly number[]): Extremum {
  const { mapping, results, ...plan } = reductionOf(`arg${extreme}`, x, axes);
  const shape = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const first = plan.splits === 1 ? shape : [plan.splits, results];
  const values = empty(x.gpu, first, 'float32', `arg${extreme}`);
  const indices = empty(x.gpu, first, 'int32', `arg${extreme}`);
  runStrided(argReduce(extreme, mapping, plan), [x], [values, indices]);
  if (plan.splits === 1) return { values, indices };
  const joined = runMany(
    argJoin(extreme, results, plan.splits),
    [values, indices],
    [{ shape }, { shape, dtype: 'int32' }],
  );
  values.storage.release();
  indices.storage.release();
  return { values: joined[0]!, indices: joined[1]! };
}

function extremeAlong(extreme: Extreme, x: Tensor, dim: number, keepdim: boolean): Extremum {
  const axes = someOf(x, axisOf(dim, x.rank, extreme), extreme);
  const { values, indices } = locate(extreme, x, axes);
  const y = record(extreme, values, [x], (dy) => [placeAt(dy, axes[0] ?? 0, indices, x.shape)], {
    attributes: { axes },
  });
  return { values: without(y, x.shape, axes, keepdim), indices: without(indices, x.shape, axes, keepdim) };
}

/** The largest elements along one dimension and where they are; of equal ones the first, which gets the gradient. */
export const max = (x: Tensor, dim: number, keepdim = false): Extremum => extremeAlong('max', x, dim, keepdim);

/** The smallest elements along one dimension and where they are; of equal ones the first, which gets the gradient. */
export const min = (x: Tensor, dim: number, keepdim = false): Extremum => extremeAlong('min', x, dim, keepdim);

function positionOf(extreme: Extreme, x: Tensor, dim: number | undefined, keepdim: boolean): Tensor {
  const axes = someOf(x, dim, `arg${extreme}`);
  const { values, indices } = locate(extreme, x, axes);
  values.storage.release();
  return without(indices, x.shape, axes, keepdim);
}

/** Where the first of the largest elements is along `dim`, or in the row-major order of all; int32. */
export const argmax = (x: Tensor, dim?: number, keepdim = false): Tensor => positionOf('max', x, dim, keepdim);

/** Where the first of the smallest elements is along `dim`, or in the row-major order of all; int32. */
export const argmin = (x: Tensor, dim?: number, keepdim = false): Tensor => positionOf('min', x, dim, keepdim);

/** Σ (x − mean)² / (n − 1): the mean first, then the squares, so that a large mean costs no digits. */
export function variance(x: Tensor, dim?: Dims, { unbiased = true, keepdim = false }: SpreadOptions = {}): Tensor {
  const axes = someOf(x, dim, 'variance');
  const n = countOf(x, axes);
  const divisor = unbiased ? n - 1 : n;
  if (divisor === 0)
    throw new ShapeError(`variance: one element along [${axes}] of ${formatShape(x.shape)} has no unbiased variance.`);
  const centre = mulScalar(reduceAxes('sum', x, axes), 1 / n);
  const y = mulScalar(reduceAxes('sumSquaredDeviations', x, axes, { centre }), 1 / divisor);
  const back = (dy: Tensor) => [
    isRecording()
      ? mul(sub(x, mean(x, axes, true)), mulScalar(dy, 2 / divisor))
      : spreadBack('varianceGrad', x, [centre, dy], 2 / divisor),
  ];
  return without(
    record('variance', y, [x], back, { twice: true, attributes: { axes, divisor } }),
    x.shape,
    axes,
    keepdim,
  );
}

/** √variance; its gradient is 0 where it is 0. */
export function std(x: Tensor, dim?: Dims, options: SpreadOptions = {}): Tensor {
  const v = variance(x, dim, options);
  const y: Tensor = record('std', sqrt(v.detach()), [v], (dy) => [mulScalar(ratio(dy, y), 0.5)], { twice: true });
  return y;
}

/** (Σ |x|ᵖ)^(1/p): any p, ±Infinity, and 0 for the number of elements that are not 0. Its gradient is 0 where it is 0. */
export function norm(x: Tensor, p = 2, dim?: Dims, keepdim = false): Tensor {
  const axes = axesOf(dim, x.rank, 'norm');
  const recorded = (y: Tensor, back: (dy: Tensor) => Tensor, twice: boolean) =>
    without(
      record('norm', y, [x], (dy) => [back(dy)], { twice, attributes: { axes, p } }),
      x.shape,
      axes,
      keepdim,
    );
  if (p === Infinity) return amax(abs(x), axes, keepdim);
  if (p === -Infinity) return amin(abs(x), axes, keepdim);
  if (p === 0) return without(reduceAxes('countNonzero', x, axes), x.shape, axes, keepdim);
  if (p === 1) return recorded(reduceAxes('sumAbs', x, axes), (dy) => mul(sign(x), dy), true);
  if (p === 2) {
    const y = sqrt(reduceAxes('sumSquares', x, axes));
    return recorded(y, (dy) => mul(x, ratio(dy, y)), true);
  }
  const y = pow(reduceAxes('sumPowers', x, axes, { scalar: p }), 1 / p);
  return recorded(y, (dy) => spreadBack('normGrad', x, [y, dy], p), false);
}

/** The product of the elements over `dim`; the gradient of each is the product of the others, zeros among them or not. */
export function prod(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  const axes = axesOf(dim, x.rank, 'prod');
  const y = reduceAxes('prod', x, axes);
  const back = (dy: Tensor) => {
    const rest = reduceAxes('prodNonzero', x, axes);
    return [spreadBack('prodGrad', x, [rest, reduceAxes('countNonzero', x, axes), dy], countOf(x, axes))];
  };
  return without(record('prod', y, [x], back, { attributes: { axes } }), x.shape, axes, keepdim);
}

/** log Σ eˣ, without overflow. */
export function logsumexp(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  const axes = someOf(x, dim, 'logsumexp');
  const centre = reduceAxes('max', x, axes);
  const y = add(log(reduceAxes('sumExp', x, axes, { centre })), centre);
  return without(
    record('logsumexp', y, [x], (dy) => [spreadBack('logsumexpGrad', x, [y, dy])], { attributes: { axes } }),
    x.shape,
    axes,
    keepdim,
  );
}

/** Lines up to this long are summed by one invocation each. */
const SHORT = 64;

/** Running sums along the last dimension, in blocks. Outside of the graph. */
function scanRows(x: Tensor, rows: number, n: number, reverse: boolean): Tensor {
  const blocks = Math.ceil(n / SCAN_BLOCK);
  const [y, totals] = runMany(
    scanBlocks({ rows, n, reverse }),
    [x],
    [{ shape: x.shape }, { shape: [rows, blocks] }],
  ) as [Tensor, Tensor];
  if (blocks > 1) {
    const before = scanRows(totals, rows, blocks, false);
    runInto(scanAdd({ rows, n, reverse }), [before], [y]);
    before.storage.release();
  }
  totals.storage.release();
  return y;
}

function scan(x: Tensor, axis: number, reverse: boolean): Tensor {
  const n = x.shape[axis] ?? 1;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const lines = n <= SHORT || (inner > 1 && outer * inner >= 1024);
  if (lines) return run(scanLines({ outer, n, inner, reverse }), [x], x.shape);
  if (inner === 1) return scanRows(x, outer, n, reverse);
  const last = contiguousData(transpose(x.detach(), axis, -1));
  return transpose(viewOf(scan(last, x.rank - 1, reverse), last.shape), axis, -1);
}

/** Running sums along one dimension. dx is the running sum of dy from the end. */
export function cumsum(x: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, x.rank, 'cumsum');
  const summed = (t: Tensor, reverse: boolean): Tensor =>
    record('cumsum', scan(t, axis, reverse), [t], (dy) => [summed(dy, !reverse)], {
      twice: true,
      attributes: { axis, reverse },
    });
  return summed(x, false);
}
