import { type Scalars, unary, unaryGrad, unaryGradGrad } from '../../shaders/elementwise.js';
import { type UnaryFunction, type UnaryName, unaryFunctions } from '../../shaders/unary.js';
import { record } from '../tape.js';
import { requireFloat, run, type Tensor } from '../tensor.js';

/** Functions of one number, element by element. dx = f′(x) dy. */

function apply(name: UnaryName, x: Tensor, scalars?: Scalars): Tensor {
  requireFloat(name, x);
  const twice = (unaryFunctions[name] as UnaryFunction).dd !== undefined;
  const y = run(unary(name, x.size, scalars), [x], x.shape, x.dtype);
  return record(name, y, [x], (dy) => [gradient(name, x, dy, scalars)], { twice, attributes: { ...scalars } });
}

/** f′(x) dy as an operator of its own, linear in dy. */
function gradient(name: UnaryName, x: Tensor, dy: Tensor, scalars: Scalars | undefined): Tensor {
  const dx = run(unaryGrad(name, x.size, scalars), [x, dy], x.shape, x.dtype);
  return record(`${name}Grad`, dx, [x, dy], (w, [needsX, needsDy]) => [
    needsX ? run(unaryGradGrad(name, x.size, scalars), [x, dy, w], x.shape) : undefined,
    needsDy ? run(unaryGrad(name, x.size, scalars), [x, w], x.shape) : undefined,
  ]);
}

const plain = (name: UnaryName) => (x: Tensor) => apply(name, x);

export const neg = plain('neg');
export const abs = plain('abs');
export const exp = plain('exp');
export const log = plain('log');
/** log(1 + x), exact near 0. */
export const log1p = plain('log1p');
/** e^x − 1, exact near 0. */
export const expm1 = plain('expm1');
export const sqrt = plain('sqrt');
/** 1 / √x. */
export const rsqrt = plain('rsqrt');
/** 1 / x. */
export const reciprocal = plain('reciprocal');
export const square = plain('square');
export const sin = plain('sin');
export const cos = plain('cos');
export const floor = plain('floor');
export const sign = plain('sign');
export const erf = plain('erf');
export const relu = plain('relu');
export const relu6 = plain('relu6');
export const selu = plain('selu');
export const sigmoid = plain('sigmoid');
export const logSigmoid = plain('logSigmoid');
export const tanh = plain('tanh');
/** x · sigmoid(x). */
export const silu = plain('silu');
export const hardswish = plain('hardswish');

/** x for x > 0, slope · x below. */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => apply('leakyRelu', x, { a: slope });

/** x for x > 0, alpha (e^x − 1) below. */
export const elu = (x: Tensor, alpha = 1): Tensor => apply('elu', x, { a: alpha });

/** log(1 + e^(beta x)) / beta; x itself where beta x is beyond the threshold. */
export const softplus = (x: Tensor, beta = 1, threshold = 20): Tensor =>
  apply('softplus', x, { a: beta, b: threshold });

/** x Φ(x) with the normal distribution Φ, or its approximation by tanh. */
export const gelu = (x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor =>
  apply(approximate === 'tanh' ? 'geluTanh' : 'gelu', x);

/** x^exponent for a number as exponent. */
export const pow = (x: Tensor, exponent: number): Tensor =>
  exponent === 2 ? square(x) : apply('pow', x, { a: exponent });

/** x within [min, max]; the gradient is 1 on the limits. */
export const clamp = (x: Tensor, min = -3.4e38, max = 3.4e38): Tensor => apply('clamp', x, { a: min, b: max });

export const addScalar = (x: Tensor, value: number): Tensor => apply('addScalar', x, { a: value });
export const mulScalar = (x: Tensor, value: number): Tensor => apply('mulScalar', x, { a: value });
