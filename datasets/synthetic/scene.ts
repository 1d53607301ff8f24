import type { Canvas } from './canvas.js';
import { type Colour, hex, type MutableColour, mix } from './colour.js';
import { lattice, noise2 } from './noise.js';

export const SCENES = ['street', 'park', 'plaza', 'hall', 'parking', 'crossing'] as const;

export type SceneStyle = (typeof SCENES)[number];

/** A place that a camera looks at. */
export interface Scene {
  readonly style: SceneStyle;
  /** Picks colours and details. */
  readonly layer: number;
}

/** The part of a scene that one picture shows. */
export interface Outlook {
  /** Where along the scene, in picture heights. */
  readonly shift: number;
  /** Share of the picture's height at which wall and ground meet. */
  readonly ground: number;
  /** Light on the scene: clouds and the shadows of houses change it from picture to picture. */
  readonly light: number;
}

/** Colour of a point; for walls x and y in picture heights, for grounds metres or so, seen in perspective. */
type Surface = (x: number, y: number, out: MutableColour) => void;

const cell = (value: number): number => Math.floor(value);
const inCell = (value: number): number => value - Math.floor(value);

/** Writes a colour, times a brightness. */
function put(out: MutableColour, colour: Colour, light: number): void {
  out[0] = colour[0] * light;
  out[1] = colour[1] * light;
  out[2] = colour[2] * light;
}

/** One of a few colours, by lattice point. */
const pick = (colours: readonly Colour[], x: number, layer: number): Colour =>
  colours[Math.floor(lattice(x, 7, layer) * colours.length)]!;

const BRICKS = ['8f5b48', '9c7a5e', 'a89f93', '6f6a68'].map(hex);
const SHOPS = ['27405e', '6a2a2e', '2f4a3a', '3a3a40', 'a68a5a', '705080'].map(hex);
const STONES = ['9a978f', 'a79d8c', '84878b', 'b1aca2'].map(hex);
const LEAVES = ['3d5a2f', '4b6b35', '34512f', '5d7038'].map(hex);
const CARS = ['b9bcc0', '2a2d33', '8a2228', '27406f', 'd8d6d0', '55585c', '77612f'].map(hex);

/** Bricks with mortar, and now and then a window or a shop front. */
function brickWall(layer: number): Surface {
  const brick = pick(BRICKS, 1, layer);
  return (x, y, out) => {
    const bay = cell(x / 0.62);
    const [inBay, shop] = [inCell(x / 0.62), lattice(bay, 3, layer) < 0.5];
    if (inBay > 0.12 && inBay < 0.88 && y > (shop ? 0.12 : 0.08) && y < (shop ? 0.9 : 0.3)) {
      const frame = inBay < 0.17 || inBay > 0.83 || Math.abs(inBay - 0.5) < 0.02;
      const glass = mix(hex('33414c'), hex('93a5b0'), noise2(x * 5, y * 4, layer + 1));
      if (shop && y < 0.22) put(out, pick(SHOPS, bay, layer), 1);
      else put(out, frame ? hex('4a4744') : glass, 1);
      return;
    }
    const row = cell(y / 0.026);
    const along = x / 0.07 + (row % 2) / 2;
    const mortar = inCell(y / 0.026) < 0.14 || inCell(along) < 0.06;
    put(out, brick, mortar ? 1.12 : 0.88 + 0.2 * lattice(cell(along), row, layer));
  };
}

/** Hedges and trunks under a pale sky. */
function trees(layer: number): Surface {
  const leaf = pick(LEAVES, 2, layer);
  return (x, y, out) => {
    const trunk = cell(x / 0.5);
    const middle = (trunk + 0.2 + 0.6 * lattice(trunk, 5, layer)) * 0.5;
    const thick = 0.018 + 0.03 * lattice(trunk, 6, layer);
    if (Math.abs(x - middle) < thick && y > 0.08) {
      put(out, hex('57463a'), 0.75 + 0.45 * noise2(x * 60, y * 9, layer) - (x - middle) * 6);
      return;
    }
    const edge = 0.32 + 0.16 * noise2(x * 5, 1, layer);
    const clumps = noise2(x * 16, y * 18, layer) * 0.6 + noise2(x * 42, y * 46, layer + 1) * 0.4;
    const crown = y < 0.2 + 0.14 * noise2(x * 3.5, 4, layer + 2);
    if (y < edge && !crown) put(out, mix(hex('cfd8dc'), hex('a9bfcc'), y), 1);
    else put(out, leaf, (crown ? 0.75 : 0.6) + 0.7 * clumps);
  };
}

/** A facade of glass and stone. */
function facade(layer: number): Surface {
  const stone = pick(STONES, 3, layer);
  return (x, y, out) => {
    const [column, row] = [cell(x / 0.23), cell(y / 0.3)];
    const [u, v] = [inCell(x / 0.23), inCell(y / 0.3)];
    if (u < 0.09 || v < 0.06) put(out, stone, 0.9 + 0.15 * noise2(x * 20, y * 20, layer));
    else {
      const sheen = 0.35 * lattice(column, row, layer) + 0.5 * noise2(x * 3 + y * 2.2, y * 3, layer + 1);
      put(out, mix(hex('2d3b47'), hex('b5c6cf'), sheen), 1);
    }
  };
}

