import type { Colour, MutableColour } from './colour.js';
import { noise2 } from './noise.js';
import type { Cloth, Print } from './person.js';
import type { Paint } from './solid.js';

/** Copies a colour into the one that a paint fills. */
export function put(out: MutableColour, colour: Colour): void {
  out[0] = colour[0];
  out[1] = colour[1];
  out[2] = colour[2];
}

/** Darkens and lightens as the folds of a cloth do: stretched along the vertical, finer across. */
export function fold(out: MutableColour, x: number, y: number, z: number, layer: number): void {
  const factor = 0.88 + 0.24 * noise2(x * 34 + z * 21, y * 16 - z * 9, layer);
  out[0] *= factor;
  out[1] *= factor;
  out[2] *= factor;
}

/** Distance to the nearest whole number, as a share of the unit. */
const cycle = (value: number): number => value - Math.floor(value);

/**
 * True where a cloth shows its second colour.
 *
 * @param across distance along the girth, 0 in front
 * @param down distance from the garment's top
 */
export function second({ pattern, repeat }: Cloth, across: number, down: number): boolean {
  switch (pattern) {
    case 'stripes':
      return cycle(down / repeat) < 0.5;
    case 'pinstripes':
      return cycle(across / repeat) < 0.4;
    case 'checks':
      return cycle(down / repeat) < 0.4 !== cycle(across / repeat) < 0.4;
    case 'dots': {
      const row = Math.floor(down / repeat);
      return Math.hypot(cycle(down / repeat) - 0.5, cycle(across / repeat + (row % 2) / 2) - 0.5) < 0.3;
    }
    case 'yoke':
      return down < 0.085;
    case 'panel':
      return Math.abs(across) > 0.085;
    case 'band':
      return down > 0.13 && down < 0.185;
    default:
      return false;
  }
}

/** True where a print of about 1 x 1 has ink; x to the wearer's left, y up. */
function inked(print: Print, x: number, y: number): boolean {
  const radius = Math.hypot(x, y);
  switch (print) {
    case 'disc':
      return radius < 0.5;
    case 'ring':
      return radius < 0.55 && radius > 0.28;
    case 'square':
      return Math.abs(x) < 0.45 && Math.abs(y) < 0.45;
    case 'triangle':
      return y > -0.45 && y < 0.5 && Math.abs(x) < (0.5 - y) * 0.58;
    case 'cross':
      return (Math.abs(x) < 0.17 && Math.abs(y) < 0.55) || (Math.abs(y) < 0.17 && Math.abs(x) < 0.5);
    case 'bars':
      return Math.abs(y) < 0.5 && Math.abs(x) < 0.6 && cycle(y * 2.5 + 0.25) < 0.5;
    case 'letters':
      return Math.abs(y) < 0.24 && Math.abs(x) < 0.75 && cycle(x * 3) < 0.62;
    default:
      return false;
  }
}

/** Width of a print, in body heights. */
const PRINT_SIZE = 0.105;

/** True where a print on the chest (or the back) has ink; `height` is that of its middle. */
export function printed(print: Print, onBack: boolean, x: number, y: number, z: number, height: number): boolean {
  if (print === 'none' || (z < 0 && !onBack)) return false;
  return inked(print, (z < 0 ? -x : x) / PRINT_SIZE, (y - height) / PRINT_SIZE);
}

/** One colour all over, with folds. */
export function plain(colour: Colour, layer = 0): Paint {
  return (x, y, z, _along, out) => {
    put(out, colour);
    fold(out, x, y, z, layer);
  };
}

/** One colour all over, smooth: skin, hair, leather. */
export function smooth(colour: Colour): Paint {
  return (_x, _y, _z, _along, out) => put(out, colour);
}

/**
 * A sleeve or a trouser leg: the pattern runs along the limb.
 *
 * @param middle x of the limb's axis
 * @param length of this part, and how far below the garment's top it starts
 */
export function limb(cloth: Cloth, middle: number, length: number, start: number, layer: number): Paint {
  return (x, y, z, along, out) => {
    const down = start + along * length;
    // Yokes, bands and panels belong to the trunk; a limb takes the colour they have at the sleeve's place.
    const own = cloth.pattern === 'band' || cloth.pattern === 'panel' ? cloth.pattern === 'panel' : undefined;
    put(out, (own ?? second(cloth, x - middle, down)) ? cloth.second : cloth.main);
    fold(out, x, y, z, layer);
  };
}
