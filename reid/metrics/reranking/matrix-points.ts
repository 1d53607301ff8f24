import { checkQueries, type PointDistances } from './point-distances.js';

/**
 * Points whose distances are known: a symmetric matrix `[points, points]` (`euclidean`: each is squared; `sqeuclidean`: taken as
 * it is), queries first.
 *
 * @throws when the matrix is not square or not symmetric
 */
export function matrixPoints(matrix: Float32Array, kind: 'euclidean' | 'sqeuclidean', queries = 0): PointDistances {
  const points = Math.round(Math.sqrt(matrix.length));
  if (points * points !== matrix.length)
    throw new Error(`matrixPoints: ${matrix.length} distances are no square matrix`);
  checkQueries('matrixPoints', queries, points);
  checkSymmetry(matrix, points);
  const values = kind === 'euclidean' ? matrix.map((distance) => distance * distance) : matrix;
  return {
    points,
    queries,
    tiles: () => [{ row: 0, rows: points, column: 0, columns: points, values }],
    between: (point, others) => Float32Array.from(others, (other) => values[point * points + other]),
    queryRows: (first, count) => {
      const gallery = points - queries;
      const out = new Float32Array(count * gallery);
      for (let i = 0; i < count; i++) {
        const start = (first + i) * points;
        out.set(values.subarray(start + queries, start + points), i * gallery);
      }
      return out;
    },
  };
}

/** Symmetric up to rounding. */
function checkSymmetry(matrix: Float32Array, points: number): void {
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [matrix[i * points + j], matrix[j * points + i]];
      if (Math.abs(a - b) > 1e-4 * (Math.abs(a) + Math.abs(b)) + 1e-5) {
        throw new Error(
          `matrixPoints: the matrix must be symmetric, but element [${i}, ${j}] is ${a} and [${j}, ${i}] is ${b}`,
        );
      }
    }
  }
}
