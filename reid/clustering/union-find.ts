/** Sets that only ever grow together. Each is named by its smallest member. */
export class UnionFind {
  readonly #parents: Int32Array;

  constructor(size: number) {
    this.#parents = Int32Array.from({ length: size }, (_, i) => i);
  }

  /** Takes all sets apart. */
  reset(): void {
    for (let i = 0; i < this.#parents.length; i++) this.#parents[i] = i;
  }

  /** The smallest member of the set that holds `member`. */
  find(member: number): number {
    const parents = this.#parents;
    let at = member;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]];
      at = parents[at];
    }
    return at;
  }

  /** Joins the sets of two members; false where they were one already. */
  union(a: number, b: number): boolean {
    const [x, y] = [this.find(a), this.find(b)];
    if (x === y) return false;
    if (x < y) this.#parents[y] = x;
    else this.#parents[x] = y;
    return true;
  }
}
