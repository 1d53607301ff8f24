import type { PointDistances } from '../metrics/reranking/point-distances.js';
import { UnionFind } from './union-find.js';

/** Two points whose clusters become one, and what that costs. */
export interface Merge {
  readonly i: number;
  readonly j: number;
  readonly cost: number;
}

export interface MergeCosts {
  /** Cluster of each point. */
  readonly labels: Int32Array;
  /** Points of each cluster. */
  readonly sizes: Int32Array;
  /** A pair costs its squared distance and `penalty` times the points of both clusters. */
  readonly penalty: number;
}

/** Pairs that are held before the dear ones among them are dropped. */
const HELD = 2 ** 18;

/**
 * The `wanted` first merges of Kruskal's walk over all pairs of different clusters by (cost, i, j), i < j, from pairs that come
 * in any order. Pairs of what is the cheapest forest so far are all that later ones can add to, so no more is ever held; what
 * costs more than the last of `wanted` merges so far is not even looked at. Where distances come rounded, pairs that could belong
 * to the forest by their true distance are held, and decided by it.
 */
export class CheapestMerges {
  readonly #costs: MergeCosts;
  readonly #wanted: number;
  readonly #between: PointDistances['between'];
  readonly #rounding: number;
  readonly #sets: UnionFind;
  readonly #i: Int32Array;
  readonly #j: Int32Array;
  readonly #cost: Float64Array;
  #count = 0;
  /** The first of the pairs held, whose costs are the true ones. */
  #settled = 0;
  #limit = Number.POSITIVE_INFINITY;

  /**
   * @param between the true squared distances; taken in float32
   * @param rounding how far distances that are offered may be from them
   */
  constructor(costs: MergeCosts, wanted: number, between: PointDistances['between'], rounding: number, held = HELD) {
    this.#costs = costs;
    this.#wanted = wanted;
    this.#between = between;
    this.#rounding = rounding;
    this.#sets = new UnionFind(costs.sizes.length);
    // A forest and as much again must always fit.
    const capacity = Math.max(held, 2 * wanted);
    this.#i = new Int32Array(capacity);
    this.#j = new Int32Array(capacity);
    this.#cost = new Float64Array(capacity);
  }

  /**
   * Offers point i the points `[first, first + distances.length)`, each behind it.
   *
   * @throws when a distance is NaN
   */
  offer(i: number, first: number, distances: Float32Array): void {
    const { labels, sizes, penalty } = this.#costs;
    const label = labels[i];
    const size = sizes[label];
    let limit = this.#limit;
    for (let k = 0; k < distances.length; k++) {
      // The cheapest cost is a distance without the penalty.
      if (distances[k] > limit) continue;
      const other = labels[first + k];
      if (other === label) continue;
      const cost = distances[k] + penalty * (size + sizes[other]);
      if (cost > limit) continue;
      if (Number.isNaN(cost)) {
        throw new Error(
          `the distance of points ${i} and ${first + k} is ${distances[k]}; look for NaN in the features of both`,
        );
      }
      if (this.#count === this.#cost.length) {
        this.#compact();
        limit = this.#limit;
        if (cost > limit) continue;
      }
      this.#i[this.#count] = i;
      this.#j[this.#count] = first + k;
      this.#cost[this.#count++] = cost;
    }
  }

  /** The merges, by ascending (cost, i, j). */
  finish(): Merge[] {
    this.#compact();
    return Array.from({ length: this.#count }, (_, k) => ({ i: this.#i[k], j: this.#j[k], cost: this.#cost[k] }));
  }

  /** Leaves the forest of what is held. */
  #compact(): void {
    if (this.#rounding > 0) this.#settle();
    const { chosen, last } = this.#forest();
    for (const column of [this.#i, this.#j, this.#cost]) column.set(chosen.map((k) => column[k]));
    this.#count = chosen.length;
    this.#settled = chosen.length;
    this.#limit = last + this.#rounding;
  }

  /** Drops what is too dear however it was rounded, and gives the others their true costs. */
  #settle(): void {
    // By rounded costs the wanted merges end at `last`; by true ones at no more than the rounding above that.
    const most = this.#forest().last + 2 * this.#rounding;
    let kept = this.#settled;
    for (let k = this.#settled; k < this.#count; k++) {
      if (this.#cost[k] > most) continue;
      this.#i[kept] = this.#i[k];
      this.#j[kept++] = this.#j[k];
    }
    this.#count = kept;
    const { labels, sizes, penalty } = this.#costs;
    for (let first = this.#settled, end = first; first < kept; first = end) {
      const i = this.#i[first];
      while (end < kept && this.#i[end] === i) end++;
      const distances = this.#between(i, this.#j.subarray(first, end));
      for (let k = first; k < end; k++) {
        const both = sizes[labels[i]] + sizes[labels[this.#j[k]]];
        this.#cost[k] = Math.fround(distances[k - first]) + penalty * both;
      }
    }
    this.#settled = kept;
  }

  /** The pairs held that Kruskal's walk joins, in its order, and the cost of the last: ∞ while there are too few. */
  #forest(): { chosen: number[]; last: number } {
    const { labels } = this.#costs;
    const [is, js, costs] = [this.#i, this.#j, this.#cost];
    const order = Uint32Array.from({ length: this.#count }, (_, k) => k);
    order.sort((a, b) => costs[a] - costs[b] || is[a] - is[b] || js[a] - js[b]);
    this.#sets.reset();
    const chosen: number[] = [];
    for (let k = 0; k < order.length && chosen.length < this.#wanted; k++) {
      if (this.#sets.union(labels[is[order[k]]], labels[js[order[k]]])) chosen.push(order[k]);
    }
    const full = chosen.length === this.#wanted && chosen.length > 0;
    return { chosen, last: full ? costs[chosen.at(-1)!] : Number.POSITIVE_INFINITY };
  }
}
