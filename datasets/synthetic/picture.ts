import type { RandomStream } from '../../random/philox.js';
import type { Image } from '../image.js';
import { type Camera, expose } from './camera.js';
import { blend, blur, type Canvas, createCanvas, toImage } from './canvas.js';
import { dressedBody, luggage } from './clothes.js';
import { drawFurniture } from './furniture.js';
import { headOf } from './head.js';
import { drawPerson, type Person } from './person.js';
import { poseOf } from './pose.js';
import { drawScene } from './scene.js';
import { drawFigure, type View } from './solid.js';

/** How often something goes wrong, as shares of the pictures. */
export interface Mishaps {
  /** Something or somebody hides a part of the person. */
  readonly occlusion: number;
  /** The detector's box is far off: a part is cut away, or the person is small in it. */
  readonly badBox: number;
  /** Somebody else is in the background. */
  readonly company: number;
}

export const USUAL_MISHAPS: Mishaps = { occlusion: 0.15, badBox: 0.08, company: 0.16 };

/** The part of the box's height that a well-boxed person fills. */
export const FILL = 0.92;

const TURN = Math.PI;

/** Where a person stands in the box. */
export interface Stand {
  /** Height of the figure as a share of the box's. */
  readonly size: number;
  /** Middle of the figure across, and its soles, as shares of the box's width and height. */
  readonly x: number;
  readonly y: number;
}

/** The turn of somebody who walks past. */
export function directionOf({ yaw, yawSpread, turnShare }: Camera, random: RandomStream): number {
  const turned = random.uniform() < turnShare ? TURN : 0;
  return yaw + turned + random.normal() * yawSpread;
}

/** A soft dark patch about the feet. */
function drawShadow(canvas: Canvas, { scale, x, y, pitch }: View, strength: number, lean: number): void {
  const [across, down] = [0.15 * scale, (0.05 + 0.1 * Math.sin(pitch)) * scale];
  for (let row = Math.max(0, Math.floor(y - 2 * down)); row < Math.min(canvas.height, y + 2 * down); row++) {
    for (let column = 0; column < canvas.width; column++) {
      const distance = Math.hypot((column + 0.5 - x + lean * across) / across, (row + 0.5 - y) / down);
      if (distance < 1.6)
        blend(canvas, row * canvas.width + column, 0.04, 0.04, 0.05, strength * Math.exp(-(distance ** 2) * 1.6));
    }
  }
}

/** How a person is seen in one picture. */
export interface Sight {
  readonly stand: Stand;
  /** Turn of the figure, and how far the camera looks down. */
  readonly yaw: number;
  readonly pitch: number;
  /** Of the walk, see `poseOf`. */
  readonly phase: number;
  readonly amount: number;
  /** Picks the folds of the clothes. */
  readonly folds: number;
}

/** Draws a person with their shadow. */
export function drawSight(canvas: Canvas, person: Person, { light }: Camera, sight: Sight): void {
  const { stand, yaw, pitch, phase, amount, folds } = sight;
  const pose = poseOf(person, phase, amount);
  const scale = (canvas.height * stand.size) / Math.cos(pitch);
  const soles = canvas.height * stand.y;
  const view: View = {
    yaw,
    pitch,
    scale,
    x: canvas.width * stand.x,
    y: soles + pose.ground * scale * Math.cos(pitch),
  };
  drawShadow(canvas, { ...view, y: soles }, 0.3 + 0.4 * light.direct, light.direction[0]);
  drawFigure(canvas, [...dressedBody(person, pose, folds), ...headOf(person), ...luggage(person, pose)], view, light);
}

function drawStanding(canvas: Canvas, person: Person, camera: Camera, stand: Stand, random: RandomStream): void {
  const walking = random.uniform() < 0.85;
  const phase = random.uniform() * 2 * Math.PI;
  const amount = walking ? random.range(0.55, 1) : 0.06;
  const pitch = Math.max(0, camera.pitch + random.normal() * 0.04);
  const yaw = directionOf(camera, random);
  drawSight(canvas, person, camera, { stand, yaw, pitch, phase, amount, folds: random.integer(1 << 20) });
}

function standIn(badBox: boolean, random: RandomStream): Stand {
  const size = FILL * (1 + random.range(-0.08, 0.07));
  const x = 0.5 + random.normal() * 0.03;
  const y = 0.5 + size / 2 + random.normal() * 0.014;
  if (!badBox) return { size, x, y };
  if (random.uniform() < 0.35) {
    const small = size * random.range(0.68, 0.85);
    return { size: small, x: 0.5 + random.normal() * 0.1, y: 0.5 + small / 2 + random.range(-0.1, 0.1) };
  }
  const large = size * random.range(1.15, 1.4);
  const rest = large - 1;
  return { size: large, x: 0.5 + random.normal() * 0.08, y: 1 + rest * random.range(0.2, 1) + 0.03 };
}

/**
 * One picture of a person by a camera: scene, company, person, what stands in front, and then the camera's own faults.
 * Everything that changes from picture to picture comes from `random`.
 *
 * @param height of the picture in pixels
 * @param width usually half of it
 */
export function drawPicture(
  person: Person,
  camera: Camera,
  height: number,
  width: number,
  random: RandomStream,
  mishaps: Mishaps = USUAL_MISHAPS,
): Image {
  const canvas = createCanvas(width, height);
  drawScene(canvas, camera.scene, {
    shift: random.range(0, 12),
    ground: camera.ground + random.range(-0.1, 0.1),
    light: random.range(0.7, 1.25),
  });
  if (random.uniform() < mishaps.company) {
    const size = random.range(0.45, 0.75);
    const x = random.choice([random.range(-0.05, 0.2), random.range(0.8, 1.05)]);
    drawStanding(canvas, drawPerson(random), camera, { size, x, y: random.range(0.72, 0.9) }, random);
  }
  blur(canvas, 0.006 * height);
  drawStanding(canvas, person, camera, standIn(random.uniform() < mishaps.badBox, random), random);
  if (random.uniform() < mishaps.occlusion) {
    if (random.uniform() < 0.3) {
      const x = random.choice([random.range(-0.15, 0.12), random.range(0.88, 1.15)]);
      drawStanding(
        canvas,
        drawPerson(random),
        camera,
        { size: random.range(0.95, 1.1), x, y: random.range(1, 1.15) },
        random,
      );
    } else drawFurniture(canvas, random);
  }
  const flicker = random.range(0.93, 1.07);
  const { gains } = camera.optics;
  const optics = { ...camera.optics, gains: [gains[0] * flicker, gains[1] * flicker, gains[2] * flicker] as const };
  expose(canvas, optics, random.integer(1 << 30));
  return toImage(canvas);
}
