import { maskFill, preluGrad, prelu as preluShader, where as whereShader } from '../../shaders/where.js';
import { ShapeError } from '../errors.js';
import { broadcastShapes, broadcastStrides, collapse, formatShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { record } from '../tape.js';
import { empty, run, runMany, runStrided, type Tensor } from '../tensor.js';
import { sumTo } from './sum.js';
import { reshape } from './view.js';

/** Choices between values. A condition is a tensor of any type; what counts is whether its elements are 0. */

function broadcast(shape: Shape, tensors: readonly Tensor[]) {
  const { shape: axes, strides } = collapse(shape, ...tensors.map((t) => broadcastStrides(t.shape, t.strides, shape)));
  return {
    shape: axes,
    places: tensors.map((t, i) => ({
      strides: strides[i]!,
      offset: t.offset,
      dtype: t.dtype === 'float16' ? 'float32' : t.dtype,
    })),
  };
}

/** The value where the mask is set (`filled`) or where it is not, x elsewhere, both broadcast. */
function fillWhere(x: Tensor, mask: Tensor, value: number, filled: boolean): Tensor {
  const shape = broadcastShapes(x.shape, mask.shape, 'maskedFill');
  const all = broadcast(shape, [mask, x]);
  const out = empty(x.gpu, shape, 'float32', 'maskedFill');
  const spec = { shape: all.shape, mask: all.places[0]!, x: all.places[1]!, value, where: filled };
  runStrided(maskFill(spec), [mask, x], [out]);
  const back = (dy: Tensor) => [sumTo(fillWhere(dy, mask, 0, filled), x.shape)];
  return record('maskedFill', out, [x], back, { twice: true });
}

/** `condition` ≠ 0 ? a : b, broadcast; one of a and b may be a number. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new ShapeError('where: one of the two values must be a tensor.');
    return fillWhere(b, condition, a, true);
  }
  if (typeof b === 'number') return fillWhere(a, condition, b, false);
  const shape = broadcastShapes(broadcastShapes(condition.shape, a.shape, 'where'), b.shape, 'where');
  const all = broadcast(shape, [condition, a, b]);
  const out = empty(a.gpu, shape, 'float32', 'where');
  const spec = { shape: all.shape, condition: all.places[0]!, x: all.places[1]!, y: all.places[2]! };
  runStrided(whereShader(spec), [condition, a, b], [out]);
  const back = (dy: Tensor, [needsA, needsB]: readonly boolean[]) => [
    needsA ? sumTo(fillWhere(dy, condition, 0, false), a.shape) : undefined,
    needsB ? sumTo(fillWhere(dy, condition, 0, true), b.shape) : undefined,
  ];
  return record('where', out, [a, b], back, { twice: true });
}

/** x with the value where the mask, which broadcasts to x, is not 0. */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  if (!sameShape(broadcastShapes(x.shape, mask.shape, 'maskedFill'), x.shape)) {
    throw new ShapeError(
      `maskedFill: a mask of shape ${formatShape(mask.shape)} does not broadcast to ${formatShape(x.shape)}.`,
    );
  }
  return fillWhere(x, mask, value, true);
}

/** x for x > 0, weight · x otherwise; one weight, or one for each channel (dimension 1). */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.rank > 1 ? x.shape[1]! : 1;
  if (weight.size !== 1 && (weight.rank !== 1 || weight.size !== channels)) {
    throw new ShapeError(
      `prelu: a weight of shape ${formatShape(weight.shape)} does not fit x ${formatShape(x.shape)}; expected [1] or [${channels}].`,
    );
  }
  const spec = { n: x.size, channels: weight.size, inner: weight.size === 1 ? 1 : sizeOf(x.shape.slice(2)) };
  const perChannel = x.shape.map((n, i) => (i === 1 && weight.size !== 1 ? n : 1));
  return record('prelu', run(preluShader(spec), [x, weight], x.shape), [x, weight], (dy) => {
    const [dx, shares] = runMany(preluGrad(spec), [x, weight, dy], [{ shape: x.shape }, { shape: x.shape }]) as [
      Tensor,
      Tensor,
    ];
    return [dx, reshape(sumTo(shares, perChannel), weight.shape)];
  });
}
