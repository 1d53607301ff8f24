/** The smallest of a stream of numbers, exactly, in memory for twice as many as are kept. */
export class SmallestValues {
  readonly #most: number;
  readonly #values: Float64Array;
  #used = 0;
  #limit = Number.POSITIVE_INFINITY;

  /** @param most how many are kept, at least 1 */
  constructor(most: number) {
    this.#most = most;
    this.#values = new Float64Array(2 * most);
  }

  push(value: number): void {
    if (value >= this.#limit) return;
    this.#values[this.#used++] = value;
    if (this.#used === this.#values.length) this.#cut();
  }

  /** Sorts, and forgets what is not among the smallest. */
  #cut(): void {
    this.#values.subarray(0, this.#used).sort();
    this.#used = Math.min(this.#used, this.#most);
    if (this.#used === this.#most) this.#limit = this.#values[this.#most - 1]!;
  }

  /** The mean of the `count` smallest, of which there must be as many; 0 of none. */
  mean(count: number): number {
    this.#cut();
    const smallest = this.#values.subarray(0, Math.min(count, this.#used));
    return smallest.length === 0 ? 0 : smallest.reduce((sum, value) => sum + value, 0) / smallest.length;
  }
}
