import { RandomStream } from '../../random/philox.js';
import { DISTRACTOR, type ImageRecord, type ReidDataset } from '../dataset.js';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';
import { type Camera, cameraOf } from './camera.js';
import { checkNumbers } from './options.js';
import { drawPerson, type Person } from './person.js';
import { passTimes, RECORDING } from './travel.js';
import { drawWalk, drawWalkFrame, FRAME_STEP, type Walk } from './walk.js';

export interface SyntheticTrackletOptions {
  /** Another seed is another town: other people, other cameras, another road. */
  readonly seed?: number;
  /** People to train on. */
  readonly identities?: number;
  /** People to test on; none of them is in the training set. */
  readonly testIdentities?: number;
  /** Tracklets of each person in each camera, shortly one after the other; of the test people, the first is the query. */
  readonly tracklets?: number;
  readonly cameras?: number;
  /** Fewest and most frames of a tracklet. */
  readonly minFrames?: number;
  readonly maxFrames?: number;
  /** Gallery tracklets of passers-by, who match no query. */
  readonly distractors?: number;
  /** 1: people walk along a road, so that travel times between cameras mean something. 0: they are seen at any time anywhere. */
  readonly travel?: number;
  /** Size of the pictures in pixels. */
  readonly height?: number;
  readonly width?: number;
}

export const SYNTHETIC_TRACKLET_DEFAULTS: Required<SyntheticTrackletOptions> = {
  seed: 1,
  identities: 24,
  testIdentities: 16,
  tracklets: 2,
  cameras: 4,
  minFrames: 8,
  maxFrames: 12,
  distractors: 12,
  travel: 1,
  height: 128,
  width: 64,
};

const LIMITS: Readonly<Record<keyof SyntheticTrackletOptions, readonly [number, number]>> = {
  seed: [0, 2 ** 32 - 1],
  identities: [2, 10_000],
  testIdentities: [2, 10_000],
  tracklets: [1, 16],
  cameras: [2, 64],
  minFrames: [1, 900],
  maxFrames: [1, 900],
  distractors: [0, 10_000],
  travel: [0, 1],
  height: [16, 4096],
  width: [8, 4096],
};

/** Streams of tracklets are numbered person by person, those of frames tracklet by tracklet: this many for each. */
const TRACKLETS_PER_PERSON = 1024;
const FRAMES_PER_TRACKLET = 1024;

/** Passers-by are people too, with numbers after everybody else's. */
const FIRST_PASSER_BY = 1_000_000;

/** Frames between two tracklets of somebody in a camera: the tracker lost them for a moment. */
const LOST: readonly [number, number] = [20, 200];

/** What it takes to draw a tracklet again. */
interface Take {
  readonly person: number;
  readonly camera: number;
  /** Number of its stream. */
  readonly stream: number;
  /** Numbers of its first frame and of its frames. */
  readonly first: number;
  readonly length: number;
}

function checked(options: SyntheticTrackletOptions): Required<SyntheticTrackletOptions> {
  const all = { ...SYNTHETIC_TRACKLET_DEFAULTS, ...options };
  checkNumbers('synthetic-tracklets', all, LIMITS);
  const { minFrames, maxFrames } = all;
  if (minFrames > maxFrames) {
    throw new DatasetError(
      `synthetic-tracklets: minFrames is ${minFrames} and maxFrames ${maxFrames}; the first is the smaller.`,
    );
  }
  return all;
}

const four = (number: number): string => String(number).padStart(4, '0');

/**
 * Tracklets of the drawn pedestrians: each walks past the cameras, over 8 to 12 frames in each, with a true clock. Along the road
 * that joins the cameras, travel times between two of them are alike, so that spatio-temporal re-identification has something to
 * learn; `travel: 0` takes that away. The same options give the same bytes.
 *
 * @throws DatasetError naming the option that makes no sense
 *
 * @example
 *   const dataset = createSyntheticTracklets({ seed: 1, identities: 16 });
 *   const tracklets = groupTracklets(dataset.train);
 */
