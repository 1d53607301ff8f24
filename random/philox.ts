/**
 * The project's one random number generator: Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). It is counter-based: every number is a pure function of (seed, purpose, index, position), so the CPU and a
 * shader draw the same numbers, in any order, and a stream is restored by its position alone.
 */

export type Words4 = readonly [number, number, number, number];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two uint32. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(middleLow / 65536)) >>> 0;
}

/** Four uint32 for one counter and key: ten rounds of Philox-4x32. */
export function philox4x32(counter: Words4, key: readonly [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0 >>> 0, c1, c2 >>> 0, c3];
}

/** FNV-1a over the UTF-8 bytes of a text, as uint32. */
export function fnv1a32(text: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** The key of a stream: the seed and what the numbers are for. */
export function philoxKey(seed: number, purpose: string): [number, number] {
  return [seed >>> 0, fnv1a32(purpose)];
}

/**
 * A stream of random numbers for one purpose. `index` splits a purpose into independent streams (an image's number, a step).
 *
 * @example
 *   const random = new RandomStream(7, 'crop', imageNumber);
 *   const x = random.integer(5);        // 0..4
 *   const flip = random.uniform() < 0.5;
 */
export class RandomStream {
  readonly #key: [number, number];
  readonly #index: number;
  #position = 0;
  #block: readonly number[] = [];

  constructor(seed: number, purpose: string, index = 0) {
    this.#key = philoxKey(seed, purpose);
    this.#index = index;
  }

  /** How many uint32 were drawn; setting it continues from there. */
  get position(): number {
    return this.#position;
  }

  set position(value: number) {
    this.#position = value;
    this.#block = [];
  }

  /** The next uint32. */
  uint32(): number {
    const lane = this.#position & 3;
    if (lane === 0 || this.#block.length === 0) {
      const block = Math.floor(this.#position / 4);
      const counter: Words4 = [
        block >>> 0,
        Math.floor(block / 2 ** 32) >>> 0,
        this.#index >>> 0,
        Math.floor(this.#index / 2 ** 32) >>> 0,
      ];
      this.#block = philox4x32(counter, this.#key);
    }
    this.#position++;
    return this.#block[lane] as number;
  }

  /** Uniform in [0, 1): 24 bits, so that it is exact in float32. */
  uniform(): number {
    return (this.uint32() >>> 8) / 2 ** 24;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in 0..n-1. */
  integer(n: number): number {
    if (!(n >= 1)) throw new RangeError(`RandomStream.integer needs n >= 1, got ${n}`);
    return Math.floor((this.uint32() / 2 ** 32) * n);
  }

  /** Standard normal, by Box and Muller's formula; takes two uint32. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(((this.uint32() >>> 8) + 1) / 2 ** 24));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One element of a list. */
  choice<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('RandomStream.choice needs a list that is not empty');
    return list[this.integer(list.length)] as T;
  }

  /** Shuffles a list in place (Fisher and Yates) and returns it. */
  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [list[i], list[j]] = [list[j] as T, list[i] as T];
    }
    return list;
  }
}
