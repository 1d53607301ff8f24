// The numbers that every program gets: a function of (seed, index), so that none are sent and none are stored.

/** A float32 tensor of evenly spread numbers, `shift` ± `scale`. */
export interface Input {
  readonly name: string;
  readonly shape: readonly number[];
  readonly seed: number;
  readonly scale: number;
  readonly shift: number;
}

/** How many numbers a shape holds. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** The finaliser of MurmurHash3 (Appleby, 2011): 32 bits in, 32 well mixed bits out. */
export function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Where the numbers of a seed start: neighbouring seeds share no run of them. */
const start = (seed: number): number => Math.imul(seed, 0x9e3779b1) >>> 0;

/**
 * The numbers of an input, row-major: (2 u − 1) scale + shift with u of 24 bits, computed in float64 and rounded once, so that
 * every language gets the same bits.
 */
export function fill({ shape, seed, scale, shift }: Input): Float32Array<ArrayBuffer> {
  const first = start(seed);
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((mix(first + i) >>> 8) / 2 ** 23 - 1) * scale + shift);
}

/** Up to `most` different positions in a tensor of `size` numbers: the first, the last, and others in no order. */
export function positions(size: number, most: number): number[] {
  if (size <= most) return Array.from({ length: size }, (_, i) => i);
  const chosen = new Set([0, size - 1]);
  for (let i = 0; chosen.size < most; i++) chosen.add(mix(i) % size);
  return [...chosen];
}
