import { dropout as dropoutShader } from '../../shaders/dropout.js';
import { nextDraws } from '../random.js';
import { record } from '../tape.js';
import { run, type Tensor } from '../tensor.js';

/** While training: 0 with the chance p, x / (1 − p) otherwise. The same draw makes the same mask for the gradient. */
export function dropout(x: Tensor, p = 0.5, training = true): Tensor {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout: p must lie between 0 and 1, got ${p}.`);
  if (!training || p === 0) return x;
  const draw = nextDraws('dropout');
  const masked = (t: Tensor): Tensor => {
    const shader = (moved: number) => dropoutShader({ n: t.size, p, ...draw(moved) });
    const out = run(shader(0), [t], t.shape, 'float32', (moved) => shader(moved).params!);
    return record('dropout', out, [t], (dy) => [masked(dy)], { twice: true });
  };
  return masked(x);
}