/** An indoor wall with doors, posters and a skirting board. */
function indoorWall(layer: number): Surface {
  const plaster = pick(['cfc7b5', 'b9c2c4', 'd3cdbf', 'b7b09f'].map(hex), 4, layer);
  return (x, y, out) => {
    const bay = cell(x / 0.7);
    const inBay = inCell(x / 0.7);
    const kind = lattice(bay, 8, layer);
    if (kind < 0.45 && inBay > 0.25 && inBay < 0.68 && y > 0.1) {
      const edge = inBay < 0.28 || inBay > 0.65 || y < 0.13;
      put(out, pick(['6b4a30', '51606b', '7a3330', '8a8f93'].map(hex), bay, layer), edge ? 0.75 : 1);
    } else if (kind > 0.7 && inBay > 0.3 && inBay < 0.6 && y > 0.2 && y < 0.44) {
      const lines = inCell(y / 0.035) < 0.35;
      put(out, lines ? hex('eeeae0') : pick(SHOPS, bay + 9, layer), 1.1);
    } else put(out, plaster, 0.86 + 0.1 * noise2(x * 3, y * 3, layer) + (y < 0.05 ? 0.15 : 0));
  };
}

/** Concrete with parked cars in front. */
function parkedCars(layer: number): Surface {
  const concrete = pick(STONES, 5, layer);
  return (x, y, out) => {
    const place = cell(x / 0.8);
    const u = inCell(x / 0.8);
    if (lattice(place, 2, layer) < 0.8 && u > 0.04 && u < 0.96) {
      const paint = pick(CARS, place, layer);
      const roof = 0.42 + 0.35 * Math.max(0, Math.abs(u - 0.5) - 0.22);
      const wheel = Math.min(Math.hypot((u - 0.24) * 0.8, y - 0.95), Math.hypot((u - 0.76) * 0.8, y - 0.95));
      if (wheel < 0.075) return put(out, wheel < 0.04 ? hex('8b8d90') : hex('1d1d20'), 1);
      if (y > 0.64 && y < 0.95) return put(out, paint, y < 0.67 ? 1.15 : 0.95 - 0.3 * (y - 0.64));
      if (y > roof && y <= 0.64 && u > 0.16 && u < 0.84) {
        const pillar = Math.abs(u - 0.5) < 0.02 || y < roof + 0.03;
        return put(out, pillar ? paint : hex('39444d'), 1);
      }
    }
    put(out, concrete, 0.8 + 0.25 * noise2(x * 6, y * 6, layer) - (inCell(y / 0.31) < 0.03 ? 0.15 : 0));
  };
}

/** Square slabs. */
function slabs(colour: Colour, size: number, layer: number): Surface {
  return (x, y, out) => {
    const joint = inCell(x / size) < 0.05 || inCell(y / size) < 0.05;
    put(out, colour, joint ? 0.78 : 0.92 + 0.14 * lattice(cell(x / size), cell(y / size), layer));
  };
}

function grass(layer: number): Surface {
  const path = 0.5 + lattice(1, 1, layer);
  return (x, y, out) => {
    if (Math.abs(x + 0.4 * Math.sin(y * 0.9 + layer)) < path)
      put(out, hex('a5977d'), 0.85 + 0.25 * noise2(x * 8, y * 8, layer));
    else put(out, hex('63783f'), 0.75 + 0.4 * noise2(x * 11, y * 6, layer));
  };
}

/** Asphalt, with white stripes every so often. */
function asphalt(layer: number, stripes: number): Surface {
  return (x, y, out) => {
    const painted = stripes > 0 && inCell(x / stripes) < 0.45 && noise2(x * 9, y * 9, layer + 1) > 0.12;
    put(out, painted ? hex('d4d3cc') : hex('64666a'), 0.85 + 0.25 * noise2(x * 14, y * 14, layer));
  };
}

function polished(layer: number): Surface {
  const tiles = slabs(hex('a79f90'), 0.5, layer);
  return (x, y, out) => {
    tiles(x, y, out);
    const shine = 0.86 + 0.3 * noise2(x * 1.2, y * 0.6, layer + 3);
    put(out, [out[0], out[1], out[2]], shine);
  };
}

function surfaces({ style, layer }: Scene): readonly [wall: Surface, ground: Surface] {
  switch (style) {
    case 'street':
      return [brickWall(layer), slabs(hex('98948c'), 0.42, layer)];
    case 'park':
      return [trees(layer), grass(layer)];
    case 'plaza':
      return [facade(layer), slabs(hex('b0a694'), 0.7, layer)];
    case 'hall':
      return [indoorWall(layer), polished(layer)];
    case 'parking':
      return [parkedCars(layer), asphalt(layer, 1.9)];
    default:
      return [brickWall(layer + 50), asphalt(layer, 0.62)];
  }
}

/** Scenes are paler than people: farther away, and out of focus. */
const HAZE = 0.3;
const GREY = 0.56;

/** Fills a canvas with the part of a scene that an outlook names. */
export function drawScene(canvas: Canvas, scene: Scene, { shift, ground, light }: Outlook): void {
  const [wall, floor] = surfaces(scene);
  const { width, height, data } = canvas;
  const colour: MutableColour = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5) / height;
    const below = v - ground;
    // A camera well above the ground: near and far differ by a factor of three over the picture.
    const far = 1 / (0.32 + Math.max(0, below));
    // The foot of a wall is in the shade.
    const shade = below < 0 && v / ground > 0.94 ? 0.8 * light : light;
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5 - width / 2) / height;
      if (below < 0) wall(u + shift, v / ground, colour);
      else floor((u * far + shift) * 1.6, far * 2.2, colour);
      const at = (y * width + x) * 3;
      data[at] = (HAZE * GREY + (1 - HAZE) * colour[0]) * shade;
      data[at + 1] = (HAZE * GREY + (1 - HAZE) * colour[1]) * shade;
      data[at + 2] = (HAZE * GREY + (1 - HAZE) * colour[2]) * shade;
    }
  }
}
