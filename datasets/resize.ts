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

/**
 * Triangle filter, widened by the scale when shrinking, so that every input sample counts (antialiasing). The arithmetic
 * is Pillow's `Image.resize(BILINEAR)`: weights normalised in double precision, then rounded to 22 fractional bits.
 */
function bilinearTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
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
      exact[tap] = Math.max(0, 1 - Math.abs((tap + start - center + 0.5) * (1 / support)));
      sum += exact[tap]!;
    }
    for (let tap = 0; tap < taps; tap++)
      weights[out * width + tap] = Math.trunc(0.5 + (exact[tap]! / sum) * 2 ** PRECISION);
    first[out] = start;
    count[out] = taps;
  }
  return { first, count, weights, width };
}

/** Taps depend only on two sizes, and a dataset asks for the same pair again and again. */
const known = new Map<string, Taps>();

function taps(from: number, to: number): Taps {
  const key = `${from} ${to}`;
  let found = known.get(key);
  if (!found) {
    if (known.size >= 256) known.clear();
    found = bilinearTaps(from, to);
    known.set(key, found);
  }
  return found;
}

function resizeRows({ width, height, data }: Image, toWidth: number): Image {
  const { first, count, weights, width: row } = taps(width, toWidth);
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
      result[to] = Math.min(red >> PRECISION, 255);
      result[to + 1] = Math.min(green >> PRECISION, 255);
      result[to + 2] = Math.min(blue >> PRECISION, 255);
    }
  }
  return { width: toWidth, height, data: result };
}

function resizeColumns({ width, height, data }: Image, toHeight: number): Image {
  const { first, count, weights, width: row } = taps(height, toHeight);
  const stride = width * 3;
  const result = new Uint8Array(stride * toHeight);
  for (let y = 0, to = 0; y < toHeight; y++) {
    const end = y * row + count[y]!;
    for (let i = 0; i < stride; i++, to++) {
      let sum = 1 << (PRECISION - 1);
      for (let tap = y * row, from = first[y]! * stride + i; tap < end; tap++, from += stride) {
        sum += data[from]! * weights[tap]!;
      }
      result[to] = Math.min(sum >> PRECISION, 255);
    }
  }
  return { width, height: toHeight, data: result };
}

/**
 * Resizes with an antialiased bilinear filter, rows first, rounded to 8 bits in between: the same grey levels as Pillow's
 * `image.resize((width, height), BILINEAR)`. A picture that already has the size is returned as it is.
 *
 * @example
 *   const input = resizeBilinear(image, 128, 256);   // 256 rows of 128
 */
export function resizeBilinear(image: Image, width: number, height: number): Image {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1)) {
    throw new RangeError(`resizeBilinear: the new size must be whole and positive, got ${width} x ${height}`);
  }
  const rows = image.width === width ? image : resizeRows(image, width);
  return rows.height === height ? rows : resizeColumns(rows, height);
}
