import { blend, type Canvas } from './canvas.js';
import type { MutableColour } from './colour.js';

/** A point in a figure's own space: x to its left, y up, z forward; 1 is the figure's height, the ground is y = 0. */
export type Point = readonly [x: number, y: number, z: number];

/** The colour of a surface at a point; `along` runs from 0 at the solid's start to 1 at its end. */
export type Paint = (x: number, y: number, z: number, along: number, out: MutableColour) => void;

/** Two balls and the cone that joins them: limbs, trunks, heads and bags are all made of it. */
export interface Solid {
  readonly from: Point;
  readonly fromRadius: number;
  readonly to: Point;
  readonly toRadius: number;
  readonly paint: Paint;
  /** Stretch along x, y, z about `from`: a trunk is less deep than wide. */
  readonly stretch?: Point;
  /** Which points of the surface exist: cuts a hem, a hairline. */
  readonly keep?: (x: number, y: number, z: number) => boolean;
  /** Share of the light that comes back as a highlight: leather, vinyl, hair. */
  readonly gloss?: number;
}

/** How a figure is seen: without perspective, as a far camera sees it. */
export interface View {
  /** Turn about the vertical, in radians: 0 looks at the face, pi/2 at its right side, pi at the back. */
  readonly yaw: number;
  /** How far the camera looks down, in radians. */
  readonly pitch: number;
  /** Pixels per unit, and where the ground point below the figure lies on the canvas. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Light from far away plus light from everywhere. */
export interface Light {
  /** Towards the light, in the camera's space (x right, y up, z to the viewer), of length 1. */
  readonly direction: Point;
  readonly ambient: number;
  readonly direct: number;
}

/** No stretch. */
const EVEN: Point = [1, 1, 1];

/** Samples a pixel, along each side. */
const SAMPLES = 2;

const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The camera's right, up and towards-the-viewer in the figure's space. */
function axes({ yaw, pitch }: View): readonly [Point, Point, Point] {
  const [sinYaw, cosYaw, sin, cos] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  return [
    [cosYaw, 0, sinYaw],
    [sin * sinYaw, cos, -sin * cosYaw],
    [-cos * sinYaw, sin, cos * cosYaw],
  ];
}

/** A rectangle of samples; the last column and row belong to it. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The samples of a canvas that a solid may cover. */
function footprint({ from, to, fromRadius, toRadius, stretch = EVEN }: Solid, canvas: Canvas, view: View): Box {
  const [right, up] = axes(view);
  const reach = Math.max(fromRadius, toRadius) * Math.max(...stretch) + 1 / view.scale;
  const [x0, x1] = [dot(from, right), dot(to, right)];
  const [y0, y1] = [dot(from, up), dot(to, up)];
  const column = (x: number): number => (view.x + x * view.scale) * SAMPLES;
  const row = (y: number): number => (view.y - y * view.scale) * SAMPLES;
  return {
    left: Math.max(0, Math.floor(column(Math.min(x0, x1) - reach))),
    right: Math.min(canvas.width * SAMPLES - 1, Math.ceil(column(Math.max(x0, x1) + reach))),
    top: Math.max(0, Math.floor(row(Math.max(y0, y1) + reach))),
    bottom: Math.min(canvas.height * SAMPLES - 1, Math.ceil(row(Math.min(y0, y1) - reach))),
  };
}

/** What the camera sees at each sample. */
interface Hits {
  readonly box: Box;
  /** Number of the solid, from 1; 0 is nothing. */
  readonly solid: Uint8Array;
  /** Distance from the plane through the figure's origin, away from the viewer. */
  readonly depth: Float32Array;
  readonly along: Float32Array;
}

/**
 * Finds the nearest solid at each sample of a rectangle. A ray meets a stretched solid where it meets the plain one in the
 * stretched space; the intersection follows I. Quilez, "Rounded cone - intersection".
 */
function trace(hits: Hits, number: number, solid: Solid, box: Box, view: View): void {
  const [right, up, near] = axes(view);
  const { left, top } = hits.box;
  const width = hits.box.right - left + 1;
  const { from, to, fromRadius, toRadius, keep } = solid;
  const [sx, sy, sz] = solid.stretch ?? EVEN;
  const step = 1 / (view.scale * SAMPLES);
  const [rx, ry, rz] = [right[0] / sx, right[1] / sy, right[2] / sz];
  const [ux, uy, uz] = [up[0] / sx, up[1] / sy, up[2] / sz];
  const stretchLength = Math.hypot(near[0] / sx, near[1] / sy, near[2] / sz);
  const [dx, dy, dz] = [-near[0] / sx / stretchLength, -near[1] / sy / stretchLength, -near[2] / sz / stretchLength];
  const [bx, by, bz] = [(to[0] - from[0]) / sx, (to[1] - from[1]) / sy, (to[2] - from[2]) / sz];
  const difference = fromRadius - toRadius;
  const m0 = bx * bx + by * by + bz * bz;
  const m2 = bx * dx + by * dy + bz * dz;
  const d2 = m0 - difference * difference;
  const k2 = d2 - m2 * m2;
  const coneExists = d2 > 1e-9 && k2 > 1e-9;

  for (let y = box.top; y <= box.bottom; y++) {
    const v = (view.y * SAMPLES - (y + 0.5)) * step;
    for (let x = box.left; x <= box.right; x++) {
      const u = (x + 0.5 - view.x * SAMPLES) * step;
      const ox = u * rx + v * ux - from[0] / sx;
      const oy = u * ry + v * uy - from[1] / sy;
      const oz = u * rz + v * uz - from[2] / sz;
      const m1 = bx * ox + by * oy + bz * oz;
      const m3 = dx * ox + dy * oy + dz * oz;
      const m5 = ox * ox + oy * oy + oz * oz;
      let t = Number.POSITIVE_INFINITY;
      let along = 0;
      if (coneExists) {
        const k1 = d2 * m3 - m1 * m2 + m2 * difference * fromRadius;
        const k0 = d2 * m5 - m1 * m1 + m1 * difference * fromRadius * 2 - m0 * fromRadius * fromRadius;
        const h = k1 * k1 - k0 * k2;
        if (h >= 0) {
          const hit = (-Math.sqrt(h) - k1) / k2;
          const place = m1 - fromRadius * difference + hit * m2;
          if (place > 0 && place < d2) {
            t = hit;
            along = place / d2;
          }
        }
      }
      if (t === Number.POSITIVE_INFINITY) {
        const h1 = m3 * m3 - m5 + fromRadius * fromRadius;
        if (h1 > 0) t = -m3 - Math.sqrt(h1);
        const m6 = m3 - m2;
        const h2 = m6 * m6 - (m5 - 2 * m1 + m0) + toRadius * toRadius;
        if (h2 > 0 && -m6 - Math.sqrt(h2) < t) {
          t = -m6 - Math.sqrt(h2);
          along = 1;
        }
        if (t === Number.POSITIVE_INFINITY) continue;
      }
      const depth = t / stretchLength;
      const place = (y - top) * width + x - left;
      if (hits.solid[place] !== 0 && hits.depth[place]! <= depth) continue;
      if (keep) {
        const pointX = u * right[0] + v * up[0] - depth * near[0];
        const pointY = u * right[1] + v * up[1] - depth * near[1];
        const pointZ = u * right[2] + v * up[2] - depth * near[2];
        if (!keep(pointX, pointY, pointZ)) continue;
      }
      hits.solid[place] = number;
      hits.depth[place] = depth;
      hits.along[place] = along;
    }
  }
}

/** Colours one sample: paint, times light by the angle of the surface, plus a highlight. */
function shade(
  point: Point,
  along: number,
  solid: Solid,
  light: Point,
  near: Point,
  power: Light,
  out: MutableColour,
): void {
  const { from, to, gloss = 0 } = solid;
  const stretch = solid.stretch ?? EVEN;
  // A plain solid's normal points away from its axis; a stretched one's is bent by the inverse stretch.
  const nx = (point[0] - from[0] - (to[0] - from[0]) * along) / (stretch[0] * stretch[0]);
  const ny = (point[1] - from[1] - (to[1] - from[1]) * along) / (stretch[1] * stretch[1]);
  const nz = (point[2] - from[2] - (to[2] - from[2]) * along) / (stretch[2] * stretch[2]);
  const length = Math.sqrt(nx * nx + ny * ny + nz * nz) || 1;
  const facing = Math.max(0, (nx * near[0] + ny * near[1] + nz * near[2]) / length);
  const lit = Math.max(0, (nx * light[0] + ny * light[1] + nz * light[2]) / length);
  const sky = 0.85 + (0.15 * ny) / length;
  const strength = (power.ambient * sky + power.direct * lit) * (0.72 + 0.28 * facing);
  solid.paint(point[0], point[1], point[2], along, out);
  const shine = gloss === 0 ? 0 : gloss * lit ** 8;
  out[0] = out[0] * strength + shine;
  out[1] = out[1] * strength + shine;
  out[2] = out[2] * strength + shine;
}

/**
 * Draws a figure over a canvas: every solid, nearest first, four samples a pixel.
 *
 * @param solids at most 255
 */
export function drawFigure(canvas: Canvas, solids: readonly Solid[], view: View, light: Light): void {
  const [right, up, near] = axes(view);
  const boxes = solids.map((solid) => footprint(solid, canvas, view));
  // Whole pixels, so that all samples of a pixel lie inside or outside.
  const left = Math.floor(Math.min(...boxes.map((box) => box.left)) / SAMPLES);
  const last = Math.floor(Math.max(...boxes.map((box) => box.right)) / SAMPLES);
  const top = Math.floor(Math.min(...boxes.map((box) => box.top)) / SAMPLES);
  const bottom = Math.floor(Math.max(...boxes.map((box) => box.bottom)) / SAMPLES);
  if (left > last || top > bottom) return;
  const width = (last - left + 1) * SAMPLES;
  const size = width * (bottom - top + 1) * SAMPLES;
  const hits: Hits = {
    box: {
      left: left * SAMPLES,
      right: left * SAMPLES + width - 1,
      top: top * SAMPLES,
      bottom: (bottom + 1) * SAMPLES - 1,
    },
    solid: new Uint8Array(size),
    depth: new Float32Array(size),
    along: new Float32Array(size),
  };
  for (const [i, solid] of solids.entries()) trace(hits, i + 1, solid, boxes[i]!, view);
  const [lx, ly, lz] = light.direction;
  const towards: Point = [
    lx * right[0] + ly * up[0] + lz * near[0],
    lx * right[1] + ly * up[1] + lz * near[1],
    lx * right[2] + ly * up[2] + lz * near[2],
  ];
  const step = 1 / (view.scale * SAMPLES);
  const colour: MutableColour = [0, 0, 0];
  const point: [number, number, number] = [0, 0, 0];
  for (let pixelY = top; pixelY <= bottom; pixelY++) {
    for (let pixelX = left; pixelX <= last; pixelX++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let covered = 0;
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const x = pixelX * SAMPLES + (sample % SAMPLES);
        const y = pixelY * SAMPLES + Math.floor(sample / SAMPLES);
        const place = (y - top * SAMPLES) * width + x - left * SAMPLES;
        const number = hits.solid[place]!;
        if (number === 0) continue;
        const u = (x + 0.5 - view.x * SAMPLES) * step;
        const v = (view.y * SAMPLES - (y + 0.5)) * step;
        const depth = hits.depth[place]!;
        for (let axis = 0; axis < 3; axis++) point[axis] = u * right[axis]! + v * up[axis]! - depth * near[axis]!;
        shade(point, hits.along[place]!, solids[number - 1]!, towards, near, light, colour);
        red += colour[0];
        green += colour[1];
        blue += colour[2];
        covered++;
      }
      if (covered === 0) continue;
      const pixel = pixelY * canvas.width + pixelX;
      blend(canvas, pixel, red / covered, green / covered, blue / covered, covered / (SAMPLES * SAMPLES));
    }
  }
}
