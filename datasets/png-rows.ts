import type { Image } from './image.js';

/** Bytes of a pixel: what a filter looks to the left by. */
const PIXEL = 3;

/** The neighbour that is nearest to left + above − upper left, by which rows are predicted best (PNG, filter type 4). */
function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** What each of PNG's five filters predicts a byte to be. */
const FILTERS: readonly ((left: number, above: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above) => (left + above) >> 1,
  paeth,
];

/**
 * A picture's rows as PNG compresses them: each as what differs from a prediction, by the filter whose differences are smallest in
 * sum (the PNG specification's advice), its number before it. `[height, 1 + 3 · width]`.
 */
export function filteredRows({ width, height, data }: Image): Uint8Array {
  const length = PIXEL * width;
  const out = new Uint8Array(height * (1 + length));
  const tried = new Uint8Array(length);
  for (let y = 0; y < height; y++) {
    const row = y * length;
    const to = y * (1 + length);
    let least = Number.POSITIVE_INFINITY;
    for (const [type, predict] of FILTERS.entries()) {
      let sum = 0;
      for (let i = 0; i < length; i++) {
        const left = i >= PIXEL ? data[row + i - PIXEL]! : 0;
        const above = y > 0 ? data[row + i - length]! : 0;
        const corner = i >= PIXEL && y > 0 ? data[row + i - length - PIXEL]! : 0;
        const difference = (data[row + i]! - predict(left, above, corner)) & 0xff;
        tried[i] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum >= least) continue;
      least = sum;
      out[to] = type;
      out.set(tried, to + 1);
    }
  }
  return out;
}

/** Bytes as a zlib stream, by the host's own compressor. */
export async function zlib(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
