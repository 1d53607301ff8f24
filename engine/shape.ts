import { ShapeError } from './errors.js';

export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** A dimension index in 0..rank-1 from one that may count from the end; `op` names the operator in the error. */
export function axisOf(dim: number, rank: number, op: string): number {
  const axis = dim < 0 ? dim + rank : dim;
  if (!Number.isInteger(dim) || axis < 0 || axis >= Math.max(rank, 1)) {
    throw new ShapeError(`${op}: dimension ${dim} is not one of a tensor of ${rank} dimensions.`);
  }
  return axis;
}

/** Several dimensions, ascending and different; `undefined` means all of them. */
export function axesOf(dim: number | readonly number[] | undefined, rank: number, op: string): number[] {
  if (dim === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = (typeof dim === 'number' ? [dim] : dim).map((d) => axisOf(d, rank, op)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length) throw new ShapeError(`${op}: a dimension is named twice in [${dim}].`);
  return axes;
}

/** The shape that two broadcast to, by NumPy's and PyTorch's rule. */
export function broadcastShapes(a: Shape, b: Shape, op: string): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(
        `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast (${m} against ${n}).`,
      );
    }
    out[i] = m === 1 ? n : m;
  }
  return out;
}

/** Strides that read a tensor of `shape` and `strides` as if it had the shape `to`: 0 where it repeats. */
export function broadcastStrides(shape: Shape, strides: readonly number[], to: Shape): number[] {
  const lead = to.length - shape.length;
  return to.map((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? 0 : strides[i - lead]!));
}

/** A pair from one number or two. */
export function pair(value: number | readonly [number, number]): [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]];
}

/** Merges neighbouring dimensions that every stride list runs through in one go; drops those of size one. */
export function collapse(
  shape: Shape,
  ...strides: readonly (readonly number[])[]
): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const out: number[][] = strides.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    const n = shape[i]!;
    if (n === 1) continue;
    const last = outShape.length - 1;
    if (last >= 0 && strides.every((s, k) => out[k]![last] === s[i]! * n)) {
      outShape[last]! *= n;
      for (let k = 0; k < strides.length; k++) out[k]![last] = strides[k]![i]!;
    } else {
      outShape.push(n);
      for (let k = 0; k < strides.length; k++) out[k]!.push(strides[k]![i]!);
    }
  }
  return { shape: outShape, strides: out };
}
