/** The few nearest items of a list that is walked in index order; of equal distances the earlier one comes first. */
export class NearestList {
  readonly #indices: Int32Array;
  readonly #distances: Float32Array;
  #count = 0;
  /** Distances above it do not enter: ∞ until the list is full, then the last one's; −∞ for a list of no items. */
  limit: number;

  constructor(size: number) {
    this.#indices = new Int32Array(size);
    this.#distances = new Float32Array(size);
    this.limit = size > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** Takes the item in if it is near enough. */
  offer(index: number, distance: number): void {
    const size = this.#indices.length;
    if (this.#count === size && !(distance < this.limit)) return;
    let place = Math.min(this.#count, size - 1);
    for (; place > 0 && this.#distances[place - 1] > distance; place--) {
      this.#distances[place] = this.#distances[place - 1];
      this.#indices[place] = this.#indices[place - 1];
    }
    this.#distances[place] = distance;
    this.#indices[place] = index;
    if (this.#count < size) this.#count++;
    if (this.#count === size) this.limit = this.#distances[size - 1];
  }

  /** Nearest first. */
  items(): [index: number, distance: number][] {
    return Array.from({ length: this.#count }, (_, i) => [this.#indices[i], this.#distances[i]]);
  }
}
