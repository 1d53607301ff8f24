import type { TensorData } from '../../engine/tensor.js';
import type { GoldenValue } from './case.js';

/** How far a result is from its golden value. */
export interface Difference {
  /** Largest absolute and relative difference of an element, and the relative l2 difference of what can be compared. */
  readonly absolute: number;
  readonly relative: number;
  readonly l2: number;
  /** The largest l2 that is allowed, where the tolerance depends on the case. */
  readonly allowed?: number;
  /** Why it fails, or undefined. */
  readonly reason: string | undefined;
}

/** A tolerance: relative l2 of the whole, and `relative · |value| + absolute` for each element where `relative` is given. */
export interface Tolerance {
  readonly l2: number;
  readonly relative?: number;
  readonly absolute?: number;
}

/** Operators: forward 1e-5 in l2 and 1e-4 of each element; gradients 1e-4 in l2. */
export const FORWARD: Tolerance = { l2: 1e-5, relative: 1e-4, absolute: 1e-6 };
export const GRADIENT: Tolerance = { l2: 1e-4 };

/** What is zero in exact arithmetic may be at most this large. */
export const TINY = 1e-4;

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The elements of `data` that the record stores, beside the stored ones. */
function pairs(data: TensorData, golden: GoldenValue): [number, number][] {
  if (golden.data) return golden.data.map((want, i) => [data[i]!, want]);
  const first = golden.first!.map((want, i): [number, number] => [data[i]!, want]);
  const samples = golden.samples!.map((want, k): [number, number] => [
    data[Math.floor((k * data.length) / golden.samples!.length)]!,
    want,
  ]);
  return [...first, ...samples];
}

function figures(data: TensorData): { mean: number; std: number; l2: number } {
  let sum = 0;
  let squares = 0;
  for (const x of data) {
    sum += x;
    squares += x * x;
  }
  const mean = sum / data.length;
  return { mean, std: Math.sqrt(Math.max(squares / data.length - mean * mean, 0)), l2: Math.sqrt(squares) };
}

/** Compares a result with its golden record, by the tolerance. */
export function compare(
  data: TensorData,
  shape: readonly number[],
  golden: GoldenValue,
  tolerance: Tolerance,
): Difference {
  const fail = (reason: string): Difference => ({ absolute: Infinity, relative: Infinity, l2: Infinity, reason });
  if (!sameShape(shape, golden.shape)) return fail(`shape [${shape}] instead of [${golden.shape}]`);
  const both = pairs(data, golden);
  const wrong = both.findIndex(([got]) => !Number.isFinite(got));
  if (wrong >= 0) return fail(`element ${wrong} is ${both[wrong]![0]}`);
  if (golden.dtype === 'int') {
    const bad = both.findIndex(([got, want]) => got !== want);
    return bad < 0
      ? { absolute: 0, relative: 0, l2: 0, reason: undefined }
      : fail(`element ${bad} is ${both[bad]![0]}, not ${both[bad]![1]}`);
  }
  let absolute = 0;
  let relative = 0;
  let squares = 0;
  let norm = 0;
  let reason: string | undefined;
  both.forEach(([got, want], i) => {
    const off = Math.abs(got - want);
    absolute = Math.max(absolute, off);
    if (want !== 0) relative = Math.max(relative, off / Math.abs(want));
    squares += off * off;
    norm += want * want;
    if (golden.zero || tolerance.relative === undefined) return;
    if (off > tolerance.relative * Math.abs(want) + (tolerance.absolute ?? 0))
      reason ??= `element ${i} is ${got}, not ${want}`;
  });
  if (golden.zero)
    return { absolute, relative: 0, l2: 0, reason: absolute > TINY ? `${absolute} instead of 0` : undefined };
  let l2 = norm > 0 ? Math.sqrt(squares / norm) : Math.sqrt(squares);
  if (!golden.data) {
    const got = figures(data);
    const size = Math.max(golden.l2! / Math.sqrt(data.length), 1e-30);
    l2 = Math.max(l2, Math.abs(got.l2 - golden.l2!) / Math.max(golden.l2!, 1e-30));
    l2 = Math.max(l2, Math.abs(got.mean - golden.mean!) / size, Math.abs(got.std - golden.std!) / size);
  }
  if (l2 > tolerance.l2) reason ??= `relative l2 difference ${l2.toExponential(2)} is above ${tolerance.l2}`;
  return { absolute, relative, l2, reason };
}