export function createSyntheticTracklets(options: SyntheticTrackletOptions = {}): ReidDataset {
  const all = checked(options);
  const { seed, identities, testIdentities, tracklets, cameras, minFrames, maxFrames, height, width } = all;
  const lenses: Camera[] = Array.from({ length: cameras }, (_, index) => cameraOf(seed, index));
  const people = new Map<number, Person>();
  const takes = new Map<string, readonly [Take, number]>();
  let count = 0;

  const personOf = (number: number): Person => {
    const person = people.get(number) ?? drawPerson(new RandomStream(seed, 'synthetic person', number));
    people.set(number, person);
    return person;
  };
  const framesOf = (take: Take, identity: number, identityName: string): ImageRecord[] => {
    const tracklet = count++;
    return Array.from({ length: take.length }, (_, index) => {
      const frame = take.first + index * FRAME_STEP;
      const name = `${identityName}_c${take.camera + 1}_t${four(tracklet)}_f${String(frame).padStart(7, '0')}`;
      const path = `synthetic-tracklets/${seed}/${height}x${width}/${name}`;
      takes.set(path, [take, index]);
      return { path, identity, camera: take.camera, identityName, tracklet, frame };
    });
  };
  /** The tracklets of somebody in a camera, one after the other. */
  const takesOf = (person: number, camera: number, first: number): Take[] => {
    let at = first;
    return Array.from({ length: tracklets }, (_, index) => {
      const stream = person * TRACKLETS_PER_PERSON + camera * 16 + index;
      const random = new RandomStream(seed, 'synthetic take', stream);
      const take = { person, camera, stream, first: at, length: minFrames + random.integer(maxFrames - minFrames + 1) };
      at += take.length * FRAME_STEP + LOST[0] + random.integer(LOST[1] - LOST[0]);
      return take;
    });
  };

  const [train, query, gallery]: ImageRecord[][] = [[], [], []];
  for (let person = 1; person <= identities + testIdentities; person++) {
    const times = passTimes(seed, cameras, person, all.travel === 1);
    for (let camera = 0; camera < cameras; camera++) {
      for (const [index, take] of takesOf(person, camera, times[camera]!).entries()) {
        if (person <= identities) train!.push(...framesOf(take, person - 1, four(person)));
        // With one tracklet a camera, the first camera's are the queries.
        else if (index === 0 && (tracklets > 1 || camera === 0)) query!.push(...framesOf(take, person, four(person)));
        else gallery!.push(...framesOf(take, person, four(person)));
      }
    }
  }
  for (let number = 0; number < all.distractors; number++) {
    const camera = number % cameras;
    const when = 1 + new RandomStream(seed, 'synthetic stranger', number).integer(RECORDING);
    gallery!.push(...framesOf(takesOf(FIRST_PASSER_BY + number, camera, when)[0]!, DISTRACTOR, '0000'));
  }

  const walks = new Map<Take, Walk>();
  const walkOf = (take: Take): Walk => {
    const known = walks.get(take);
    if (known) return known;
    const random = new RandomStream(seed, 'synthetic walk', take.stream);
    const walk = drawWalk(personOf(take.person), lenses[take.camera]!, random);
    // Frames of a tracklet are mostly read one after the other.
    if (walks.size >= 64) walks.clear();
    walks.set(take, walk);
    return walk;
  };
  const read = async ({ path }: { readonly path: string }): Promise<Image> => {
    const found = takes.get(path);
    if (!found) throw new DatasetError(`${path} is not a frame of these synthetic tracklets (seed ${seed}).`);
    const [take, index] = found;
    const random = new RandomStream(seed, 'synthetic frame', take.stream * FRAMES_PER_TRACKLET + index);
    return drawWalkFrame(walkOf(take), index, height, width, random);
  };
  return {
    name: `synthetic tracklets: drawn pedestrians who walk, seed ${seed}`,
    train: train!,
    query: query!,
    gallery: gallery!,
    identities,
    cameras,
    timed: true,
    onDisk: false,
    read,
  };
}
