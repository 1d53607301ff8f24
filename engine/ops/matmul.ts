import { type MatrixStrides, matmul as matmulShader } from '../../shaders/matmul.js';
import { ShapeError } from '../errors.js';
import { broadcastShapes, broadcastStrides, collapse, formatShape, sizeOf } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, empty, requireFloat, runStrided, type Tensor } from '../tensor.js';
import { add, mul } from './arithmetic.js';
import { sumTo } from './sum.js';
import { expand, reshape, squeeze, transpose, unsqueeze } from './view.js';

/** A's and B's batch axes as two (of the result's shape), or undefined where they need more. */
function batchStrides(a: Tensor, b: Tensor, batch: readonly number[]) {
  const of = (t: Tensor) => broadcastStrides(t.shape.slice(0, -2), t.strides.slice(0, -2), batch);
  const { shape, strides } = collapse(batch, of(a), of(b));
  if (shape.length > 2) return undefined;
  while (shape.length < 2) {
    shape.unshift(1);
    for (const s of strides) s.unshift(0);
  }
  return { shape, a: strides[0]!, b: strides[1]! };
}

const strides = (t: Tensor, [outer, inner]: readonly number[]): MatrixStrides => ({
  row: t.strides.at(-2)!,
  column: t.strides.at(-1)!,
  outer: outer!,
  inner: inner!,
  offset: t.offset,
});

/** The product of two tensors of at least two dimensions, read as they lie. Outside of the graph. */
function product(a: Tensor, b: Tensor, bias?: Tensor): Tensor {
  requireFloat('matmul', a, b);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), 'matmul');
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const layout = batchStrides(a, b, batch);
  if (!layout)
    return product(
      contiguousData(expand(a.detach(), [...batch, m, k])),
      contiguousData(expand(b.detach(), [...batch, k, n])),
      bias,
    );
  const [outer, inner] = layout.shape as [number, number];
  const spec = { m, n, k, outer, inner, a: strides(a, layout.a), b: strides(b, layout.b), bias: bias !== undefined };
  const out = empty(a.gpu, [...batch, m, n], 'float32', 'matmul');
  if (out.size > 0) {
    const shader = matmulShader({ ...spec, sharing: a.gpu.sharing });
    if (shader.grid[2] > 65535)
      throw new ShapeError(`matmul: a batch of ${sizeOf(batch)} matrices is beyond 65,535; split it.`);
    runStrided(shader, bias ? [a, b, contiguousData(bias)] : [a, b], [out]);
  }
  return out;
}

/**
 * The matrix product, batched and broadcast as in PyTorch: [.., m, k] · [.., k, n] → [.., m, n]; a vector on the left is a row,
 * on the right a column. Transposed views are read where they lie. dA = dC Bᵀ, dB = Aᵀ dC.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) throw new ShapeError(`matmul: ${a} and ${b} must have at least one dimension.`);
  if (a.rank === 1) return squeeze(matmul(unsqueeze(a, 0), b), b.rank === 1 ? 0 : -2);
  if (b.rank === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.shape.at(-1) !== b.shape.at(-2)) {
    throw new ShapeError(
      `matmul: ${formatShape(a.shape)} and ${formatShape(b.shape)} do not fit: ${a.shape.at(-1)} columns against ${b.shape.at(-2)} rows.`,
    );
  }
  return record(
    'matmul',
    product(a, b),
    [a, b],
    (dy, [needsA, needsB]) => [
      needsA ? sumTo(matmul(dy, transpose(b)), a.shape) : undefined,
      needsB ? sumTo(matmul(transpose(a), dy), b.shape) : undefined,
    ],
    { twice: true },
  );
}

/** x Wᵀ + bias for x [.., in], weight [out, in], bias [out]; as torch.nn.functional.linear. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.shape;
  if (weight.rank !== 2 || x.shape.at(-1) !== inputs || (bias && (bias.rank !== 1 || bias.shape[0] !== outputs))) {
    throw new ShapeError(
      `linear: x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}${bias ? ` and bias ${formatShape(bias.shape)}` : ''} do not fit; expected [.., in], [out, in], [out].`,
    );
  }
  const rows = reshape(x, [-1, inputs!]);
  const y = record(
    'linear',
    product(rows, transpose(weight.detach()), bias),
    bias ? [rows, weight, bias] : [rows, weight],
    (dy, [needsX, needsW, needsB]) => [
      needsX ? matmul(dy, weight) : undefined,
      needsW ? matmul(transpose(dy), rows) : undefined,
      needsB ? sumTo(dy, [outputs!]) : undefined,
    ],
    { twice: true },
  );
  return reshape(y, [...x.shape.slice(0, -1), outputs!]);
}

/** beta · c + alpha · (a · b). */
export function addmm(c: Tensor, a: Tensor, b: Tensor, { beta = 1, alpha = 1 } = {}): Tensor {
  return add(mul(c, beta), mul(matmul(a, b), alpha));
}
