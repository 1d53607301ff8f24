import { placeStrided } from '../../shaders/copy.js';
import { ShapeError } from '../errors.js';
import { axisOf, collapse, formatShape, stridesOf } from '../shape.js';
import { record } from '../tape.js';
import { empty, runStrided, type Tensor } from '../tensor.js';
import { slice, unsqueeze } from './view.js';

/** Writes x into every `step`-th place from `start` on along one axis of a row-major tensor. Outside of the graph. */
export function placeInto(out: Tensor, x: Tensor, axis: number, start: number, step = 1): void {
  const own = stridesOf(out.shape);
  const { shape, strides } = collapse(
    x.shape,
    x.strides,
    own.map((s, i) => (i === axis ? s * step : s)),
  );
  const source = { shape, strides: strides[0]!, offset: x.offset };
  runStrided(placeStrided({ source, target: { strides: strides[1]!, offset: start * own[axis]! } }), [x], [out]);
}

/** Tensors one after the other along an existing dimension. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = tensors[0];
  if (!first) throw new ShapeError('cat: the list of tensors is empty.');
  const axis = axisOf(dim, first.rank, 'cat');
  for (const t of tensors) {
    if (
      t.rank !== first.rank ||
      t.dtype !== first.dtype ||
      t.shape.some((n, i) => i !== axis && n !== first.shape[i])
    ) {
      throw new ShapeError(
        `cat: ${formatShape(t.shape)} does not fit ${formatShape(first.shape)} along dimension ${dim}.`,
      );
    }
  }
  const length = tensors.reduce((n, t) => n + t.shape[axis]!, 0);
  const out = empty(
    first.gpu,
    first.shape.map((n, i) => (i === axis ? length : n)),
    first.dtype,
    'cat',
  );
  const starts: number[] = [];
  let start = 0;
  for (const t of tensors) {
    starts.push(start);
    if (t.size > 0) placeInto(out, t, axis, start);
    start += t.shape[axis]!;
  }
  const back = (dy: Tensor) => tensors.map((t, i) => slice(dy, axis, starts[i]!, starts[i]! + t.shape[axis]!));
  return record('cat', out, tensors, back, { twice: true, attributes: { axis } });
}

/** Tensors of one shape one after the other along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return cat(
    tensors.map((t) => unsqueeze(t, dim)),
    dim,
  );
}
