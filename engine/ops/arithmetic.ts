import { type BinaryName, binary, binaryBroadcast } from '../../shaders/elementwise.js';
import { broadcastShapes, broadcastStrides, collapse, sameShape } from '../shape.js';
import { record } from '../tape.js';
import { empty, requireFloat, run, runStrided, type Tensor } from '../tensor.js';
import { sumTo } from './sum.js';
import { addScalar, mulScalar, neg, pow as powScalar, reciprocal } from './unary.js';

/** Functions of two tensors (or a tensor and a number), with PyTorch's broadcasting. */

function apply(name: BinaryName, a: Tensor, b: Tensor): Tensor {
  requireFloat(name, a, b);
  const dtype = a.dtype === b.dtype ? a.dtype : 'float32';
  if (sameShape(a.shape, b.shape) && a.isContiguous && b.isContiguous)
    return run(binary(name, a.size), [a, b], a.shape, dtype);
  const shape = broadcastShapes(a.shape, b.shape, name);
  const both = collapse(
    shape,
    broadcastStrides(a.shape, a.strides, shape),
    broadcastStrides(b.shape, b.strides, shape),
  );
  const out = empty(a.gpu, shape, dtype, name);
  const spec = {
    shape: both.shape,
    x: { strides: both.strides[0]!, offset: a.offset },
    y: { strides: both.strides[1]!, offset: b.offset },
  };
  runStrided(binaryBroadcast(name, spec), [a, b], [out]);
  return out;
}

/** a + b. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return addScalar(a, b);
  const back = (dy: Tensor) => [sumTo(dy, a.shape), sumTo(dy, b.shape)];
  return record('add', apply('add', a, b), [a, b], back, { twice: true });
}

/** a − b. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return addScalar(a, -b);
  return record(
    'sub',
    apply('sub', a, b),
    [a, b],
    (dy, [needsA, needsB]) => [needsA ? sumTo(dy, a.shape) : undefined, needsB ? sumTo(neg(dy), b.shape) : undefined],
    { twice: true },
  );
}

/** a · b, element by element. */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return mulScalar(a, b);
  return record(
    'mul',
    apply('mul', a, b),
    [a, b],
    (dy, [needsA, needsB]) => [
      needsA ? sumTo(mul(dy, b), a.shape) : undefined,
      needsB ? sumTo(mul(dy, a), b.shape) : undefined,
    ],
    { twice: true },
  );
}

/** a / b. */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return mulScalar(a, 1 / b);
  return record(
    'div',
    apply('div', a, b),
    [a, b],
    (dy, [needsA, needsB]) => [
      needsA ? sumTo(div(dy, b), a.shape) : undefined,
      needsB ? sumTo(neg(div(mul(dy, a), mul(b, b))), b.shape) : undefined,
    ],
    { twice: true },
  );
}

/** number − a. */
export const rsub = (a: Tensor, value: number): Tensor => addScalar(neg(a), value);

/** number / a. */
export const rdiv = (a: Tensor, value: number): Tensor => mulScalar(reciprocal(a), value);

/** The larger of two; at a tie the gradient is shared half and half. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  const back = (dy: Tensor) => {
    const share = apply('larger', a, b);
    return [sumTo(mul(dy, share), a.shape), sumTo(mul(dy, rsub(share, 1)), b.shape)];
  };
  return record('maximum', apply('maximum', a, b), [a, b], back, { twice: true });
}

/** The smaller of two; at a tie the gradient is shared half and half. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  const back = (dy: Tensor) => {
    const share = apply('larger', b, a);
    return [sumTo(mul(dy, share), a.shape), sumTo(mul(dy, rsub(share, 1)), b.shape)];
  };
  return record('minimum', apply('minimum', a, b), [a, b], back, { twice: true });
}

/** a^b: a number as exponent, or a tensor of exponents for a positive base. */
export function pow(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return powScalar(a, b);
  return record('pow', apply('pow', a, b), [a, b], (dy, [needsA, needsB]) => [
    needsA ? sumTo(mul(dy, mul(b, apply('pow', a, sub(b, 1)))), a.shape) : undefined,
    needsB ? sumTo(mul(dy, apply('powLog', a, b)), b.shape) : undefined,
  ]);
}

/** 1 where a = b, else 0. No gradient. */
export const equal = (a: Tensor, b: Tensor): Tensor => apply('equal', a, b);

/** 1 where a > b, else 0. No gradient. */
export const greater = (a: Tensor, b: Tensor): Tensor => apply('greater', a, b);

/** 1 where a ≥ b, else 0. No gradient. */
export const greaterEqual = (a: Tensor, b: Tensor): Tensor => apply('greaterEqual', a, b);
