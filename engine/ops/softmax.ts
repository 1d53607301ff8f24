import type { Lines } from '../../shaders/lines.js';
import { softmaxKernel } from '../../shaders/softmax.js';
import { axisOf, type Shape, sizeOf } from '../shape.js';
import { isTracing, record } from '../tape.js';
import { run, type Tensor } from '../tensor.js';
import { transpose } from './view.js';

/** A shape as lines along one of its dimensions. */
export const linesOf = (shape: Shape, axis: number): Lines => ({
  outer: sizeOf(shape.slice(0, axis)),
  n: shape[axis] ?? 1,
  inner: sizeOf(shape.slice(axis + 1)),
});

/** Whether a few long lines lie across memory: then they are worth moving, so that a workgroup can take each. */
export const worthMoving = ({ outer, n, inner }: Lines): boolean => inner > 1 && n > 256 && outer * inner < 256;

function alongDimension(name: 'softmax' | 'logSoftmax', x: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, x.rank, name);
  const lines = linesOf(x.shape, axis);
  if (worthMoving(lines) && !isTracing()) return transpose(alongDimension(name, transpose(x, axis, -1), -1), axis, -1);
  const y = run(softmaxKernel(name, lines), [x], x.shape);
  return record(name, y, [x], (dy) => [run(softmaxKernel(`${name}Grad`, lines), [y, dy], x.shape)], {
    attributes: { axis },
  });
}

/** eˣ / Σ eˣ along one dimension. dx = y ⊙ (dy − Σ y ⊙ dy). */
export const softmax = (x: Tensor, dim = -1): Tensor => alongDimension('softmax', x, dim);

/** x − log Σ eˣ along one dimension. dx = dy − eʸ Σ dy. */
export const logSoftmax = (x: Tensor, dim = -1): Tensor => alongDimension('logSoftmax', x, dim);
