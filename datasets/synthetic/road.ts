import type { Canvas } from './canvas.js';
import { type Colour, hex, type MutableColour, mix } from './colour.js';
import { lattice, noise2 } from './noise.js';
import { type Lens, rayThrough } from './panel.js';

/** A stretch of road as one camera sees it. */
export interface Road {
  /** Picks colours and details. */
  readonly layer: number;
  readonly asphalt: Colour;
  /** Colour and dashes of the lane marks. */
  readonly mark: Colour;
  readonly dash: number;
  /** Metres from the middle of the vehicle's lane to the kerb on its right, whole lanes further on its left. */
  readonly kerb: number;
  readonly lanes: number;
  readonly verge: 'grass' | 'pavement' | 'gravel';
  /** Stripes of a pedestrian crossing lie this far ahead, if there is one. */
  readonly crossing?: number;
}

const LANE = 3.4;
const VERGES = { grass: hex('5f7340'), pavement: hex('a39d92'), gravel: hex('8f8471') };

const fraction = (value: number): number => value - Math.floor(value);

/** The colour of the ground at a place: x to the vehicle's left, z ahead of it. */
function groundAt(road: Road, x: number, z: number, along: number, out: MutableColour): number {
  const { layer, asphalt, mark, dash, kerb, lanes, verge, crossing } = road;
  const grain =
    0.86 + 0.2 * noise2(x * 3, z * 3, layer) + 0.08 * lattice(Math.floor(x * 24), Math.floor(z * 24), layer);
  const set = (colour: Colour, light: number): number => {
    out[0] = colour[0];
    out[1] = colour[1];
    out[2] = colour[2];
    return light;
  };
  const [right, left] = [-kerb, LANE * (lanes - 0.5)];
  if (x < right || x > left) {
    const off = x < right ? right - x : x - left;
    if (off < 0.18) return set(hex('b9b5ab'), 0.95);
    const slab = verge === 'pavement' && (fraction(x / 0.6) < 0.06 || fraction((z + along) / 0.6) < 0.06);
    return set(VERGES[verge], slab ? 0.8 : 0.75 + 0.4 * noise2(x * 5, (z + along) * 5, layer + 1));
  }
  const way = z + along;
  if (crossing !== undefined && Math.abs(z - crossing) < 1.6 && fraction(x / 1.1) < 0.45)
    return set(mark, 0.95 * grain);
  const lane = (x + LANE / 2) / LANE;
  const near = Math.abs(lane - Math.round(lane)) * LANE;
  const inner = Math.round(lane) >= 0 && Math.round(lane) < lanes && lanes > 1;
  if (inner && near < 0.075 && Math.round(lane) > 0 && fraction(way / dash) < 0.45) return set(mark, grain);
  if (Math.min(x - right, left - x) < 0.35 && Math.min(x - right, left - x) > 0.23) return set(mark, 0.95 * grain);
  // Wheels polish two tracks, and oil darkens the middle between them.
  const track = Math.abs(Math.abs(x - Math.round(x / LANE) * LANE) - 0.75);
  const patch = noise2(x * 0.4, way * 0.25, layer + 2) > 0.72 ? 0.9 : 1;
  return set(asphalt, grain * patch * (track < 0.35 ? 1.05 : 1));
}

/**
 * Fills a canvas with a road in perspective, or, above the horizon, with haze and trees.
 *
 * @param along metres by which the road's marks are shifted
 * @param light on the road
 */
export function drawRoad(canvas: Canvas, road: Road, lens: Lens, along: number, light: number): void {
  const { width, height, data } = canvas;
  const colour: MutableColour = [0, 0, 0];
  const haze = hex('9aa3a8');
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const ray = rayThrough(lens, column + 0.5, row + 0.5);
      const depth = ray[1] < -1e-3 ? -lens.eye[1] / ray[1] : Number.POSITIVE_INFINITY;
      let brightness = light;
      if (depth < 120) {
        brightness *= groundAt(road, lens.eye[0] + depth * ray[0], lens.eye[2] + depth * ray[2], along, colour);
        const far = Math.min(0.7, depth / 120);
        for (let i = 0; i < 3; i++) colour[i] = colour[i]! * (1 - far) + haze[i]! * far;
      } else {
        const leaf = noise2((column / height) * 9, (row / height) * 9, road.layer);
        const tone = mix(hex('56663f'), haze, 0.4 + 0.4 * leaf);
        for (let i = 0; i < 3; i++) colour[i] = tone[i]!;
      }
      for (let i = 0; i < 3; i++) data[(row * width + column) * 3 + i] = colour[i]! * brightness;
    }
  }
}

/** Darkens the ground below a vehicle whose middle is at (x, z): softly outwards. */
export function drawGroundShadow(
  canvas: Canvas,
  lens: Lens,
  [x, z]: readonly [number, number],
  [halfWidth, halfLength]: readonly [number, number],
  strength: number,
): void {
  const { width, height, data } = canvas;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const ray = rayThrough(lens, column + 0.5, row + 0.5);
      if (ray[1] >= -1e-3) continue;
      const depth = -lens.eye[1] / ray[1];
      const across = Math.max(0, Math.abs(lens.eye[0] + depth * ray[0] - x) - halfWidth);
      const ahead = Math.max(0, Math.abs(lens.eye[2] + depth * ray[2] - z) - halfLength);
      const keep = 1 - strength * Math.exp(-((across * across + ahead * ahead) / 0.16));
      for (let i = 0; i < 3; i++) {
        const place = (row * width + column) * 3 + i;
        data[place] = data[place]! * keep;
      }
    }
  }
}
