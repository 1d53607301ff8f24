import { dropout as dropoutShader } from '../../shaders/dropout.js';
import { nextDraw } from '../random.js';
import { record } from '../tape.js';
import { run, type Tensor } from '../tensor.js';

/** While training: 0 with the chance p, x / (1 − p) otherwise. The same draw makes the same mask for the gradient. */
export function dropout(x: Tensor, p = 0.5, training = true): Tensor {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout: p must lie between 0 and 1, got ${p}.`);
  if (!training || p === 0) return x;
  const draw = nextDraw('dropout');
  const masked = (t: Tensor): Tensor =>
    record('dropout', run(dropoutShader({ n: t.size, p, ...draw }), [t], t.shape), [t], (dy) => [masked(dy)], {
      twice: true,
    });
  return masked(x);
}
