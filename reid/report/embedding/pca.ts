import { symmetricEigen } from './eigen.js';

/** Points as rows: `data` is `[count, dimension]`, row-major. What `extractFeatures` gives fits. */
export interface PointRows {
  readonly data: ArrayLike<number>;
  readonly count: number;
  readonly dimension: number;
}

/** Principal components and the points seen along them. */
export interface Pca {
  /** `[dimension]`. */
  readonly mean: Float64Array;
  /** `[components, dimension]`: rows of length 1 at right angles; in each, the entry farthest from 0 is positive. */
  readonly components: Float64Array;
  /** Variance along each component (divisor n − 1), descending. */
  readonly variances: Float64Array;
  /** The same as a share of the whole variance. */
  readonly shares: Float64Array;
  /** `[count, components]`: the points less the mean, along the components. */
  readonly points: Float64Array;
}

/**
 * Principal component analysis (Hotelling, 1933), exact: by the eigenvectors of the covariance [D, D], or of the points' inner
 * products [N, N] where there are fewer points than dimensions. About min(N, D)²·max(N, D)/2 + 4/3·min(N, D)³ multiply-adds.
 * A direction without variance gives a component of zeros.
 *
 * @param components how many; at most the dimension
 * @throws RangeError naming what is wrong: fewer than two points, sizes that do not fit, or a value that is not finite
 */
export function pca(rows: PointRows, components: number): Pca {
  checkPoints('pca', rows);
  const { count: n, dimension: d } = rows;
  if (!(Number.isInteger(components) && components >= 1 && components <= d)) {
    throw new RangeError(`pca: ${components} components of ${d} dimensions were asked for`);
  }
  const { mean, centred } = centre(rows);
  const byPoints = n < d;
  const side = Math.min(n, d);
  const products = innerProducts(byPoints ? centred : transposed(centred, n, d), side, Math.max(n, d));
  let total = 0;
  for (let i = 0; i < side; i++) total += products[i * side + i]!;
  const { values, vectors } = symmetricEigen(products, side, Math.min(components, side));
  const axes = new Float64Array(components * d);
  const variances = new Float64Array(components);
  const smallest = Math.max(values[0] ?? 0, 0) * side * Number.EPSILON;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (!(value > smallest)) break;
    variances[k] = value / (n - 1);
    const axis = axes.subarray(k * d, (k + 1) * d);
    const vector = vectors.subarray(k * side, (k + 1) * side);
    if (byPoints) weighRows(centred, vector, axis);
    else axis.set(vector);
    orient(axis);
  }
  return {
    mean,
    components: axes,
    variances,
    shares: variances.map((variance) => (total > 0 ? (variance * (n - 1)) / total : 0)),
    points: project(centred, axes, n, d, components),
  };
}

/** Refuses rows that a map can not be made of. */
export function checkPoints(what: string, { data, count, dimension }: PointRows): void {
  if (
    !(Number.isInteger(count) && Number.isInteger(dimension) && dimension >= 1 && data.length === count * dimension)
  ) {
    throw new RangeError(`${what}: ${data.length} values are no ${count} points of ${dimension} dimensions`);
  }
  if (count < 2)
    throw new RangeError(`${what}: there is ${count === 1 ? 'one point' : 'no point'}; it takes two or more`);
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new RangeError(`${what}: point ${Math.floor(i / dimension)} holds ${data[i]}, value ${i % dimension}`);
    }
  }
}

function centre({ data, count, dimension }: PointRows) {
  const mean = new Float64Array(dimension);
  for (let i = 0; i < count; i++) for (let j = 0; j < dimension; j++) mean[j] = mean[j]! + data[i * dimension + j]!;
  for (let j = 0; j < dimension; j++) mean[j] = mean[j]! / count;
  const centred = new Float64Array(count * dimension);
  for (let i = 0; i < centred.length; i++) centred[i] = data[i]! - mean[i % dimension]!;
  return { mean, centred };
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!;
  return out;
}

/** R·Rᵀ of rows [side, length], on and below the diagonal; two by two rows at a time, which halves the loads. */
function innerProducts(rows: Float64Array, side: number, length: number): Float64Array {
  const out = new Float64Array(side * side);
  for (let i = 0; i < side; i += 2) {
    const a = i * length;
    const b = i + 1 < side ? a + length : a;
    for (let j = 0; j <= i; j += 2) {
      const c = j * length;
      const e = j + 1 < side ? c + length : c;
      let ac = 0;
      let ae = 0;
      let bc = 0;
      let be = 0;
      for (let k = 0; k < length; k++) {
        const x = rows[a + k]!;
        const y = rows[b + k]!;
        const u = rows[c + k]!;
        const v = rows[e + k]!;
        ac += x * u;
        ae += x * v;
        bc += y * u;
        be += y * v;
      }
      out[i * side + j] = ac;
      if (j + 1 < side) out[i * side + j + 1] = ae;
      if (i + 1 < side) out[(i + 1) * side + j] = bc;
      if (i + 1 < side && j + 1 < side) out[(i + 1) * side + j + 1] = be;
    }
  }
  return out;
}

/** axis ← Σ weightᵢ·rowᵢ, of length 1. */
function weighRows(rows: Float64Array, weights: Float64Array, axis: Float64Array): void {
  const d = axis.length;
  for (let i = 0; i < weights.length; i++) {
    for (let j = 0; j < d; j++) axis[j] = axis[j]! + weights[i]! * rows[i * d + j]!;
  }
  let squares = 0;
  for (const value of axis) squares += value * value;
  const length = Math.sqrt(squares);
  for (let j = 0; j < d; j++) axis[j] = axis[j]! / length;
}

/** Of the two signs the one with which the entry farthest from 0, the first of equals, is positive. */
function orient(axis: Float64Array): void {
  let farthest = 0;
  for (let j = 1; j < axis.length; j++) if (Math.abs(axis[j]!) > Math.abs(axis[farthest]!)) farthest = j;
  if (axis[farthest]! < 0) for (let j = 0; j < axis.length; j++) axis[j] = -axis[j]!;
}

function project(centred: Float64Array, axes: Float64Array, n: number, d: number, components: number): Float64Array {
  const out = new Float64Array(n * components);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < components; k++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += centred[i * d + j]! * axes[k * d + j]!;
      out[i * components + k] = sum;
    }
  }
  return out;
}
