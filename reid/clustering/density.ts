import { UnionFind } from './union-find.js';

/** What DBSCAN found. */
export interface DensityClusters {
  /** Cluster of each point, numbered by its lowest core point; −1: an outlier. */
  readonly labels: Int32Array;
  readonly clusters: number;
  readonly outliers: number;
  /** 1 for a core point. */
  readonly core: Uint8Array;
}

/**
 * DBSCAN (Ester et al., "A density-based algorithm for discovering clusters", KDD 1996) from a stream of near pairs, each of which
 * comes once, in any order, and is not kept.
 *
 * A point is a core point when at least `minSamples` points are near it, itself included; near core points are of one cluster,
 * and a point near to core points of several belongs to the one whose lowest core point is lowest. Only a point that is no core
 * point (yet) keeps its neighbours, which are fewer than `minSamples`; when it becomes one, it joins the core points among them.
 * A core point that comes later finds it in a list of its own.
 */
export class DensityScan {
  readonly #need: number;
  readonly #core: Uint8Array;
  /** Neighbours of each point, as far as they are kept. */
  readonly #lists: Int32Array;
  readonly #counts: Int32Array;
  readonly #sets: UnionFind;

  /** @param minSamples at least 1 */
  constructor(points: number, minSamples: number) {
    if (!Number.isInteger(minSamples) || minSamples < 1) {
      throw new RangeError(`DBSCAN: minSamples must be a whole number from 1, got ${minSamples}`);
    }
    this.#need = minSamples - 1;
    this.#core = new Uint8Array(points).fill(this.#need === 0 ? 1 : 0);
    this.#lists = new Int32Array(points * Math.min(this.#need, points));
    this.#counts = new Int32Array(points);
    this.#sets = new UnionFind(points);
  }

  /** Two different points are near. */
  near(a: number, b: number): void {
    this.#meet(a, b);
    this.#meet(b, a);
  }

  #meet(point: number, other: number): void {
    const core = this.#core;
    if (core[point]) {
      if (core[other]) this.#sets.union(point, other);
      return;
    }
    const start = point * this.#need;
    this.#lists[start + this.#counts[point]++] = other;
    if (this.#counts[point] < this.#need) return;
    core[point] = 1;
    for (let k = start; k < start + this.#need; k++) {
      if (core[this.#lists[k]]) this.#sets.union(point, this.#lists[k]);
    }
  }

  /** The clusters of all pairs that came. */
  finish(): DensityClusters {
    const core = this.#core;
    const labels = new Int32Array(core.length).fill(-1);
    let clusters = 0;
    for (let point = 0; point < core.length; point++) {
      if (!core[point]) continue;
      const lowest = this.#sets.find(point);
      labels[point] = lowest === point ? clusters++ : labels[lowest];
    }
    let outliers = 0;
    for (let point = 0; point < core.length; point++) {
      if (core[point]) continue;
      const start = point * this.#need;
      for (let k = start; k < start + this.#counts[point]; k++) {
        const other = this.#lists[k];
        if (core[other] && (labels[point] < 0 || labels[other] < labels[point])) labels[point] = labels[other];
      }
      if (labels[point] < 0) outliers++;
    }
    return { labels, clusters, outliers, core };
  }
}
