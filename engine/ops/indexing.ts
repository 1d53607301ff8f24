import { fill, ramp } from '../../shaders/elementwise.js';
import {
  gather as gatherShader,
  indexSelect as indexSelectShader,
  oneHot as oneHotShader,
  placeAt as placeAtShader,
  scatter as scatterShader,
} from '../../shaders/indexing.js';
import { ShapeError } from '../errors.js';
import { axisOf, collapse, formatShape, type Shape, sameShape, sizeOf, stridesOf } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, copyOf, empty, isFloat, run, runInto, runStrided, type Tensor } from '../tensor.js';
import { equal, mul } from './arithmetic.js';
import { sortIndices } from './order.js';
import { expand, reshape, slice, transpose } from './view.js';

/**
 * Reading and writing by indices. Indices are int32 (or uint32) tensors on the GPU, where nobody can refuse them: one that is
 * outside of its dimension, negative ones too, reads 0 and writes nothing. Where several sources meet in one place, sums run
 * in the order of the indices and of overwriting sources the last wins: every run gives the same bits.
 */

function checkIndex(op: string, index: Tensor): void {
  if (isFloat(index)) throw new ShapeError(`${op}: the index must be an int32 tensor, got ${index}.`);
}

function zeros(like: Tensor, shape: Shape): Tensor {
  const out = empty(like.gpu, shape, 'float32', 'zeros');
  runInto(fill(out.size, 0), [], [out]);
  return out;
}

/** Strides over the index's dimensions, with the dimension that is looked up left out. */
function around(index: Tensor, strides: readonly number[], axis: number) {
  const { shape, strides: merged } = collapse(
    index.shape,
    strides.map((s, i) => (i === axis ? 0 : s)),
  );
  return { shape, strides: merged[0]! };
}

/** gather outside of the graph. */
export function gatherData(x: Tensor, axis: number, index: Tensor): Tensor {
  const out = empty(x.gpu, index.shape, x.dtype, 'gather');
  const spec = {
    ...around(index, x.strides, axis),
    offset: x.offset,
    size: x.shape[axis] ?? 1,
    stride: x.strides[axis] ?? 1,
  };
  runStrided(gatherShader(spec), [x, contiguousData(index)], [out]);
  return out;
}

/** Zeros of `shape` with the elements of x where the indices say, which differ within each line. Outside of the graph. */
export function placeAt(x: Tensor, axis: number, index: Tensor, shape: Shape): Tensor {
  const out = zeros(x, shape);
  const own = stridesOf(shape);
  runInto(
    placeAtShader({ ...around(index, own, axis), size: shape[axis] ?? 1, stride: own[axis] ?? 1 }),
    [x, index],
    [out],
  );
  return out;
}

function checkAround(op: string, x: Tensor, axis: number, index: Tensor, source?: Tensor): void {
  checkIndex(op, index);
  const fits = (t: Tensor, i: number) => index.shape[i]! <= t.shape[i]!;
  const all = index.shape.every((_, i) => (i === axis || fits(x, i)) && (!source || fits(source, i)));
  if (index.rank !== x.rank || (source && source.rank !== x.rank) || !all) {
    const src = source ? ` and the source ${formatShape(source.shape)}` : '';
    throw new ShapeError(
      `${op}: the index ${formatShape(index.shape)} must have as many dimensions as x ${formatShape(x.shape)}${src} and be no larger than these (x: outside of dimension ${axis}).`,
    );
  }
}

/** y[i, j…] = x[index[i, j…], j…], along any dimension. Its way back is scatterAdd. */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'gather');
  checkAround('gather', x, axis, index);
  const back = (dy: Tensor) => [gatherBack(dy, axis, index, x.shape)];
  return record('gather', gatherData(x, axis, index), [x], back, { twice: true });
}

