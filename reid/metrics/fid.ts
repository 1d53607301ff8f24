import { symmetricEigen } from '../report/embedding/eigen.js';
import type { FeatureRows } from './distances.js';

interface Moments {
  readonly mean: Float64Array;
  /** [d, d] */
  readonly covariance: Float64Array;
}

function momentsOf({ data, dimension: d }: FeatureRows): Moments {
  const n = data.length / d;
  if (!(n >= 2))
    throw new RangeError(`frechetDistance: ${n} features have no covariance; give at least two on each side`);
  const mean = new Float64Array(d);
  for (let i = 0; i < data.length; i++) mean[i % d]! += data[i]! / n;
  const covariance = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) row[j] = data[i * d + j]! - mean[j]!;
    for (let j = 0; j < d; j++) {
      const scaled = row[j]! / (n - 1);
      for (let k = 0; k <= j; k++) covariance[j * d + k]! += scaled * row[k]!;
    }
  }
  for (let j = 0; j < d; j++) for (let k = 0; k < j; k++) covariance[k * d + j] = covariance[j * d + k]!;
  return { mean, covariance };
}

const multiply = (a: Float64Array, b: Float64Array, d: number): Float64Array => {
  const out = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < d; k++) {
      const value = a[i * d + k]!;
      if (value === 0) continue;
      for (let j = 0; j < d; j++) out[i * d + j]! += value * b[k * d + j]!;
    }
  }
  return out;
};

/**
 * Eigenvalues and vectors of a symmetric matrix without negative eigenvalues. All are lifted by their mean meanwhile: with fewer features
 * than numbers most are 0 but for rounding, which sweeps never end on.
 */
function eigenOf(matrix: Float64Array, d: number) {
  const lifted = matrix.slice();
  let trace = 0;
  for (let i = 0; i < d; i++) trace += matrix[i * d + i]!;
  const ridge = trace / d;
  for (let i = 0; i < d; i++) lifted[i * d + i]! += ridge;
  const { values, vectors } = symmetricEigen(lifted, d, d);
  return { values: values.map((value) => Math.max(value - ridge, 0)), vectors };
}

/** The square root of a symmetric matrix without negative eigenvalues. */
function squareRoot(matrix: Float64Array, d: number): Float64Array {
  const { values, vectors } = eigenOf(matrix, d);
  const scaled = vectors.map((value, i) => value * Math.sqrt(values[Math.floor(i / d)]!));
  const transposed = vectors.map((_, i) => vectors[(i % d) * d + Math.floor(i / d)]!);
  return multiply(transposed, scaled, d);
}

/**
 * The Fréchet distance of two sets of features as if they were normally distributed (Heusel et al., "GANs trained by a two time-scale
 * update rule", NeurIPS 2017): |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), in float64. It depends on the encoder of the features: name it
 * beside the number, and compare numbers of one encoder and of as many pictures alone.
 *
 * @throws RangeError for features of different dimensions, or less than two of a set
 */
export function frechetDistance(a: FeatureRows, b: FeatureRows): number {
  const d = a.dimension;
  if (d !== b.dimension) {
    throw new RangeError(`frechetDistance: features of ${d} and ${b.dimension} numbers are of different encoders`);
  }
  const [first, second] = [momentsOf(a), momentsOf(b)];
  const root = squareRoot(first.covariance, d);
  // (Σ₁ Σ₂)^½ has the trace of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric.
  const between = multiply(multiply(root, second.covariance, d), root, d);
  const { values } = eigenOf(between, d);
  let distance = 0;
  for (let i = 0; i < d; i++) {
    distance += (first.mean[i]! - second.mean[i]!) ** 2;
    distance += first.covariance[i * d + i]! + second.covariance[i * d + i]!;
    distance -= 2 * Math.sqrt(values[i]!);
  }
  return Math.max(distance, 0);
}
