/** Eigenvalues in descending order, and an eigenvector of length 1 for each: row i of `vectors` [count, n]. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * The largest eigenvalues of a symmetric matrix and their vectors, to float64 rounding: Householder's reflections to
 * tridiagonal form (4/3 n³ multiply-adds), then QL with implicit shifts (Golub & Van Loan, "Matrix Computations", 8.3). The
 * rotations of QL are written down and applied backwards to the wanted vectors alone, so that few vectors cost little.
 *
 * @param matrix `[n, n]`; only what is on and below the diagonal is read. Overwritten.
 * @throws Error when it holds a number that is not finite
 */
export function symmetricEigen(matrix: Float64Array, n: number, count: number): Eigen {
  if (matrix.some((value) => !Number.isFinite(value))) throw new Error('eigen: the matrix holds NaN or infinity');
  const { diagonal, beside, factors } = tridiagonalise(matrix, n);
  const rotations = new Rotations();
  diagonalise(diagonal, beside, rotations);
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const wanted = order.slice(0, count);
  const vectors = new Float64Array(wanted.length * n);
  wanted.forEach((index, row) => {
    const vector = vectors.subarray(row * n, (row + 1) * n);
    vector[index] = 1;
    rotations.applyBackwards(vector);
    for (let k = n - 3; k >= 0; k--) reflect(vector, matrix, n, k, factors[k]!);
  });
  return { values: Float64Array.from(wanted, (index) => diagonal[index]!), vectors };
}

/** x ← (1 − factor·v·vᵀ)·x with v in row k of the matrix, from column k + 1 on. */
function reflect(x: Float64Array, matrix: Float64Array, n: number, k: number, factor: number): void {
  if (factor === 0) return;
  const v = k * n;
  let dot = 0;
  for (let j = k + 1; j < n; j++) dot += matrix[v + j]! * x[j]!;
  dot *= factor;
  for (let j = k + 1; j < n; j++) x[j] = x[j]! - dot * matrix[v + j]!;
}

/** Leaves the reflections' vectors above the diagonal, where nothing is read: row k belongs to reflection k. */
function tridiagonalise(matrix: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const factors = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    diagonal[k] = matrix[k * n + k]!;
    const v = k * n;
    let squares = 0;
    for (let i = k + 1; i < n; i++) {
      const value = matrix[i * n + k]!;
      matrix[v + i] = value;
      if (i > k + 1) squares += value * value;
    }
    const head = matrix[v + k + 1]!;
    beside[k] = head;
    if (squares === 0) continue;
    const length = Math.sqrt(head * head + squares);
    const target = head > 0 ? -length : length;
    const factor = 1 / (length * (length + Math.abs(head)));
    matrix[v + k + 1] = head - target;
    beside[k] = target;
    factors[k] = factor;
    // A ← A − v·wᵀ − w·vᵀ with w = factor·A·v − ½·factor²·(vᵀ·A·v)·v, on the lower half alone.
    w.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = matrix[v + i]!;
      let sum = matrix[row + i]! * vi;
      for (let j = k + 1; j < i; j++) {
        const a = matrix[row + j]!;
        sum += a * matrix[v + j]!;
        w[j] = w[j]! + a * vi;
      }
      w[i] = w[i]! + sum;
    }
    let dot = 0;
    for (let i = k + 1; i < n; i++) {
      w[i] = w[i]! * factor;
      dot += w[i]! * matrix[v + i]!;
    }
    dot *= factor / 2;
    for (let i = k + 1; i < n; i++) w[i] = w[i]! - dot * matrix[v + i]!;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = matrix[v + i]!;
      const wi = w[i]!;
      for (let j = k + 1; j <= i; j++) matrix[row + j] = matrix[row + j]! - vi * w[j]! - wi * matrix[v + j]!;
    }
  }
  if (n > 0) diagonal[n - 1] = matrix[n * n - 1]!;
  return { diagonal, beside, factors };
}

/** QL sweeps that one eigenvalue may take; a handful is usual. */
const MOST_SWEEPS = 100;

/** Turns a tridiagonal matrix into its eigenvalues, in place in `d`; `e[i]` stands between i and i + 1. */
function diagonalise(d: Float64Array, e: Float64Array, rotations: Rotations): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (sweep === MOST_SWEEPS) throw new Error('eigen: the sweeps do not converge; are the numbers near the limits?');
      const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      const reach = Math.hypot(half, 1);
      let g = d[m]! - d[l]! + e[l]! / (half + (half >= 0 ? reach : -reach));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = d[i + 1]! - p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        const turn = (d[i]! - g) * s + 2 * c * b;
        p = s * turn;
        d[i + 1] = g + p;
        g = c * turn - b;
        rotations.push(i, c, s);
      }
      if (i >= l) continue;
      d[l] = d[l]! - p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** Plane rotations in the order in which they were made. */
class Rotations {
  #count = 0;
  #planes = new Int32Array(1024);
  #turns = new Float64Array(2048);

  push(plane: number, cosine: number, sine: number): void {
    if (this.#count === this.#planes.length) {
      const planes = new Int32Array(2 * this.#count);
      const turns = new Float64Array(4 * this.#count);
      planes.set(this.#planes);
      turns.set(this.#turns);
      this.#planes = planes;
      this.#turns = turns;
    }
    this.#planes[this.#count] = plane;
    this.#turns[2 * this.#count] = cosine;
    this.#turns[2 * this.#count + 1] = sine;
    this.#count++;
  }

  /** x ← G₁·(G₂·(… G_last·x)). */
  applyBackwards(x: Float64Array): void {
    for (let k = this.#count - 1; k >= 0; k--) {
      const i = this.#planes[k]!;
      const c = this.#turns[2 * k]!;
      const s = this.#turns[2 * k + 1]!;
      const a = x[i]!;
      const b = x[i + 1]!;
      x[i] = c * a + s * b;
      x[i + 1] = c * b - s * a;
    }
  }
}
