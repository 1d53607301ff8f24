import type { Gpu } from '../../../engine/index.js';
import { abs, addScalar, clamp, mulScalar, relu } from '../../../engine/ops/unary.js';
import { where } from '../../../engine/ops/where.js';
import { randn } from '../../../engine/random.js';
import { scope } from '../../../engine/scope.js';
import type { Shape } from '../../../engine/shape.js';
import { noGrad } from '../../../engine/tape.js';
import type { Tensor } from '../../../engine/tensor.js';

/** Numbers beyond the limit are drawn again so often; 5 in a hundred are, so one in 10⁸ is left, and is cut off. */
const DRAWS = 6;
const LIMIT = 2;

/** Normal numbers of the given standard deviation, of which those beyond two of them are drawn again. */
export function truncatedNormal(shape: Shape, std: number, gpu: Gpu): Tensor {
  return scope(
    () =>
      noGrad(() => {
        let x = randn(shape, { gpu });
        for (let i = 1; i < DRAWS; i++) x = where(relu(addScalar(abs(x), -LIMIT)), randn(shape, { gpu }), x);
        return mulScalar(clamp(x, -LIMIT, LIMIT), std);
      }),
    gpu,
  );
}
