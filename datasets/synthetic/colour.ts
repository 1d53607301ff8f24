import type { RandomStream } from '../../random/philox.js';

/** Red, green and blue in 0..1, as displayed (no linear light: drawings are mixed the way painters mix them). */
export type Colour = readonly [number, number, number];

/** A colour to write into. */
export type MutableColour = [number, number, number];

/** A colour from `rrggbb`. */
export function hex(code: string): Colour {
  const value = Number.parseInt(code, 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** `from` at 0, `to` at 1. */
export function mix(from: Colour, to: Colour, share: number): Colour {
  const keep = 1 - share;
  return [from[0] * keep + to[0] * share, from[1] * keep + to[1] * share, from[2] * keep + to[2] * share];
}

/** Times a factor; above 1 it may pass white, and the camera clips it. */
export function scaled(colour: Colour, factor: number): Colour {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}

/** How bright a colour looks, 0..1. */
export function brightness([red, green, blue]: Colour): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** The same colour from another dye lot: a little lighter or darker, warmer or cooler. */
export function varied(colour: Colour, random: RandomStream, amount = 0.06): Colour {
  const light = random.range(-amount, amount);
  const shift = (value: number): number => Math.min(1, Math.max(0, value + light + random.range(-amount, amount) / 2));
  return [shift(colour[0]), shift(colour[1]), shift(colour[2])];
}

/** A list with weights, to draw from. */
export type Weighted<T> = readonly (readonly [weight: number, value: T])[];

/** Draws a value in proportion to its weight. */
export function draw<T>(list: Weighted<T>, random: RandomStream): T {
  let rest = random.uniform() * list.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of list) {
    rest -= weight;
    if (rest < 0) return value;
  }
  return list[list.length - 1]![1];
}

export const BLACK = hex('1b1b1f');
export const WHITE = hex('eceae4');

export const SKIN: readonly Colour[] = ['f3d3bd', 'e8bd9c', 'd6a07a', 'b98058', '8d5a3b', '60402c'].map(hex);

export const HAIR: Weighted<Colour> = [
  [5, hex('1c1815')],
  [4, hex('3a281d')],
  [3, hex('63432b')],
  [2, hex('a57c45')],
  [1, hex('d5b67b')],
  [1, hex('8c3f22')],
  [1.5, hex('9a9793')],
  [0.5, hex('dcdad6')],
];

/** What people wear above the waist: every colour is about as likely as on a street in autumn. */
export const UPPER_COLOURS: Weighted<Colour> = [
  [5, BLACK],
  [3, hex('43464d')],
  [3, hex('8b8f94')],
  [2, hex('bfc2c4')],
  [5, WHITE],
  [4, hex('1f2b4d')],
  [3, hex('2c57a3')],
  [2, hex('7fb0dc')],
  [3, hex('b3232c')],
  [1.5, hex('6b1d2a')],
  [1.5, hex('dd6b23')],
  [1.5, hex('e3bd3a')],
  [1.5, hex('5c6437')],
  [1.5, hex('2f7a46')],
  [1, hex('1f7f83')],
  [1, hex('6b4a91')],
  [2, hex('dd8aa5')],
  [2, hex('cbb393')],
  [1.5, hex('71503a')],
];

export const LOWER_COLOURS: Weighted<Colour> = [
  [6, BLACK],
  [4, hex('3c3f46')],
  [2, hex('7d8187')],
  [4, hex('202a45')],
  [5, hex('38547f')],
  [3, hex('7c9abd')],
  [3, hex('bda585')],
  [1.5, hex('5a5a3a')],
  [1.5, hex('5b402f')],
  [1, hex('e2ded5')],
  [0.7, hex('8e2630')],
];

export const BRIGHT_COLOURS: Weighted<Colour> = [
  [1, hex('d0262e')],
  [1, hex('2b5fc0')],
  [1, hex('e6bf2f')],
  [1, hex('2f8a4e')],
  [1, hex('e27a2a')],
  [1, hex('7a4aa5')],
  [1, hex('e88fb0')],
  [1, hex('2a9aa0')],
];

export const BAG_COLOURS: Weighted<Colour> = [
  [4, BLACK],
  [2, hex('4a3023')],
  [1.5, hex('8a5a33')],
  [1.5, hex('3d4a60')],
  [1, hex('6a6d70')],
  [1, hex('b3262d')],
  [1, hex('2f62b5')],
  [0.8, hex('d9a52f')],
  [0.8, hex('4a7a4a')],
  [0.8, hex('c86f92')],
];

export const SHOE_COLOURS: Weighted<Colour> = [
  [5, BLACK],
  [4, WHITE],
  [2, hex('5a3b28')],
  [1.5, hex('777b80')],
  [1.5, hex('27365e')],
  [1, hex('b3262d')],
  [0.6, hex('e0b030')],
];
