/** The worked case of the evaluation rules: four queries, eight gallery items. */
export const query = { identities: [1, 1, 2, 3], cameras: [0, 1, 0, 0] };
export const gallery = { identities: [1, 1, 1, 2, 2, 0, 3, 1], cameras: [0, 1, 2, 0, 1, 2, 0, 2] };
export const distances = Float32Array.from(
  [
    [0.1, 0.4, 0.35, 0.2, 0.5, 0.3, 0.6, 0.9],
    [0.3, 0.05, 0.2, 0.25, 0.6, 0.1, 0.7, 0.15],
    [0.7, 0.6, 0.2, 0.1, 0.4, 0.3, 0.5, 0.8],
    [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.1, 0.8],
  ].flat(),
);

/** Rows of a matrix with so many columns. */
export const rowsOf = (matrix: Float32Array, columns: number) => (first: number, count: number) =>
  matrix.slice(first * columns, (first + count) * columns);
