import type { Affinities } from './affinities.js';
import { Quadtree } from './quadtree.js';

/** What pulls and pushes the points of a t-SNE map. */
export class Forces {
  readonly #affinities: Affinities;
  readonly #angle: number | 'exact';
  readonly #tree = new Quadtree();
  readonly #attraction: Float64Array;
  readonly #repulsion: Float64Array;

  /** @param angle of Barnes and Hut's tree, or `exact`: all pairs, for which the affinities have to be complete */
  constructor(affinities: Affinities, angle: number | 'exact') {
    const { count, values } = affinities;
    if (angle === 'exact' && values.length !== count * (count - 1)) {
      throw new RangeError(`tsne: ${values.length} affinities are not those of all pairs of ${count} points`);
    }
    this.#affinities = affinities;
    this.#angle = angle;
    this.#attraction = new Float64Array(2 * count);
    this.#repulsion = new Float64Array(2 * count);
  }

  /** ∂KL/∂yᵢ = 4·Σⱼ (exaggeration·pᵢⱼ − qᵢⱼ/Z)·qᵢⱼ·(yᵢ − yⱼ) with qᵢⱼ = 1 / (1 + |yᵢ − yⱼ|²), Z their sum. */
  gradient(y: Float64Array, exaggeration: number, out: Float64Array): void {
    const total = this.#angle === 'exact' ? this.#allPairs(y) : this.#byTree(y, this.#angle);
    for (let i = 0; i < out.length; i++) {
      out[i] = 4 * (exaggeration * this.#attraction[i]! - this.#repulsion[i]! / total);
    }
  }

  /** KL(P ‖ Q) = Σ pᵢⱼ·log(pᵢⱼ·Z / qᵢⱼ), over the affinities that are not 0. */
  divergence(y: Float64Array): number {
    const { count, start, columns, values } = this.#affinities;
    const total = this.#angle === 'exact' ? this.#allPairs(y) : this.#byTree(y, this.#angle);
    let kl = 0;
    for (let i = 0; i < count; i++) {
      for (let at = start[i]!; at < start[i + 1]!; at++) {
        const p = values[at]!;
        const j = columns[at]!;
        const dx = y[2 * i]! - y[2 * j]!;
        const dy = y[2 * i + 1]! - y[2 * j + 1]!;
        if (p > 0) kl += p * Math.log(p * total * (1 + dx * dx + dy * dy));
      }
    }
    return kl;
  }

  /** Each pair once. Returns Z. */
  #allPairs(y: Float64Array): number {
    const { count, start, values } = this.#affinities;
    const attraction = this.#attraction.fill(0);
    const repulsion = this.#repulsion.fill(0);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const x0 = y[2 * i]!;
      const y0 = y[2 * i + 1]!;
      const row = start[i]! - 1; // Of the columns beyond i, as point i itself has no entry.
      let [ax, ay, rx, ry] = [0, 0, 0, 0];
      for (let j = i + 1; j < count; j++) {
        const dx = x0 - y[2 * j]!;
        const dy = y0 - y[2 * j + 1]!;
        const q = 1 / (1 + dx * dx + dy * dy);
        const pull = values[row + j]! * q;
        const push = q * q;
        total += q;
        ax += pull * dx;
        ay += pull * dy;
        rx += push * dx;
        ry += push * dy;
        attraction[2 * j] = attraction[2 * j]! - pull * dx;
        attraction[2 * j + 1] = attraction[2 * j + 1]! - pull * dy;
        repulsion[2 * j] = repulsion[2 * j]! - push * dx;
        repulsion[2 * j + 1] = repulsion[2 * j + 1]! - push * dy;
      }
      attraction[2 * i] = attraction[2 * i]! + ax;
      attraction[2 * i + 1] = attraction[2 * i + 1]! + ay;
      repulsion[2 * i] = repulsion[2 * i]! + rx;
      repulsion[2 * i + 1] = repulsion[2 * i + 1]! + ry;
    }
    return 2 * total;
  }

  /** Attraction along the affinities there are, repulsion by the tree. Returns Z. */
  #byTree(y: Float64Array, angle: number): number {
    const { count, start, columns, values } = this.#affinities;
    this.#tree.build(y);
    let total = 0;
    for (let i = 0; i < count; i++) {
      let [ax, ay] = [0, 0];
      for (let at = start[i]!; at < start[i + 1]!; at++) {
        const j = columns[at]!;
        const dx = y[2 * i]! - y[2 * j]!;
        const dy = y[2 * i + 1]! - y[2 * j + 1]!;
        const pull = values[at]! / (1 + dx * dx + dy * dy);
        ax += pull * dx;
        ay += pull * dy;
      }
      this.#attraction[2 * i] = ax;
      this.#attraction[2 * i + 1] = ay;
      total += this.#tree.repel(y, i, angle, this.#repulsion);
    }
    return total;
  }
}
