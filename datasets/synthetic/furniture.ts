import type { RandomStream } from '../../random/philox.js';
import { blend, type Canvas } from './canvas.js';
import { type Colour, hex } from './colour.js';
import { lattice, noise2 } from './noise.js';

/** Distance outside a shape, in pixels, becomes coverage of the pixel. */
const cover = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance));

/** Draws what lies inside a distance field, between two rows. */
function fill(
  canvas: Canvas,
  distance: (x: number, y: number) => number,
  colour: (x: number, y: number) => readonly [Colour, number],
): void {
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const share = cover(distance(x + 0.5, y + 0.5));
      if (share === 0) continue;
      const [[red, green, blue], light] = colour(x + 0.5, y + 0.5);
      blend(canvas, y * canvas.width + x, red * light, green * light, blue * light, share);
    }
  }
}

/** Distance to an upright box. */
const box =
  (left: number, right: number, top: number, bottom: number) =>
  (x: number, y: number): number =>
    Math.max(left - x, x - right, top - y, y - bottom);

/** A lamp post or sign post, from top to bottom of the picture or from somewhere within it. */
function post(canvas: Canvas, random: RandomStream): void {
  const { width, height } = canvas;
  const middle = random.range(0.05, 0.95) * width;
  const half = random.range(0.025, 0.055) * width;
  const top = random.uniform() < 0.5 ? -1 : random.range(0.3, 0.7) * height;
  const metal = random.choice(['4b4f52', '7b7f82', '2f4038', 'a39b45'].map(hex));
  fill(canvas, box(middle - half, middle + half, top, height), (x) => [metal, 1.1 - 0.5 * ((x - middle) / half) ** 2]);
}

/** A planter, bench or wall along the bottom of the picture. */
function ledge(canvas: Canvas, random: RandomStream): void {
  const { width, height } = canvas;
  const top = random.range(0.66, 0.86) * height;
  const from = random.uniform() < 0.5 ? -1 : random.range(0, 0.5) * width;
  const to = from < 0 ? random.range(0.5, 1.05) * width : width + 1;
  const stone = random.choice(['8f8a80', '6d5a45', '9b5f4a', '5b6064'].map(hex));
  const boards = random.range(0.03, 0.07) * height;
  fill(canvas, box(from, to, top, height), (_x, y) => {
    const board = (y - top) / boards;
    return [stone, y < top + 0.012 * height ? 1.25 : board - Math.floor(board) < 0.12 ? 0.62 : 0.9];
  });
}

/** Leaves in a lower corner. */
function bush(canvas: Canvas, random: RandomStream): void {
  const { width, height } = canvas;
  const layer = random.integer(1000);
  const middle = random.choice([random.range(-0.05, 0.25), random.range(0.75, 1.05)]) * width;
  const [across, up] = [random.range(0.35, 0.6) * width, random.range(0.2, 0.4) * height];
  const green = random.choice(['3f5c2f', '56703a', '2f4a2c'].map(hex));
  const distance = (x: number, y: number): number => {
    const ragged = 0.22 * noise2((x / width) * 9, (y / height) * 18, layer);
    return (Math.hypot((x - middle) / across, (y - height) / up) + ragged - 1.08) * across;
  };
  const scale = height / 128;
  fill(canvas, distance, (x, y) => [
    green,
    0.6 + 0.7 * lattice(Math.floor(x / scale / 2), Math.floor(y / scale / 2), layer),
  ]);
}

/** A crossbar or the bonnet of a car: something wide and low. */
function bonnet(canvas: Canvas, random: RandomStream): void {
  const { width, height } = canvas;
  const paint = random.choice(['b9bcc0', '2a2d33', '8a2228', '27406f', '55585c'].map(hex));
  const right = random.uniform() < 0.5;
  const top = random.range(0.7, 0.82) * height;
  const distance = (x: number, y: number): number => {
    const reach = right ? 1 - x / width : x / width;
    return Math.max(top + 0.12 * height * Math.max(0, reach - 0.35) ** 0.7 - y, (reach - 0.75) * width);
  };
  fill(canvas, distance, (_x, y) => [paint, y < top + 0.03 * height ? 1.2 : 0.9 - (0.5 * (y - top)) / height]);
}

/** Draws one thing that stands between camera and person. */
export function drawFurniture(canvas: Canvas, random: RandomStream): void {
  random.choice([post, ledge, bush, bonnet])(canvas, random);
}
