import type { DistanceTile, PointDistances } from './point-distances.js';

/** The heads of all rank lists: for each point itself, then the others by ascending distance (ties by index). */
export interface NeighbourLists {
  readonly points: number;
  /** Entries of a list, the point itself included. */
  readonly size: number;
  /** `[points, size]` */
  readonly indices: Int32Array;
  /** Squared distances, `[points, size]`. */
  readonly distances: Float32Array;
  /** The largest squared distance of each point to any, `[points]`. */
  readonly farthest: Float32Array;
}

/**
 * The first `size` entries of each point's rank list, and its farthest distance. A point is the head of its own list even where
 * duplicates tie with it. Exact; holds the lists and one tile.
 *
 * @param size at least 1; no more than there are points is ever given
 * @throws when a distance is NaN
 */
export async function nearestNeighbours(distances: PointDistances, size: number): Promise<NeighbourLists> {
  const { points } = distances;
  if (points < 1) throw new Error('nearestNeighbours: there are no points');
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`nearestNeighbours: lists need at least 1 entry, got ${size}`);
  }
  const { spare = 0 } = distances;
  const lists = new Lists(points, Math.min(size + spare, points));
  for await (const tile of distances.tiles()) lists.scan(tile);
  for (let point = 0; point < points; point++) lists.setSelf(point, distances.between(point, [point])[0]);
  return spare > 0 ? refine(lists, Math.min(size, points), distances.between) : lists;
}

/** The first `size` entries by distances computed anew. */
function refine(lists: NeighbourLists, size: number, between: PointDistances['between']): NeighbourLists {
  const { points, size: given, farthest } = lists;
  const indices = new Int32Array(points * size);
  const distances = new Float32Array(points * size);
  for (let point = 0; point < points; point++) {
    const candidates = lists.indices.subarray(point * given, (point + 1) * given);
    // In float32, as tiles are: what is level in it goes by index.
    const anew = Float32Array.from(between(point, candidates));
    const order = Array.from(candidates, (_, k) => k);
    // The point itself stays the first.
    const rank = (k: number) => (k === 0 ? Number.NEGATIVE_INFINITY : anew[k]);
    order.sort((a, b) => rank(a) - rank(b) || candidates[a] - candidates[b]);
    for (let k = 0; k < size; k++) {
      indices[point * size + k] = candidates[order[k]];
      distances[point * size + k] = anew[order[k]];
    }
  }
  return { points, size, indices, distances, farthest };
}

class Lists implements NeighbourLists {
  readonly points: number;
  readonly size: number;
  readonly indices: Int32Array;
  readonly distances: Float32Array;
  readonly farthest: Float32Array;
  /** What a distance must be below to enter a list: ∞ until it is full. */
  readonly #limits: Float32Array;
  readonly #used: Int32Array;

  constructor(points: number, size: number) {
    this.points = points;
    this.size = size;
    this.indices = new Int32Array(points * size);
    this.distances = new Float32Array(points * size);
    this.farthest = new Float32Array(points).fill(Number.NEGATIVE_INFINITY);
    this.#limits = new Float32Array(points).fill(size > 1 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
    this.#used = new Int32Array(points).fill(1);
  }

  setSelf(point: number, distance: number): void {
    this.indices[point * this.size] = point;
    this.distances[point * this.size] = distance;
    this.farthest[point] = Math.max(this.farthest[point], distance);
  }

  /** Offers each pair of the tile to both of its points. */
  scan({ row, rows, column, columns, values }: DistanceTile): void {
    const limits = this.#limits;
    const farthest = this.farthest;
    for (let i = row; i < row + rows; i++) {
      let far = farthest[i];
      let limit = limits[i];
      const start = (i - row) * columns - column;
      for (let j = Math.max(column, i + 1); j < column + columns; j++) {
        const distance = values[start + j];
        if (distance < limits[j]) this.#insert(j, i, distance);
        if (distance < limit) {
          this.#insert(i, j, distance);
          limit = limits[i];
        }
        if (distance > farthest[j]) farthest[j] = distance;
        if (distance > far) far = distance;
        if (Number.isNaN(distance)) {
          throw new Error(`the distance of points ${i} and ${j} is NaN; look for NaN in the features of both`);
        }
      }
      farthest[i] = far;
    }
  }

  /** Others come by ascending index, so what is level with an entry stands behind it. */
  #insert(point: number, other: number, distance: number): void {
    const { size, indices, distances } = this;
    const start = point * size;
    let place = start + Math.min(this.#used[point], size - 1);
    for (; place > start + 1 && distances[place - 1] > distance; place--) {
      distances[place] = distances[place - 1];
      indices[place] = indices[place - 1];
    }
    distances[place] = distance;
    indices[place] = other;
    if (this.#used[point] < size) this.#used[point]++;
    if (this.#used[point] === size) this.#limits[point] = distances[start + size - 1];
  }
}
