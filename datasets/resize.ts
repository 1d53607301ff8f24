import type { Image } from './image.js';

/** Bits after the point in the integer weights: an 8-bit sum of weighted 8-bit samples still fits 32 bits. */
const PRECISION = 22;

/** The weights that make one output sample from input samples `first`, `first + 1`, ... */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[outputs, width]`, rows padded with zeros. */
  readonly weights: Int32Array;
  readonly width: number;
}

/** How pictures are resized: Pillow's filters of these names. */
export type ResizeFilter = 'bilinear' | 'bicubic';

/** Weight of a sample by its distance, and how far it reaches. */
const FILTERS: Readonly<
  Record<ResizeFilter, { readonly reach: number; readonly weight: (distance: number) => number }>
> = {
  bilinear: { reach: 1, weight: (distance) => Math.max(0, 1 - distance) },
  // Keys' cubic with a = -0.5.
  bicubic: {
    reach: 2,
    weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0),
  },
};

/**
 * A filter's weights, widened by the scale when shrinking, so that every input sample counts (antialiasing). The arithmetic
 * is Pillow's `Image.resize`: weights normalised in double precision, then rounded to 22 fractional bits.
 */
function filterTaps(from: number, to: number, filter: ResizeFilter): Taps {
  const { reach, weight } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  const width = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * width);
  const exact = new Float64Array(width);
  for (let out = 0; out < to; out++) {
    const center = (out + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), from) - start;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      exact[tap] = weight(Math.abs((tap + start - center + 0.5) * (1 / stretch)));
      sum += exact[tap]!;
    }
    for (let tap = 0; tap < taps; tap++) {
      const share = (exact[tap]! / sum) * 2 ** PRECISION;
      weights[out * width + tap] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    first[out] = start;
    count[out] = taps;
  }
  return { first, count, weights, width };
}

/** Taps depend only on two sizes, and a dataset asks for the same pair again and again. */
const known = new Map<string, Taps>();

function taps(from: number, to: number, filter: ResizeFilter): Taps {
  const key = `${filter} ${from} ${to}`;
  let found = known.get(key);
  if (!found) {
    if (known.size >= 256) known.clear();
    found = filterTaps(from, to, filter);
    known.set(key, found);
  }
  return found;
}

/** A sum of weighted samples as 8 bits; the cubic filter's passes both ends. */
const toByte = (sum: number): number => Math.max(0, Math.min(sum >> PRECISION, 255));

function resizeRows({ width, height, data }: Image, toWidth: number, filter: ResizeFilter): Image {
  const { first, count, weights, width: row } = taps(width, toWidth, filter);
  const result = new Uint8Array(toWidth * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++, to += 3) {
      let red = 1 << (PRECISION - 1);
      let green = red;
      let blue = red;
      let from = (y * width + first[x]!) * 3;
      const end = x * row + count[x]!;
      for (let tap = x * row; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        red += data[from]! * weight;
        green += data[from + 1]! * weight;
        blue += data[from + 2]! * weight;
      }
      result[to] = toByte(red);
      result[to + 1] = toByte(green);
      result[to + 2] = toByte(blue);
    }
  }
  return { width: toWidth, height, data: result };
}

function resizeColumns({ width, height, data }: Image, toHeight: number, filter: ResizeFilter): Image {
  const { first, count, weights, width: row } = taps(height, toHeight, filter);
  const stride = width * 3;
  const result = new Uint8Array(stride * toHeight);
  for (let y = 0, to = 0; y < toHeight; y++) {
    const end = y * row + count[y]!;
    for (let i = 0; i < stride; i++, to++) {
      let sum = 1 << (PRECISION - 1);
      for (let tap = y * row, from = first[y]! * stride + i; tap < end; tap++, from += stride) {
        sum += data[from]! * weights[tap]!;
      }
      result[to] = toByte(sum);
    }
  }
  return { width, height: toHeight, data: result };
}

/**
 * Resizes with an antialiased filter, rows first, rounded to 8 bits in between: the same grey levels as Pillow's
 * `image.resize((width, height), BILINEAR)` or `BICUBIC`. A picture that already has the size is returned as it is.
 *
 * @example
 *   const input = resizeImage(image, 128, 256, 'bicubic');   // 256 rows of 128
 */
export function resizeImage(image: Image, width: number, height: number, filter: ResizeFilter): Image {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1)) {
    const name = filter === 'bilinear' ? 'resizeBilinear' : 'resizeImage';
    throw new RangeError(`${name}: the new size must be whole and positive, got ${width} x ${height}`);
  }
  const rows = image.width === width ? image : resizeRows(image, width, filter);
  return rows.height === height ? rows : resizeColumns(rows, height, filter);
}

/**
 * Resizes with the antialiased bilinear filter, see `resizeImage`.
 *
 * @example
 *   const input = resizeBilinear(image, 128, 256);   // 256 rows of 128
 */
export const resizeBilinear = (image: Image, width: number, height: number): Image =>
  resizeImage(image, width, height, 'bilinear');
