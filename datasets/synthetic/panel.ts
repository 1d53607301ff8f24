import { blend, type Canvas } from './canvas.js';
import type { MutableColour } from './colour.js';
import type { Light, Point } from './solid.js';

/** What a surface is made of at a point: nothing at all, dull, lacquer, or glass. */
export type Material = 'none' | 'dull' | 'lacquer' | 'glass';

/** The colour and the material of a surface at a point in the vehicle's space. */
export type PanelPaint = (x: number, y: number, z: number, out: MutableColour) => Material;

/** A flat piece of a vehicle's surface: a convex polygon. Metres: x to its left, y up, z forward, the ground at y = 0. */
export interface Panel {
  readonly corners: readonly Point[];
  readonly paint: PanelPaint;
  /** A point behind the surface, to know its outside by. */
  readonly inside: Point;
  /** What the outward direction is bent by at a point, so that flat metal looks curved. */
  readonly bend?: (x: number, y: number, z: number) => Point;
}

/** A camera in perspective that looks at a vehicle. */
export interface Lens {
  readonly eye: Point;
  /** Right, up, and towards the eye. */
  readonly axes: readonly [Point, Point, Point];
  /** Pixels per unit of tangent, and where the axis meets the canvas. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const SAMPLES = 2;

/** Colour of the sky in what reflects it. */
const SKY: Point = [0.88, 0.94, 1];

const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Point, b: Point): Point => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/**
 * The lens of a camera that looks at a point from a direction and a distance.
 *
 * @param yaw 0 looks at the front, pi/2 at the right side, pi at the back
 * @param pitch how far it looks down
 */
export function lensAt(target: Point, yaw: number, pitch: number, distance: number): Lens {
  const [sinYaw, cosYaw, sin, cos] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  const near: Point = [-cos * sinYaw, sin, cos * cosYaw];
  const eye: Point = [target[0] + near[0] * distance, target[1] + near[1] * distance, target[2] + near[2] * distance];
  return { eye, axes: [[cosYaw, 0, sinYaw], [sin * sinYaw, cos, -sin * cosYaw], near], scale: 1, x: 0, y: 0 };
}

/** Where a point is seen. */
export function project({ eye, axes, scale, x, y }: Lens, point: Point): readonly [x: number, y: number] {
  const way = minus(point, eye);
  const depth = Math.max(0.1, -dot(way, axes[2]));
  return [x + (scale * dot(way, axes[0])) / depth, y - (scale * dot(way, axes[1])) / depth];
}

/** The direction of the ray through a place on the canvas; along the axis its length is 1. */
export function rayThrough({ axes: [right, up, near], scale, x, y }: Lens, column: number, row: number): Point {
  const [u, v] = [(column - x) / scale, (y - row) / scale];
  return [u * right[0] + v * up[0] - near[0], u * right[1] + v * up[1] - near[1], u * right[2] + v * up[2] - near[2]];
}

/** Share of the sky that lies behind a reflection, by its height. */
const skyAt = (height: number): number => (height <= -0.1 ? 0.12 : Math.min(1, 0.35 + 0.9 * (height + 0.1)));

function shade(
  colour: MutableColour,
  material: Material,
  normal: Point,
  ray: Point,
  towards: Point,
  light: Light,
): void {
  const lit = Math.max(0, dot(normal, towards));
  const strength = light.ambient * (0.72 + 0.28 * normal[1]) + light.direct * lit;
  for (let i = 0; i < 3; i++) colour[i] = colour[i]! * strength;
  if (material === 'dull') return;
  const length = Math.hypot(...ray);
  const facing = -dot(normal, ray) / length;
  const bounce = (ray[1] + 2 * facing * length * normal[1]) / length;
  const mirror = (material === 'glass' ? 0.3 : 0.09) + 0.4 * (1 - Math.max(0, facing)) ** 4;
  const sky = skyAt(bounce) * (light.ambient + 0.3 * light.direct);
  const glint = material === 'lacquer' ? 0.25 * lit ** 24 : 0;
  for (let i = 0; i < 3; i++) colour[i] = colour[i]! * (1 - mirror) + mirror * sky * SKY[i]! + glint;
}

/** Samples of the canvas: how near the nearest surface is, and its colour. */
class Samples {
  readonly width: number;
  readonly height: number;
  readonly depth: Float32Array;
  readonly colour: Float32Array;

  constructor(canvas: Canvas) {
    this.width = canvas.width * SAMPLES;
    this.height = canvas.height * SAMPLES;
    this.depth = new Float32Array(this.width * this.height).fill(Number.POSITIVE_INFINITY);
    this.colour = new Float32Array(this.width * this.height * 3);
  }

