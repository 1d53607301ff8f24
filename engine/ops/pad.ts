import { type PadSpec, padPlanes, padPlanesGrad } from '../../shaders/pad.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sizeOf } from '../shape.js';
import { record } from '../tape.js';
import { run, type Tensor } from '../tensor.js';

export interface PadOptions {
  /** A constant around x (default), its mirror image without the edge, or its repeated edge. */
  readonly mode?: 'constant' | 'reflect' | 'replicate';
  /** The constant. Default 0. */
  readonly value?: number;
}

/** Pads with a constant the last two dimensions at once, then any other, as rows of what follows it. Outside of the graph. */
function surround(x: Tensor, before: readonly number[], after: readonly number[], value: number): Tensor {
  const moves = (i: number) => before[i] !== 0 || after[i] !== 0;
  const last = x.rank - 1;
  let t = x;
  for (let i = last; i >= 0; i--) {
    const both = i === last && last > 0;
    if (!moves(i) && !(both && moves(i - 1))) continue;
    const first = both ? i - 1 : i;
    const shape = t.shape.map((n, k) => (k >= first && k <= i ? n + before[k]! + after[k]! : n));
    const size = (n: Shape): [number, number] => [n[first]!, sizeOf(n.slice(first + 1))];
    const spec: PadSpec = {
      mode: 'constant',
      planes: sizeOf(t.shape.slice(0, first)),
      input: size(t.shape),
      output: size(shape),
      before: [before[first]!, both ? before[i]! : 0],
      value,
    };
    const padded = run(padPlanes(spec), [t], shape);
    if (t !== x) t.storage.release();
    t = padded;
    if (both) i--;
  }
  return t;
}

/** The way back crops what was added and fills what was cropped with zeros: the same function with the pads negated. */
function constant(x: Tensor, before: readonly number[], after: readonly number[], value: number): Tensor {
  const negated = (pads: readonly number[]) => pads.map((n) => -n);
  const back = (dy: Tensor) => [constant(dy, negated(before), negated(after), 0)];
  return record('pad', surround(x, before, after, value), [x], back, {
    twice: true,
    attributes: { mode: 'constant', before, after, value },
  });
}

type EdgeSpec = PadSpec & { readonly mode: 'reflect' | 'replicate' };

/** A linear function of x: its way back is one too, and the way back of that is the function again. */
function edge(x: Tensor, spec: EdgeSpec, shape: Shape): Tensor {
  const y = run(padPlanes(spec), [x], shape);
  const { mode, before } = spec;
  const lead = x.shape.slice(0, -2).map(() => 0);
  const first = [...lead, ...before.slice(-Math.min(x.rank, 2))];
  const attributes = { mode, before: first, after: shape.map((n, i) => n - x.shape[i]! - first[i]!) };
  return record('pad', y, [x], (dy) => [edgeGrad(dy, spec, x.shape)], { twice: true, attributes });
}

function edgeGrad(dy: Tensor, spec: EdgeSpec, shape: Shape): Tensor {
  const dx = run(padPlanesGrad(spec), [dy], shape);
  return record('padGrad', dx, [dy], (w) => [edge(w, spec, dy.shape)], { twice: true });
}

/**
 * More (or, where a pad is negative, fewer) places around x. `pads` are those before and after the last dimension, then the
 * second to last, and so on, as in PyTorch; `reflect` and `replicate` take one or two dimensions.
 *
 * @example
 *   pad(x, [1, 1, 2, 2], { mode: 'reflect' }); // [N, C, H, W] → [N, C, H + 4, W + 2]
 */
export function pad(x: Tensor, pads: readonly number[], { mode = 'constant', value = 0 }: PadOptions = {}): Tensor {
  const count = pads.length / 2;
  if (!Number.isInteger(count) || count > x.rank || !pads.every(Number.isInteger)) {
    throw new ShapeError(
      `pad: [${pads}] must be two whole numbers for each of at most ${x.rank} dimensions of ${formatShape(x.shape)}.`,
    );
  }
  if (pads.every((n) => n === 0)) return x;
  const before = x.shape.map((_, i) => pads[2 * (x.rank - 1 - i)] ?? 0);
  const after = x.shape.map((_, i) => pads[2 * (x.rank - 1 - i) + 1] ?? 0);
  const shape = x.shape.map((n, i) => n + before[i]! + after[i]!);
  if (shape.some((n) => n < 0)) {
    throw new ShapeError(`pad: [${pads}] would give ${formatShape(x.shape)} the shape ${formatShape(shape)}.`);
  }
  if (mode === 'constant') return constant(x, before, after, value);
  const last = x.shape.map((_, i) => i).slice(-2);
  if (count > 2) {
    throw new ShapeError(`pad: ${mode} takes one or two dimensions, got the ${count} of [${pads}].`);
  }
  for (const i of last) {
    const [n, most] = [x.shape[i]!, Math.max(before[i]!, after[i]!)];
    if (shape[i]! < 1 || n < 1 || (mode === 'reflect' && most >= n)) {
      throw new ShapeError(
        `pad: [${pads}] does not fit ${formatShape(x.shape)}: ${mode} needs ${mode === 'reflect' ? 'each pad below the size of its dimension' : 'at least one element'}.`,
      );
    }
  }
  const two = (of: readonly number[], none: number): [number, number] =>
    x.rank === 1 ? [none, of[0]!] : [of[x.rank - 2]!, of[x.rank - 1]!];
  const spec: EdgeSpec = {
    mode,
    planes: sizeOf(x.shape.slice(0, -2)),
    input: two(x.shape, 1),
    output: two(shape, 1),
    before: two(before, 0),
    value: 0,
  };
  return edge(x, spec, shape);
}
