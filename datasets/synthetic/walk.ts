import type { RandomStream } from '../../random/philox.js';
import type { Image } from '../image.js';
import { type Camera, expose } from './camera.js';
import { blur, createCanvas, toImage } from './canvas.js';
import { drawPerson, type Person } from './person.js';
import { directionOf, drawSight, FILL, type Sight, type Stand } from './picture.js';
import { drawScene, type Outlook } from './scene.js';

/** Frames of a recording between two frames of a tracklet. */
export const FRAME_STEP = 3;

/** Somebody else who is in the picture for a while. */
interface Passer {
  readonly person: Person;
  readonly sight: Sight;
  /** Widths of the picture that they move to the right, a frame. */
  readonly speed: number;
}

/** What stays the same, or changes steadily, while a camera follows somebody. */
export interface Walk {
  readonly person: Person;
  readonly camera: Camera;
  readonly sight: Sight;
  readonly outlook: Outlook;
  /** Of the walk's phase, a frame. */
  readonly cadence: number;
  /** Picture heights that the scene moves to the left, a frame. */
  readonly drift: number;
  readonly exposure: number;
  readonly behind?: Passer;
  readonly before?: Passer;
}

function sightOf(camera: Camera, stand: Stand, random: RandomStream): Sight {
  return {
    stand,
    yaw: directionOf(camera, random),
    pitch: Math.max(0, camera.pitch + random.normal() * 0.04),
    phase: random.uniform() * 2 * Math.PI,
    amount: random.range(0.6, 1),
    folds: random.integer(1 << 20),
  };
}

/** Somebody who crosses the picture in about `frames` frames. */
function passer(camera: Camera, stand: Stand, frames: number, random: RandomStream): Passer {
  const person = drawPerson(random);
  const rightwards = random.uniform() < 0.5;
  const speed = ((rightwards ? 1 : -1) * 1.9) / frames;
  const when = random.range(0, 8);
  const across = { ...stand, x: 0.5 - when * speed };
  const yaw = (rightwards ? 1.35 : -1.35) + random.range(-0.3, 0.3);
  return { person, sight: { ...sightOf(camera, across, random), yaw }, speed };
}

/** Draws what a tracklet has in common. */
export function drawWalk(person: Person, camera: Camera, random: RandomStream): Walk {
  const size = FILL * (1 + random.range(-0.06, 0.05));
  const sight = sightOf(camera, { size, x: 0.5, y: 0.5 + size / 2 }, random);
  const pace = random.range(0.07, 0.11);
  const company = random.uniform();
  const small = { size: random.range(0.45, 0.75), x: 0, y: random.range(0.72, 0.9) };
  const large = { size: random.range(0.95, 1.1), x: 0, y: random.range(1, 1.15) };
  return {
    person,
    camera,
    sight,
    outlook: {
      shift: random.range(0, 12),
      ground: camera.ground + random.range(-0.1, 0.1),
      light: random.range(0.7, 1.25),
    },
    cadence: random.range(0.6, 0.8),
    drift: pace * Math.sin(sight.yaw),
    exposure: random.range(0.93, 1.07),
    ...(company < 0.35 ? { behind: passer(camera, small, random.range(10, 24), random) } : {}),
    ...(company > 0.8 ? { before: passer(camera, large, random.range(5, 9), random) } : {}),
  };
}

const moved = ({ person, sight, speed }: Passer, index: number): readonly [Person, Sight] => [
  person,
  { ...sight, phase: sight.phase + 0.7 * index, stand: { ...sight.stand, x: sight.stand.x + speed * index } },
];

/**
 * One frame of a tracklet.
 *
 * @param index of the frame, from 0
 * @param random what changes from frame to frame: the detector's box, flicker, noise
 */
export function drawWalkFrame(walk: Walk, index: number, height: number, width: number, random: RandomStream): Image {
  const { person, camera, sight, outlook } = walk;
  const canvas = createCanvas(width, height);
  drawScene(canvas, camera.scene, { ...outlook, shift: outlook.shift + walk.drift * index });
  if (walk.behind) drawSight(canvas, walk.behind.person, camera, moved(walk.behind, index)[1]);
  blur(canvas, 0.006 * height);
  // A detector's boxes tremble, and now and then one is off.
  const off = random.uniform() < 0.06;
  const grow = 1 + random.normal() * 0.012 + (off ? random.range(-0.2, 0.25) : 0);
  const size = sight.stand.size * grow;
  const stand = {
    size,
    x: sight.stand.x + random.normal() * (off ? 0.09 : 0.012),
    y: 0.5 + size / 2 + random.normal() * (off ? 0.04 : 0.006),
  };
  const pitch = sight.pitch;
  drawSight(canvas, person, camera, { ...sight, pitch, stand, phase: sight.phase + walk.cadence * index });
  if (walk.before) drawSight(canvas, walk.before.person, camera, moved(walk.before, index)[1]);
  const light = walk.exposure * random.range(0.985, 1.015);
  const { gains } = camera.optics;
  const optics = { ...camera.optics, gains: [gains[0] * light, gains[1] * light, gains[2] * light] as const };
  expose(canvas, optics, random.integer(1 << 30));
  return toImage(canvas);
}