  draw(panel: Panel, lens: Lens, light: Light, towards: Point): void {
    const { corners, paint, inside, bend } = panel;
    const flat = cross(minus(corners[1]!, corners[0]!), minus(corners[2]!, corners[1]!));
    const outwards = dot(flat, minus(corners[0]!, inside)) < 0 ? -1 : 1;
    const size = Math.hypot(...flat) || 1;
    const normal: Point = [(outwards * flat[0]) / size, (outwards * flat[1]) / size, (outwards * flat[2]) / size];
    const distance = dot(normal, minus(corners[0]!, lens.eye));
    // Turned away from the eye.
    if (distance >= 0) return;
    const outline = corners.map((corner) => project(lens, corner).map((value) => value * SAMPLES) as [number, number]);
    const turn = Math.sign(
      outline.reduce((sum, [x, y], i) => {
        const [x1, y1] = outline[(i + 1) % outline.length]!;
        return sum + x * y1 - x1 * y;
      }, 0),
    );
    const xs = outline.map(([x]) => x);
    const ys = outline.map(([, y]) => y);
    const [left, right] = [
      Math.max(0, Math.floor(Math.min(...xs))),
      Math.min(this.width - 1, Math.ceil(Math.max(...xs))),
    ];
    const [top, bottom] = [
      Math.max(0, Math.floor(Math.min(...ys))),
      Math.min(this.height - 1, Math.ceil(Math.max(...ys))),
    ];
    const edges = outline.map(([x, y], i): Point => {
      const [x1, y1] = outline[(i + 1) % outline.length]!;
      return [turn * (y - y1), turn * (x1 - x), turn * (x * y1 - x1 * y)];
    });
    // Along a row, what the normal has of the ray changes evenly.
    const { axes, scale, x: middleX, y: middleY, eye } = lens;
    const [across, upwards] = [dot(normal, axes[0]) / scale, dot(normal, axes[1]) / scale];
    const straight = -dot(normal, axes[2]) - across * middleX + upwards * middleY;
    const colour: MutableColour = [0, 0, 0];
    for (let row = top; row <= bottom; row++) {
      const y = row + 0.5;
      for (let column = left; column <= right; column++) {
        const x = column + 0.5;
        let within = true;
        for (let i = 0; within && i < edges.length; i++) {
          const edge = edges[i]!;
          within = edge[0] * x + edge[1] * y + edge[2] >= 0;
        }
        if (!within) continue;
        const depth = distance / (straight + (across * x - upwards * y) / SAMPLES);
        const place = row * this.width + column;
        if (!(depth > 0) || depth >= this.depth[place]!) continue;
        const ray = rayThrough(lens, x / SAMPLES, y / SAMPLES);
        const [px, py, pz] = [eye[0] + depth * ray[0], eye[1] + depth * ray[1], eye[2] + depth * ray[2]];
        const material = paint(px, py, pz, colour);
        if (material === 'none') continue;
        this.depth[place] = depth;
        shade(colour, material, bend ? bentBy(normal, bend(px, py, pz)) : normal, ray, towards, light);
        this.colour.set(colour, place * 3);
      }
    }
  }
}

function bentBy(normal: Point, [x, y, z]: Point): Point {
  const bent: Point = [normal[0] + x, normal[1] + y, normal[2] + z];
  const length = Math.hypot(...bent) || 1;
  return [bent[0] / length, bent[1] / length, bent[2] / length];
}

/** Draws panels over a canvas, the nearest surfaces in front, four samples a pixel. */
export function drawPanels(canvas: Canvas, panels: readonly Panel[], lens: Lens, light: Light): void {
  const samples = new Samples(canvas);
  const [right, up, near] = lens.axes;
  const [lx, ly, lz] = light.direction;
  const towards: Point = [
    lx * right[0] + ly * up[0] + lz * near[0],
    lx * right[1] + ly * up[1] + lz * near[1],
    lx * right[2] + ly * up[2] + lz * near[2],
  ];
  for (const panel of panels) samples.draw(panel, lens, light, towards);
  const { width, depth, colour } = samples;
  for (let pixel = 0; pixel < canvas.width * canvas.height; pixel++) {
    const [x, y] = [(pixel % canvas.width) * SAMPLES, Math.floor(pixel / canvas.width) * SAMPLES];
    const sum = [0, 0, 0];
    let covered = 0;
    for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
      const place = (y + Math.floor(sample / SAMPLES)) * width + x + (sample % SAMPLES);
      if (depth[place] === Number.POSITIVE_INFINITY) continue;
      covered++;
      for (let i = 0; i < 3; i++) sum[i] = sum[i]! + colour[place * 3 + i]!;
    }
    if (covered > 0)
      blend(canvas, pixel, sum[0]! / covered, sum[1]! / covered, sum[2]! / covered, covered / (SAMPLES * SAMPLES));
  }
}
