import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { featurePoints } from '../../../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../../../reid/metrics/reranking/gpu-points.js';
import { matrixPoints } from '../../../../reid/metrics/reranking/matrix-points.js';
import { nearestNeighbours } from '../../../../reid/metrics/reranking/neighbours.js';
import type { DistanceTile, PointDistances } from '../../../../reid/metrics/reranking/point-distances.js';
import { closeAfter, gpu } from '../../../engine/device.js';
import { fill } from '../../../golden/fill.js';

closeAfter(test);

/** A symmetric matrix of few different distances, so that nearly all tie. */
function tied(n: number): Float32Array {
  const values = fill('tied', [n * n], { kind: 'quant', levels: 5, offset: 0 });
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) values[i * n + j] = values[j * n + i];
    values[i * n + i] = 0;
  }
  return values;
}

/** The same points in tiles of so many rows and columns, all of those that touch the diagonal or lie above it. */
function inTiles(points: PointDistances, matrix: Float32Array, rows: number, columns: number): PointDistances {
  const n = points.points;
  function* tiles(): Generator<DistanceTile> {
    for (let row = 0; row < n; row += rows) {
      for (let column = 0; column < n; column += columns) {
        const [height, width] = [Math.min(rows, n - row), Math.min(columns, n - column)];
        if (column + width <= row) continue;
        const values = Float32Array.from({ length: height * width }, (_, i) => {
          const [r, c] = [row + Math.floor(i / width), column + (i % width)];
          return c > r ? matrix[r * n + c] : Number.NaN; // Not to be looked at.
        });
        yield { row, rows: height, column, columns: width, values };
      }
    }
  }
  return { ...points, tiles };
}

test('lists are the heads of stable sorts with the point itself first, in tiles of any size', async () => {
  const n = 37;
  const matrix = tied(n);
  const points = matrixPoints(matrix, 'sqeuclidean');
  for (const [rows, columns] of [
    [n, n],
    [8, 8],
    [5, 11],
    [1, 37],
  ]) {
    for (const size of [1, 2, 9, 37, 60]) {
      const lists = await nearestNeighbours(inTiles(points, matrix, rows, columns), size);
      assert.is(lists.size, Math.min(size, n));
      for (let i = 0; i < n; i++) {
        const row = matrix.subarray(i * n, (i + 1) * n);
        const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
        const want = [i, ...others.sort((a, b) => row[a] - row[b] || a - b)].slice(0, size);
        const at = i * lists.size;
        assert.equal(Array.from(lists.indices.subarray(at, at + lists.size)), want);
        assert.equal(
          Array.from(lists.distances.subarray(at, at + lists.size)),
          want.map((j) => row[j]),
        );
        assert.is(lists.farthest[i], Math.max(...row));
      }
    }
  }
});

test('a NaN names both points', async () => {
  const matrix = tied(6);
  matrix[2 * 6 + 5] = Number.NaN;
  matrix[5 * 6 + 2] = Number.NaN;
  let message = '';
  await nearestNeighbours(matrixPoints(matrix, 'sqeuclidean'), 2).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /points 2 and 5 is NaN/);
});

test('on the GPU the same lists as by plain loops, though all features point the same way', async () => {
  // A shared direction ten times as long as what tells points apart: float32 products alone lose two digits.
  const [n, dimension] = [700, 48];
  const data = fill('gpu points', [n, dimension], { kind: 'signed', scale: 1 }).map((x) => x + 10);
  for (const unit of [false, true]) {
    const want = await nearestNeighbours(featurePoints({ data, dimension }, { unit }), 12);
    const points = await gpuPoints(gpu, { data, dimension }, { unit });
    const got = await nearestNeighbours(points, 12);
    points.release();
    assert.equal(got.indices, want.indices);
    got.farthest.forEach((distance, i) => {
      assert.ok(Math.abs(distance - want.farthest[i]) < 1e-5 * want.farthest[i]);
    });
  }
});

test('on the GPU rounding does not choose between neighbours', async () => {
  // Every point has a double next to it: which of the two is nearer to a third is told by the seventh digit.
  const [n, dimension] = [600, 32];
  const data = fill('doubles', [n, dimension], { kind: 'signed', scale: 1 });
  const shift = fill('doubles/shift', [n, dimension], { kind: 'signed', scale: 4e-7 });
  for (let k = 0; k < (n / 2) * dimension; k++) data[(n / 2) * dimension + k] = data[k] + shift[k];
  const want = await nearestNeighbours(featurePoints({ data, dimension }), 9);
  const points = await gpuPoints(gpu, { data, dimension });
  assert.not.equal((await nearestNeighbours({ ...points, spare: 0 }, 9)).indices, want.indices);
  assert.equal((await nearestNeighbours(points, 9)).indices, want.indices);
  points.release();
});

test('on the GPU each pair is computed about once', async () => {
  const [n, dimension] = [1300, 4];
  const points = await gpuPoints(gpu, { data: fill('once', [n, dimension], { kind: 'signed', scale: 1 }), dimension });
  let numbers = 0;
  for await (const { row, column, values } of points.tiles()) {
    assert.ok(column >= row);
    numbers += values.length;
  }
  points.release();
  assert.ok(numbers >= (n * n) / 2 && numbers < (n * (n + 512)) / 2, `${numbers} numbers`);
});

test('on the GPU in parts, and rows of queries kept or computed again', async () => {
  const [n, dimension, queries] = [90, 8, 25];
  const data = fill('gpu parts', [n, dimension], { kind: 'signed', scale: 1 });
  const limited = Object.create(gpu, {
    limits: { value: { maxStorageBufferBindingSize: 4 * dimension * 20 } },
  }) as typeof gpu;
  const plain = featurePoints({ data, dimension }, { queries });
  const want = await nearestNeighbours(plain, 6);
  for (const keepBytes of [0, 2 ** 20]) {
    const points = await gpuPoints(limited, { data, dimension }, { queries, keepBytes });
    const before = await points.queryRows(3, 20);
    assert.equal((await nearestNeighbours(points, 6)).indices, want.indices);
    const after = await points.queryRows(3, 20);
    (await plain.queryRows(3, 20)).forEach((distance, i) => {
      assert.ok(Math.abs(before[i] - distance) < 1e-5, `${before[i]} is not ${distance}`);
      assert.ok(Math.abs(after[i] - distance) < 1e-5, `${after[i]} is not ${distance}`);
    });
    points.release();
  }
});

test('who stops looking at tiles stops the GPU too', async () => {
  const data = fill('stop', [60, 4], { kind: 'signed', scale: 1 });
  const points = await gpuPoints(gpu, { data, dimension: 4 });
  for await (const tile of points.tiles()) {
    assert.is(tile.row, 0);
    break;
  }
  points.release();
  await gpu.finish();
});

test.run();