function gatherBack(dy: Tensor, axis: number, index: Tensor, shape: Shape): Tensor {
  const dx = zeros(dy, shape);
  const out = scatterInto('scatterAdd', dx, axis, index, dy);
  return record('gatherGrad', out, [dy], (w) => [gather(w, axis, index)], { twice: true });
}

/** Scatters by an index of the source's shape into memory that is the caller's own; the result is a view of it. */
function scatterInto(name: 'scatter' | 'scatterAdd', out: Tensor, axis: number, index: Tensor, source: Tensor): Tensor {
  const last = out.rank - 1;
  if (axis < last) {
    const moved = copyOf(transpose(out.detach(), axis, last), out.dtype);
    const scattered = scatterInto(
      name,
      moved,
      last,
      transpose(index, axis, last),
      transpose(source.detach(), axis, last),
    );
    return transpose(scattered, axis, last);
  }
  const count = index.shape.at(-1) ?? 1;
  const rows = count === 0 ? 0 : index.size / count;
  if (index.size === 0) return out;
  const { keys, order } = sortIndices(contiguousData(index), rows, count);
  const own = stridesOf(out.shape);
  const lead = collapse(index.shape.slice(0, -1), own.slice(0, -1));
  const spec = {
    shape: lead.shape,
    strides: lead.strides[0]!,
    count,
    inner: 1,
    shared: false,
    size: out.shape.at(-1) ?? 1,
  };
  runInto(scatterShader(name, spec), [keys, order, source], [out]);
  return out;
}

const cut = (t: Tensor, shape: Shape): Tensor =>
  shape.reduce((part, n, i) => (part.shape[i] === n ? part : slice(part, i, 0, n)), t);

/** x with source[i, j…] added to [index[i, j…], j…], along any dimension. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'scatterAdd');
  checkAround('scatterAdd', x, axis, index, source);
  const part = cut(source, index.shape);
  const out = scatterInto('scatterAdd', copyOf(x, x.dtype), axis, index, part);
  const back = (dy: Tensor, [, needsSource]: readonly boolean[]) => [
    dy,
    needsSource ? gather(dy, axis, index) : undefined,
  ];
  return record('scatterAdd', out, [x, part], back, { twice: true });
}

/** x with source[i, j…] written to [index[i, j…], j…], along any dimension; of several for one place the last wins. */
export function scatter(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'scatter');
  checkAround('scatter', x, axis, index, source);
  const part = cut(source, index.shape);
  const out = scatterInto('scatter', copyOf(x, x.dtype), axis, index, part);
  const back = (dy: Tensor, [needsX, needsSource]: readonly boolean[]) => [
    needsX ? scatter(dy, axis, index, zeros(dy, index.shape)) : undefined,
    needsSource ? mul(gather(dy, axis, index), winners(index, axis, x.shape)) : undefined,
  ];
  return record('scatter', out, [x, part], back, { twice: true });
}

/** 1 for the sources of a scatter that no later one overwrote: their position along the dimension is found in their place. */
function winners(index: Tensor, axis: number, shape: Shape): Tensor {
  const n = index.shape[axis]!;
  const line = empty(index.gpu, [n], 'float32', 'positions');
  runInto(ramp(n, 0, 1), [], [line]);
  const along = index.shape.map((_, i) => (i === axis ? n : 1));
  const position = expand(reshape(line, along), index.shape);
  const placed = scatterInto('scatter', zeros(index, shape), axis, index, position);
  return equal(gatherData(placed, axis, index), position);
}

function checkLine(op: string, index: Tensor): void {
  checkIndex(op, index);
  if (index.rank !== 1)
    throw new ShapeError(`${op}: the index must have one dimension, got ${formatShape(index.shape)}.`);
}

const withSize = (shape: Shape, axis: number, n: number): number[] => shape.map((m, i) => (i === axis ? n : m));

