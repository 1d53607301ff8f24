/** The RGA module by plain loops in float64, as the paper writes it: with the affinities, in training mode. */

export type Weights = ReadonlyMap<string, ArrayLike<number>>;

/** [batch, rows, columns] in row-major order. */
interface Maps {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

const at = (m: Maps, b: number, i: number, j: number): number => m.data[(b * m.rows + i) * m.columns + j]!;

function maps(batch: number, rows: number, columns: number, of: (b: number, i: number, j: number) => number): Maps {
  const data = new Float64Array(batch * rows * columns);
  let n = 0;
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[n++] = of(b, i, j);
  return { batch, rows, columns, data };
}

/** A 1×1 convolution: the weight [outputs, rows] times each image. */
function product(weight: ArrayLike<number>, x: Maps): Maps {
  const outputs = weight.length / x.rows;
  return maps(x.batch, outputs, x.columns, (b, o, j) => {
    let sum = 0;
    for (let i = 0; i < x.rows; i++) sum += weight[o * x.rows + i]! * at(x, b, i, j);
    return sum;
  });
}

/** Batch norm by the batch's statistics, and a ReLU where wanted. */
function norm(weights: Weights, name: string, x: Maps, relu = true): Maps {
  const n = x.batch * x.columns;
  const mean = new Float64Array(x.rows);
  const variance = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    for (let b = 0; b < x.batch; b++) for (let j = 0; j < x.columns; j++) mean[i]! += at(x, b, i, j) / n;
    for (let b = 0; b < x.batch; b++)
      for (let j = 0; j < x.columns; j++) variance[i]! += (at(x, b, i, j) - mean[i]!) ** 2 / n;
  }
  const scale = weights.get(`${name}.weight`)!;
  const shift = weights.get(`${name}.bias`)!;
  return maps(x.batch, x.rows, x.columns, (b, i, j) => {
    const y = ((at(x, b, i, j) - mean[i]!) / Math.sqrt(variance[i]! + 1e-5)) * scale[i]! + shift[i]!;
    return relu ? Math.max(y, 0) : y;
  });
}

const embed = (weights: Weights, name: string, x: Maps): Maps =>
  norm(weights, `${name}.1`, product(weights.get(`${name}.0.weight`)!, x));

/** A weight in (0, 1) for each column of x. */
function half(weights: Weights, kind: 'spatial' | 'channel', x: Maps): Maps {
  const theta = embed(weights, `theta_${kind}`, x);
  const phi = embed(weights, `phi_${kind}`, x);
  const affinity = maps(x.batch, x.columns, x.columns, (b, i, j) => {
    let sum = 0;
    for (let k = 0; k < theta.rows; k++) sum += at(theta, b, k, i) * at(phi, b, k, j);
    return sum;
  });
  const n = x.columns;
  const relation = maps(x.batch, 2 * n, n, (b, c, p) => (c < n ? at(affinity, b, p, c) : at(affinity, b, c - n, p)));
  const related = embed(weights, `gg_${kind}`, relation);
  const own = embed(weights, `gx_${kind}`, x);
  const joined = maps(x.batch, 1 + related.rows, n, (b, i, p) => {
    if (i > 0) return at(related, b, i - 1, p);
    let sum = 0;
    for (let k = 0; k < own.rows; k++) sum += at(own, b, k, p);
    return sum / own.rows;
  });
  const hidden = norm(weights, `W_${kind}.1`, product(weights.get(`W_${kind}.0.weight`)!, joined));
  const logits = norm(weights, `W_${kind}.4`, product(weights.get(`W_${kind}.3.weight`)!, hidden), false);
  return maps(x.batch, 1, n, (b, _, p) => 1 / (1 + Math.exp(-at(logits, b, 0, p))));
}

/** The module's output [B, C, N] for x [B, C, N]; a half without weights is off. */
export function rgaByLoops(
  weights: Weights,
  [batch, channels, nodes]: readonly [number, number, number],
  x: ArrayLike<number>,
): Float64Array {
  let y: Maps = { batch, rows: channels, columns: nodes, data: Float64Array.from(x) };
  if (weights.has('gx_spatial.0.weight')) {
    const weight = half(weights, 'spatial', y);
    const before = y;
    y = maps(batch, channels, nodes, (b, c, p) => at(before, b, c, p) * at(weight, b, 0, p));
  }
  if (weights.has('gx_channel.0.weight')) {
    const before = y;
    const weight = half(
      weights,
      'channel',
      maps(batch, nodes, channels, (b, p, c) => at(before, b, c, p)),
    );
    y = maps(batch, channels, nodes, (b, c, p) => at(before, b, c, p) * at(weight, b, 0, c));
  }
  return y.data;
}
