import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../../random/philox.js';
import { symmetricEigen } from '../../../../reid/report/embedding/eigen.js';
import { pca } from '../../../../reid/report/embedding/pca.js';

const close = (a: number, b: number, within: number, what: string) =>
  assert.ok(Math.abs(a - b) <= within, `${what}: ${a} and ${b}`);

/** Two rotated axes, exactly: ±3 along (0.6, 0.8), ±1 along (−0.8, 0.6), around (5, −2). */
const CROSS = [
  [3, 0.6, 0.8],
  [-3, 0.6, 0.8],
  [1, -0.8, 0.6],
  [-1, -0.8, 0.6],
].flatMap(([t, x, y]) => [5 + t! * x!, -2 + t! * y!]);

test('PCA of points whose covariance is known by hand', () => {
  const { mean, components, variances, shares, points } = pca({ data: CROSS, count: 4, dimension: 2 }, 2);
  const near = (got: ArrayLike<number>, want: readonly number[], what: string) =>
    want.forEach((value, i) => {
      close(got[i]!, value, 1e-12, what);
    });
  near(mean, [5, -2], 'mean');
  // Sums of squares 18 and 2 over n − 1 = 3; the larger entry is made positive: (0.6, 0.8) and (0.8, −0.6).
  near(variances, [6, 2 / 3], 'variance');
  near(shares, [0.9, 0.1], 'share');
  near(components, [0.6, 0.8, 0.8, -0.6], 'component');
  near(points, [3, 0, -3, 0, 0, -1, 0, 1], 'point');
});

const random = (count: number, dimension: number, seed: number) => {
  const stream = new RandomStream(seed, 'pca test');
  return Float64Array.from({ length: count * dimension }, (_, i) => stream.normal() * (1 + (i % dimension)) ** -0.5);
};

test('eigenvectors: A·v = λ·v at right angles, the trace kept, also with equal eigenvalues', () => {
  const n = 24;
  const rows = random(40, n, 3);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < 40; k++) matrix[i * n + j]! += rows[k * n + i]! * rows[k * n + j]!;
  // 4 eigenvalues of 7: a block of its own that nothing else touches.
  for (let i = 20; i < n; i++) for (let j = 0; j < n; j++) matrix[i * n + j] = matrix[j * n + i] = i === j ? 7 : 0;
  const { values, vectors } = symmetricEigen(matrix.slice(), n, n);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i]!;
  close(
    values.reduce((sum, value) => sum + value, 0),
    trace,
    1e-11 * trace,
    'trace',
  );
  assert.is(values.filter((value) => Math.abs(value - 7) < 1e-12).length, 4);
  for (let a = 0; a < n; a++) {
    if (a > 0) assert.ok(values[a - 1]! >= values[a]!, 'descending');
    for (let b = 0; b <= a; b++) {
      let dot = 0;
      for (let i = 0; i < n; i++) dot += vectors[a * n + i]! * vectors[b * n + i]!;
      close(dot, a === b ? 1 : 0, 1e-12, `vectors ${a} and ${b}`);
    }
    for (let i = 0; i < n; i++) {
      let product = 0;
      for (let j = 0; j < n; j++) product += matrix[i * n + j]! * vectors[a * n + j]!;
      close(product, values[a]! * vectors[a * n + i]!, 1e-11 * values[0]!, `A·v ${a}, ${i}`);
    }
  }
});

test('fewer points than dimensions: the same numbers as by the covariance', () => {
  const [count, dimension] = [9, 12];
  const data = random(count, dimension, 5);
  const wide = pca({ data, count, dimension }, 3);
  // Twice the points, twice over: the covariance's way, variances smaller by (2·8) / 17.
  const twice = pca({ data: [...data, ...data], count: 2 * count, dimension }, 3);
  for (let k = 0; k < 3; k++) {
    close(twice.variances[k]!, (wide.variances[k]! * 16) / 17, 1e-12, `variance ${k}`);
    for (let j = 0; j < dimension; j++) {
      close(twice.components[k * dimension + j]!, wide.components[k * dimension + j]!, 1e-11, `component ${k}, ${j}`);
    }
  }
  const { points, variances } = wide;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += points[3 * i]! ** 2;
  close(squares / (count - 1), variances[0]!, 1e-12, 'variance of the points along the first component');
});

test('the sign is the same however the points are ordered or mirrored', () => {
  const [count, dimension] = [20, 6];
  const data = random(count, dimension, 8);
  const mirrored = pca({ data: data.map((value) => -value), count, dimension }, 2).components;
  const reversed = new Float64Array(data.length);
  for (let i = 0; i < count; i++)
    reversed.set(data.subarray(i * dimension, (i + 1) * dimension), (count - 1 - i) * dimension);
  const backwards = pca({ data: reversed, count, dimension }, 2).components;
  pca({ data, count, dimension }, 2).components.forEach((value, i) => {
    close(mirrored[i]!, value, 1e-12, `mirrored ${i}`);
    close(backwards[i]!, value, 1e-12, `backwards ${i}`);
  });
});

test('directions without variance are zeros; wrong input is refused by name', () => {
  const line = pca({ data: [1, 1, 2, 2, 3, 3], count: 3, dimension: 2 }, 2);
  assert.equal([...line.components.subarray(2)], [0, 0]);
  assert.is(line.variances[1], 0);
  const same = pca({ data: new Float32Array(12).fill(3), count: 4, dimension: 3 }, 2);
  assert.ok(same.points.every((value) => value === 0) && same.shares.every((value) => value === 0));
  assert.throws(() => pca({ data: [1, 2, 3], count: 2, dimension: 2 }, 1), /3 values are no 2 points of 2 dimensions/);
  assert.throws(() => pca({ data: [1, 2], count: 1, dimension: 2 }, 1), /one point; it takes two/);
  assert.throws(() => pca({ data: [1, 2, Number.NaN, 4], count: 2, dimension: 2 }, 1), /point 1 holds NaN, value 0/);
  assert.throws(() => pca({ data: [1, 2, 3, 4], count: 2, dimension: 2 }, 3), /3 components of 2 dimensions/);
});

test.run();
