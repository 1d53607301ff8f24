import { joinOf, type Mapping, type Reduction, reduce } from '../../shaders/reduce.js';
import { ShapeError } from '../errors.js';
import { axesOf, collapse, formatShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { record } from '../tape.js';
import { empty, isFloat, runStrided, type Tensor } from '../tensor.js';
import { expand, reshape } from './view.js';

/** Below so many results, long reductions are cut in two steps, so that the GPU has enough to do at once. */
const FEW = 2048;
/** Elements that one invocation or workgroup reduces at least before a cut pays. */
const LONG = { rows: 4096, columns: 256 } as const;

/** How to reduce `axes` of a tensor as it lies: which mapping, and in how many parts. `name` is the reduction's, for errors. */
export function reductionOf(name: string, x: Tensor, axes: readonly number[]) {
  if (!isFloat(x)) throw new ShapeError(`${name}: ${x} must be float32.`);
  const pick = (wanted: boolean) => {
    const of = x.shape.map((_, i) => i).filter((i) => axes.includes(i) === wanted);
    const { shape, strides } = collapse(
      of.map((i) => x.shape[i]!),
      of.map((i) => x.strides[i]!),
    );
    return { shape, strides: strides[0]! };
  };
  const kept = pick(false);
  const reduced = pick(true);
  const results = sizeOf(kept.shape);
  const total = sizeOf(reduced.shape);
  const columns = kept.strides.at(-1) === 1 || (results >= FEW && total < 64);
  const mapping: Mapping = columns ? 'columns' : 'rows';
  const long = LONG[mapping];
  const wanted = results < FEW && total > 2 * long ? Math.min(Math.ceil(total / long), Math.ceil(FEW / results)) : 1;
  const chunk = Math.max(1, Math.ceil(total / wanted));
  return { kept, reduced, mapping, results, offset: x.offset, chunk, splits: Math.ceil(total / chunk) || 1 };
}

export interface ReduceExtras {
  /** For reductions that compare with a number of each result: the numbers, row-major. */
  readonly centre?: Tensor;
  readonly scalar?: number;
}

/** Reduces `axes` of any tensor, a view too; the result keeps them with size one. Outside of the graph. */
export function reduceAxes(
  reduction: Reduction,
  x: Tensor,
  axes: readonly number[],
  { centre, scalar }: ReduceExtras = {},
): Tensor {
  const { mapping, results, ...plan } = reductionOf(reduction, x, axes);
  const shape = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const first = empty(x.gpu, plan.splits === 1 ? shape : [plan.splits, results], 'float32', reduction);
  runStrided(reduce(mapping, { reduction, scalar, ...plan }), centre ? [x, centre] : [x], [first]);
  if (plan.splits === 1) return first;
  const joined = reduceAxes(joinOf(reduction), first, [0]);
  first.storage.release();
  return reshapeData(joined, shape);
}

const reshapeData = (t: Tensor, shape: Shape): Tensor => reshape(t.detach(), shape);

/** Sum over `dim` (a dimension, several, or all when left out). */
export function sum(x: Tensor, dim?: number | readonly number[], keepdim = false): Tensor {
  const axes = axesOf(dim, x.rank, 'sum');
  const full = reduceAxes('sum', x, axes);
  const out = record('sum', full, [x], (dy) => [expand(dy, x.shape)], { twice: true, attributes: { axes } });
  return keepdim ? out : reshape(out, dropAxes(x.shape, axes));
}

/** The shape without the dimensions in `axes`. */
export const dropAxes = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));

/** The gradient of a broadcast: sums the dimensions along which a tensor of `shape` was repeated to give x. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  if (lead < 0) throw new RangeError(`sumTo: ${formatShape(x.shape)} has fewer dimensions than ${formatShape(shape)}.`);
  return reshape(sum(x, axes, true), shape);
}
