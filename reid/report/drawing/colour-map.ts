import type { Colour } from './canvas.js';

/** Lightness, then the two opponent axes, of Oklab (Ottosson, "A perceptual color space for image processing", 2020). */
type Oklab = readonly [lightness: number, a: number, b: number];

function linearFrom([lightness, a, b]: Oklab): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The transfer function of sRGB, to 0..255. */
const encoded = (linear: number): number =>
  Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));

const decoded = (level: number): number => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};

/** Lightness of an sRGB colour in Oklab, 0 (black) to 1 (white): what makes one colour look brighter than another. */
export function lightnessOf([red, green, blue]: Colour): number {
  const [r, g, b] = [decoded(red), decoded(green), decoded(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

/**
 * The sRGB colour of a lightness (0 to 1), a chroma (0 to about 0.35) and a hue in degrees, in Oklab's polar form. What a
 * screen can not show is made paler until it can, at the same lightness and hue.
 */
export function oklch(lightness: number, chroma: number, hue: number): Colour {
  const angle = (hue * Math.PI) / 180;
  const at = (share: number) =>
    linearFrom([lightness, share * chroma * Math.cos(angle), share * chroma * Math.sin(angle)]);
  const shown = (share: number) => at(share).every((value) => value >= -1e-4 && value <= 1.0001);
  let share = 1;
  if (!shown(1)) {
    let [low, high] = [0, 1];
    for (let i = 0; i < 20; i++) {
      share = (low + high) / 2;
      if (shown(share)) low = share;
      else high = share;
    }
    share = low;
  }
  const [red, green, blue] = at(share).map((value) => encoded(Math.min(1, Math.max(0, value))));
  return [red!, green!, blue!];
}

/** Entries of a colour map. */
const STEPS = 256;

/** Colours of 0 to 1 at even steps. */
export type ColourMap = readonly Colour[];

/**
 * Dark indigo, magenta, orange, pale yellow. Lightness rises by the same amount at each step, so that brighter always means
 * more, in grey and to colour-blind eyes too; the hue runs from 280° over red to 105°.
 */
export const HEAT: ColourMap = Array.from({ length: STEPS }, (_, i) => {
  const t = i / (STEPS - 1);
  return oklch(0.16 + 0.8 * t, 0.05 + 0.2 * Math.sin(Math.PI * (0.12 + 0.82 * t)), 280 + 185 * t);
});

/** The colour of a value; below 0 that of 0, above 1 that of 1. */
export function colourOf(map: ColourMap, value: number): Colour {
  return map[Math.round(Math.min(1, Math.max(0, value)) * (map.length - 1))]!;
}

/** A colour as CSS writes it: `#c02a1b`. */
export const cssColour = (colour: Colour): string =>
  `#${colour.map((level) => level.toString(16).padStart(2, '0')).join('')}`;

/** A colour map as a CSS gradient from left to right. */
export function cssGradient(map: ColourMap, stops = 9): string {
  const colours = Array.from({ length: stops }, (_, i) => cssColour(colourOf(map, i / (stops - 1))));
  return `linear-gradient(to right,${colours.join(',')})`;
}