/** The slices of x along one dimension that the indices name. Its way back is indexAdd. */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'indexSelect');
  checkLine('indexSelect', index);
  const count = index.size;
  const shader = indexSelectShader({
    outer: sizeOf(x.shape.slice(0, axis)),
    size: x.shape[axis]!,
    count,
    inner: sizeOf(x.shape.slice(axis + 1)),
  });
  const y = run(shader, [x, index], withSize(x.shape, axis, count), x.dtype);
  return record('indexSelect', y, [x], (dy) => [indexSelectBack(dy, axis, index, x.shape)], { twice: true });
}

function indexSelectBack(dy: Tensor, axis: number, index: Tensor, shape: Shape): Tensor {
  const out = scatterSlices('scatterAdd', zeros(dy, shape), axis, index, dy);
  return record('indexSelectGrad', out, [dy], (w) => [indexSelect(w, axis, index)], { twice: true });
}

/** Scatters whole slices into memory that is the caller's own. */
function scatterSlices(
  name: 'scatter' | 'scatterAdd',
  out: Tensor,
  axis: number,
  index: Tensor,
  source: Tensor,
): Tensor {
  const count = index.size;
  const size = out.shape[axis]!;
  const inner = sizeOf(out.shape.slice(axis + 1));
  const outer = sizeOf(out.shape.slice(0, axis));
  if (source.size === 0) return out;
  const { keys, order } = sortIndices(contiguousData(index), 1, count);
  const spec = { shape: [outer], strides: [size * inner], count, inner, shared: true, size };
  runInto(scatterShader(name, spec), [keys, order, source], [out]);
  return out;
}

function checkSlices(op: string, x: Tensor, axis: number, index: Tensor, source: Tensor): void {
  checkLine(op, index);
  const expected = withSize(x.shape, axis, index.size);
  if (!sameShape(source.shape, expected)) {
    throw new ShapeError(
      `${op}: the source ${formatShape(source.shape)} must be ${formatShape(expected)} for x ${formatShape(x.shape)} and ${index.size} indices.`,
    );
  }
}

/** x with the source's slices added to those that the indices name. */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'indexAdd');
  checkSlices('indexAdd', x, axis, index, source);
  const out = scatterSlices('scatterAdd', copyOf(x, x.dtype), axis, index, source);
  const back = (dy: Tensor, [, needsSource]: readonly boolean[]) => [
    dy,
    needsSource ? indexSelect(dy, axis, index) : undefined,
  ];
  return record('indexAdd', out, [x, source], back, { twice: true });
}

/** x with the source's slices written over those that the indices name; of several for one place the last wins. */
export function indexCopy(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = axisOf(dim, x.rank, 'indexCopy');
  checkSlices('indexCopy', x, axis, index, source);
  const out = scatterSlices('scatter', copyOf(x, x.dtype), axis, index, source);
  const back = (dy: Tensor, [needsX, needsSource]: readonly boolean[]) => {
    const won = () =>
      reshape(
        winners(index, 0, [x.shape[axis]!]),
        withSize(
          x.shape.map(() => 1),
          axis,
          index.size,
        ),
      );
    return [
      needsX ? indexCopy(dy, axis, index, zeros(dy, source.shape)) : undefined,
      needsSource ? mul(indexSelect(dy, axis, index), won()) : undefined,
    ];
  };
  return record('indexCopy', out, [x, source], back, { twice: true });
}

/** The rows of weight [entries, width] that the indices name: [..., width]. Rows outside of the table are 0. */
export function embedding(index: Tensor, weight: Tensor): Tensor {
  if (weight.rank !== 2)
    throw new ShapeError(`embedding: the weight must be [entries, width], got ${formatShape(weight.shape)}.`);
  const rows = indexSelect(weight, 0, reshape(index, [index.size]));
  return reshape(rows, [...index.shape, weight.shape[1]!]);
}

/** [...] indices as [..., classes] zeros and ones in float32 (PyTorch gives int64), ready to be multiplied. */
export function oneHot(index: Tensor, classes: number): Tensor {
  checkIndex('oneHot', index);
  return run(oneHotShader(index.size, classes), [index], [...index.shape, classes]);
}
