import { RandomStream } from '../../random/philox.js';
import { DISTRACTOR, type ImageRecord, type ReidDataset } from '../dataset.js';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';
import { type Camera, cameraOf } from './camera.js';
import { drawPerson, type Person } from './person.js';
import { drawPicture, USUAL_MISHAPS } from './picture.js';

export interface SyntheticOptions {
  /** Another seed is another town: other people, other cameras. */
  readonly seed?: number;
  /** People to train on. */
  readonly identities?: number;
  /** People to test on; none of them is in the training set. */
  readonly testIdentities?: number;
  /** Pictures of each person in each camera; of the test people, one is the query and the rest are gallery. */
  readonly images?: number;
  readonly cameras?: number;
  /** Gallery pictures of passers-by, who match no query. */
  readonly distractors?: number;
  /** Size of the pictures in pixels. */
  readonly height?: number;
  readonly width?: number;
}

export const SYNTHETIC_DEFAULTS: Required<SyntheticOptions> = {
  seed: 1,
  identities: 64,
  testIdentities: 48,
  images: 2,
  cameras: 6,
  distractors: 48,
  height: 128,
  width: 64,
};

/** Streams of shots are numbered person by person: this many for each. */
const SHOTS_PER_PERSON = 4096;

/** Passers-by are people too, with numbers after everybody else's. */
const FIRST_PASSER_BY = 1_000_000;

/** What it takes to draw a picture again. */
interface Shot {
  readonly person: number;
  readonly camera: number;
  readonly index: number;
}

function checked(options: SyntheticOptions): Required<SyntheticOptions> {
  const all = { ...SYNTHETIC_DEFAULTS, ...options };
  const limits: Record<keyof SyntheticOptions, readonly [number, number]> = {
    seed: [0, 2 ** 32 - 1],
    identities: [2, 100_000],
    testIdentities: [2, 100_000],
    images: [2, 64],
    cameras: [2, 64],
    distractors: [0, 100_000],
    height: [16, 4096],
    width: [8, 4096],
  };
  for (const [name, [low, high]] of Object.entries(limits) as [keyof SyntheticOptions, readonly [number, number]][]) {
    const value = all[name];
    if (!(Number.isInteger(value) && value >= low && value <= high)) {
      throw new DatasetError(`synthetic: ${name} is ${value}; it must be a whole number from ${low} to ${high}.`);
    }
  }
  return all;
}

/**
 * A re-identification dataset of drawn pedestrians, made on the spot: each has a build, hair, clothes, shoes and luggage of
 * their own, and walks past cameras that differ in direction, scene, light and sharpness, with bad boxes and things in the
 * way. Pictures are drawn when they are read; the same options give the same bytes.
 *
 * @throws DatasetError naming the option that makes no sense
 *
 * @example
 *   const dataset = createSynthetic({ seed: 1, identities: 64 });
 *   const picture = await dataset.read(dataset.train[0]);
 */
export function createSynthetic(options: SyntheticOptions = {}): ReidDataset {
  const all = checked(options);
  const { seed, identities, testIdentities, images, cameras, distractors, height, width } = all;
  const lenses: Camera[] = Array.from({ length: cameras }, (_, index) => cameraOf(seed, index));
  const people = new Map<number, Person>();
  const shots = new Map<string, Shot>();

  const personOf = (number: number): Person => {
    let person = people.get(number);
    if (!person) {
      person = drawPerson(new RandomStream(seed, 'synthetic person', number));
      people.set(number, person);
    }
    return person;
  };
  const record = (shot: Shot, identity: number, name: string): ImageRecord => {
    const path = `synthetic/${seed}/${height}x${width}/${name}_c${shot.camera + 1}_${shot.index}`;
    shots.set(path, shot);
    return { path, identity, camera: shot.camera, identityName: name };
  };
  const name = (person: number): string => String(person).padStart(4, '0');

  const train: ImageRecord[] = [];
  const query: ImageRecord[] = [];
  const gallery: ImageRecord[] = [];
  for (let person = 1; person <= identities + testIdentities; person++) {
    for (let camera = 0; camera < cameras; camera++) {
      for (let index = 0; index < images; index++) {
        const shot = { person, camera, index };
        if (person <= identities) train.push(record(shot, person - 1, name(person)));
        else (index === 0 ? query : gallery).push(record(shot, person, name(person)));
      }
    }
  }
  for (let number = 0; number < distractors; number++) {
    const shot = { person: FIRST_PASSER_BY + number, camera: number % cameras, index: number };
    gallery.push(record(shot, DISTRACTOR, '0000'));
  }

  const read = async ({ path }: ImageRecord): Promise<Image> => {
    const shot = shots.get(path);
    if (!shot) throw new DatasetError(`${path} is not a picture of this synthetic dataset (seed ${seed}).`);
    const stream = shot.person * SHOTS_PER_PERSON + shot.camera * 64 + shot.index;
    const random = new RandomStream(seed, 'synthetic shot', stream);
    return drawPicture(personOf(shot.person), lenses[shot.camera]!, height, width, random, USUAL_MISHAPS);
  };
  return {
    name: `synthetic: drawn pedestrians, seed ${seed}`,
    train,
    query,
    gallery,
    identities,
    cameras,
    onDisk: false,
    read,
  };
}
