import { RandomStream } from '../../random/philox.js';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';
import { type Camera, cameraOf, expose, type Optics } from './camera.js';
import { blur, createCanvas, toImage } from './canvas.js';
import { drawPerson, type Person } from './person.js';
import { directionOf, drawSight, FILL, type Sight } from './picture.js';
import { drawScene, type Outlook } from './scene.js';

/** What it takes to draw a picture of a toy walker again: all of it is in the picture's path. */
export interface WalkerShot {
  readonly seed: number;
  /** Size of the picture in pixels. */
  readonly height: number;
  readonly width: number;
  /** Number of the person; passers-by have numbers after everybody else's. */
  readonly person: number;
  /** 0-based. */
  readonly camera: number;
  readonly index: number;
}

/** Passers-by are people too, with numbers after everybody else's. */
export const FIRST_PASSER_BY = 1_000_000;

/** Streams of shots are numbered person by person: this many for each. */
const SHOTS_PER_PERSON = 4096;

const ROOM = 'toy-walkers';

/** Blur of the scene behind, as a share of the picture's height: out of focus, so that a small generator can learn to draw it. */
const DEFOCUS = 0.03;

/** Blur of the whole picture, in the same unit and for the same reason. */
const SOFTNESS = 0.0125;

/** Of the camera's usual noise: grain is what no generator can foresee. */
const NOISE = 0.3;

/** How often somebody crosses the picture of a camera that mostly sees fronts and backs, or the other way around. */
const CROSSING = 0.3;

/** The path of a picture: `toy-walkers/SEED/HEIGHTxWIDTH/0001_c1_0`. */
export function pathOfShot({ seed, height, width, person, camera, index }: WalkerShot): string {
  const name = String(person >= FIRST_PASSER_BY ? 0 : person).padStart(4, '0');
  return `${ROOM}/${seed}/${height}x${width}/${name}_c${camera + 1}_${index}`;
}

/**
 * What a path says of its picture.
 *
 * @throws DatasetError for a path that is no toy walker's
 */
export function shotOfPath(path: string): WalkerShot {
  const found = /^toy-walkers\/(\d+)\/(\d+)x(\d+)\/(\d+)_c(\d+)_(\d+)$/.exec(path);
  if (!found) {
    throw new DatasetError(`${path} is not a picture of toy-walkers: those are called ${ROOM}/1/128x64/0001_c1_0.`);
  }
  const [seed, height, width, person, camera, index] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { seed, height, width, person: person === 0 ? FIRST_PASSER_BY + index : person, camera: camera - 1, index };
}

/** All that a picture shows. */
export interface WalkerScene {
  readonly person: Person;
  readonly camera: Camera;
  readonly sight: Sight;
  readonly outlook: Outlook;
  readonly optics: Optics;
  /** Picks the sensor's grain. */
  readonly grain: number;
}

/** The same person in clothes of one colour each: a pattern says nothing that the means of a map could carry to another view. */
function dressedPlainly({ scarf: _, ...person }: Person): Person {
  const { sleeveColour: _sleeve, inner: _inner, ...upper } = person.upper;
  const { seam: _seam, ...lower } = person.lower;
  return {
    ...person,
    upper: { ...upper, cloth: { ...upper.cloth, pattern: 'plain' }, print: 'none' },
    lower: { ...lower, cloth: { ...lower.cloth, pattern: 'plain' } },
  };
}

/** What a shot shows: who, in which pose and direction, in front of what and in which light. */
export function sceneOfShot({ seed, person, camera: number, index }: WalkerShot): WalkerScene {
  const random = new RandomStream(seed, 'walker shot', person * SHOTS_PER_PERSON + number * 64 + index);
  const camera = cameraOf(seed, number);
  const size = FILL * (1 + random.range(-0.06, 0.04));
  const crossing = random.uniform() < CROSSING ? random.choice([Math.PI / 2, -Math.PI / 2]) : 0;
  const sight: Sight = {
    stand: { size, x: 0.5 + random.normal() * 0.025, y: 0.5 + size / 2 + random.normal() * 0.01 },
    yaw: directionOf(camera, random) + crossing,
    // A level camera, so that turning about the vertical is the same for it and for the person.
    pitch: 0,
    phase: random.uniform() * 2 * Math.PI,
    amount: random.range(0.6, 1),
    folds: random.integer(1 << 20),
  };
  // A camera that hangs still: behind everybody is the same place, as clouds come and go.
  const outlook: Outlook = { shift: 3 * number, ground: camera.ground, light: random.range(0.9, 1.1) };
  const flicker = random.range(0.95, 1.05);
  const { gains } = camera.optics;
  return {
    person: dressedPlainly(drawPerson(new RandomStream(seed, 'walker', person))),
    camera,
    sight,
    outlook,
    optics: {
      ...camera.optics,
      gains: [gains[0] * flicker, gains[1] * flicker, gains[2] * flicker],
      blur: SOFTNESS,
      noise: camera.optics.noise * NOISE,
    },
    grain: random.integer(1 << 30),
  };
}

/**
 * Draws a shot.
 *
 * @param degrees by which the person is turned about the vertical, and nothing else: who walks to the picture's left faces the viewer
 *   at 90
 */
export function drawWalker(shot: WalkerShot, degrees = 0): Image {
  const { person, camera, sight, outlook, optics, grain } = sceneOfShot(shot);
  const canvas = createCanvas(shot.width, shot.height);
  drawScene(canvas, camera.scene, outlook);
  blur(canvas, DEFOCUS * shot.height);
  drawSight(canvas, person, camera, { ...sight, yaw: sight.yaw + (degrees * Math.PI) / 180 });
  expose(canvas, optics, grain);
  return toImage(canvas);
}
