import { toFloat as toFloatShader } from '../../shaders/where.js';
import { ShapeError } from '../errors.js';
import { record } from '../tape.js';
import { copyOf, isFloat, run, type Tensor } from '../tensor.js';

/** x as float32: of whole numbers without a gradient, of float16 with the gradient in float16. */
export function toFloat(x: Tensor): Tensor {
  if (x.dtype === 'float32') return x;
  if (x.dtype === 'float16') return record('toFloat', copyOf(x, 'float32'), [x], (dy) => [toHalf(dy)], { twice: true });
  return run(toFloatShader(x.size, x.dtype), [x], x.shape);
}

/**
 * x stored as float16 (adapters with `shader-f16`). Convolutions, batch norms, pools and elementwise functions of a float16
 * tensor give float16 and compute in float32; everything else gives float32. Beyond ±65504 it overflows: see GradScaler.
 */
export function toHalf(x: Tensor): Tensor {
  if (x.dtype === 'float16') return x;
  if (!isFloat(x)) throw new ShapeError(`toHalf: ${x} is no float tensor; convert it with toFloat() first.`);
  return record('toHalf', copyOf(x, 'float16'), [x], (dy) => [toFloat(dy)], { twice: true });
}
