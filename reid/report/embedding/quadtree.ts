/** Children of a cell, counted by quadrant: left before right, then bottom before top. */
const QUADRANTS = 4;
/** A cell this much smaller than the whole is not divided again: what it holds is one point to float64. */
const SMALLEST = 2 ** -48;

/**
 * The points of a plane in nested squares: each cell knows how many points it holds and where their centre is (Barnes & Hut,
 * "A hierarchical O(N log N) force-calculation algorithm", Nature 1986). Rebuilt in place for each set of points.
 */
export class Quadtree {
  /** Number of the first child, the others follow; 0: a leaf. */
  #child = new Int32Array(0);
  #points = new Int32Array(0);
  #centreX = new Float64Array(0);
  #centreY = new Float64Array(0);
  /** Width of the square that holds everything. */
  #width = 0;
  #cells = 0;
  #stackCell = new Int32Array(1024);
  #stackWidth = new Float64Array(1024);

  /** @param y `[n, 2]` */
  build(y: Float64Array): void {
    let [left, right, bottom, top] = [y[0]!, y[0]!, y[1]!, y[1]!];
    for (let i = 0; i < y.length; i += 2) {
      left = Math.min(left, y[i]!);
      right = Math.max(right, y[i]!);
      bottom = Math.min(bottom, y[i + 1]!);
      top = Math.max(top, y[i + 1]!);
    }
    this.#width = Math.max(right - left, top - bottom, Number.MIN_VALUE);
    this.#cells = 0;
    this.#grow(1);
    this.#clear(0);
    for (let i = 0; i < y.length; i += 2) this.#insert(y[i]!, y[i + 1]!, (left + right) / 2, (bottom + top) / 2);
  }

  #grow(cells: number): void {
    this.#cells += cells;
    if (this.#cells <= this.#child.length) return;
    const size = Math.max(256, 2 * this.#cells);
    const [child, points, x, y] = [this.#child, this.#points, this.#centreX, this.#centreY];
    this.#child = new Int32Array(size);
    this.#points = new Int32Array(size);
    this.#centreX = new Float64Array(size);
    this.#centreY = new Float64Array(size);
    this.#child.set(child);
    this.#points.set(points);
    this.#centreX.set(x);
    this.#centreY.set(y);
  }

  #clear(cell: number): void {
    this.#child[cell] = 0;
    this.#points[cell] = 0;
    this.#centreX[cell] = 0;
    this.#centreY[cell] = 0;
  }

  /** Adds to a cell's number and centre. */
  #put(cell: number, x: number, y: number, points: number): void {
    const all = this.#points[cell]! + points;
    this.#centreX[cell] = this.#centreX[cell]! + ((x - this.#centreX[cell]!) * points) / all;
    this.#centreY[cell] = this.#centreY[cell]! + ((y - this.#centreY[cell]!) * points) / all;
    this.#points[cell] = all;
  }

  #insert(x: number, y: number, middleX: number, middleY: number): void {
    let cell = 0;
    let half = this.#width / 2;
    for (;;) {
      if (this.#child[cell] === 0) {
        const [points, ownX, ownY] = [this.#points[cell]!, this.#centreX[cell]!, this.#centreY[cell]!];
        const full = points > 0 && (ownX !== x || ownY !== y) && half > SMALLEST * this.#width;
        if (!full) {
          this.#put(cell, x, y, 1);
          return;
        }
        // What lies here moves one level down.
        const first = this.#cells;
        this.#grow(QUADRANTS);
        for (let i = 0; i < QUADRANTS; i++) this.#clear(first + i);
        this.#child[cell] = first;
        this.#put(first + (ownX > middleX ? 1 : 0) + (ownY > middleY ? 2 : 0), ownX, ownY, points);
      }
      this.#put(cell, x, y, 1);
      half /= 2;
      const [isRight, isTop] = [x > middleX, y > middleY];
      cell = this.#child[cell]! + (isRight ? 1 : 0) + (isTop ? 2 : 0);
      middleX += isRight ? half : -half;
      middleY += isTop ? half : -half;
    }
  }

  /**
   * The repulsion of all points on point i of t-SNE: Σⱼ qᵢⱼ²·(yᵢ − yⱼ) with qᵢⱼ = 1 / (1 + |yᵢ − yⱼ|²), into `out[2i]` and
   * `out[2i + 1]`. A cell counts as one place where its width is below `angle` times its distance; 0 is exact.
   *
   * @returns Σⱼ qᵢⱼ without the point itself
   */
  repel(y: Float64Array, i: number, angle: number, out: Float64Array): number {
    const x0 = y[2 * i]!;
    const y0 = y[2 * i + 1]!;
    const squaredAngle = angle * angle;
    const cells = this.#stackCell;
    const widths = this.#stackWidth;
    let [total, forceX, forceY, depth] = [0, 0, 0, 1];
    cells[0] = 0;
    widths[0] = this.#width;
    while (depth > 0) {
      const cell = cells[--depth]!;
      const width = widths[depth]!;
      const points = this.#points[cell]!;
      if (points === 0) continue;
      const dx = x0 - this.#centreX[cell]!;
      const dy = y0 - this.#centreY[cell]!;
      const squared = dx * dx + dy * dy;
      const child = this.#child[cell]!;
      if (child === 0 || width * width < squaredAngle * squared) {
        const q = 1 / (1 + squared);
        total += points * q;
        forceX += points * q * q * dx;
        forceY += points * q * q * dy;
        continue;
      }
      for (let quadrant = 0; quadrant < QUADRANTS; quadrant++) {
        cells[depth] = child + quadrant;
        widths[depth++] = width / 2;
      }
    }
    out[2 * i] = forceX;
    out[2 * i + 1] = forceY;
    return total - 1; // The point itself was met at distance 0.
  }
}
