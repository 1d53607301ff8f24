import { DISTRACTOR, type ImageRecord, type Picture, type ReidDataset } from '../dataset.js';
import type { Image } from '../image.js';
import { VIEW_STEP } from '../structure/provider.js';
import { checkNumbers } from './options.js';
import { drawWalker, FIRST_PASSER_BY, pathOfShot, shotOfPath, type WalkerShot } from './walker-shot.js';

export interface ToyWalkerOptions {
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

export const TOY_WALKER_DEFAULTS: Required<ToyWalkerOptions> = {
  seed: 1,
  identities: 32,
  testIdentities: 16,
  images: 6,
  cameras: 4,
  distractors: 16,
  height: 128,
  width: 64,
};

const LIMITS: Readonly<Record<keyof ToyWalkerOptions, readonly [number, number]>> = {
  seed: [0, 2 ** 32 - 1],
  identities: [2, 100_000],
  testIdentities: [2, 100_000],
  images: [2, 64],
  cameras: [2, 64],
  distractors: [0, 100_000],
  height: [16, 4096],
  width: [8, 4096],
};

/** Walkers, and what nobody photographed: how each picture would look from elsewhere. */
export interface ToyWalkers extends ReidDataset {
  /** See `trueView`. */
  trueView(picture: Picture, view: number): Promise<Image>;
}

/**
 * A picture of toy walkers as it would be had the person walked in another direction: turned by 45 `view` degrees about the vertical;
 * identity, pose, place, light and background are the same. View 0 is the picture itself.
 *
 * @throws DatasetError for a picture of another dataset
 *
 * @example
 *   const back = await trueView(dataset.train[0], 4);
 */
export async function trueView({ path }: Picture, view: number): Promise<Image> {
  return drawWalker(shotOfPath(path), view * VIEW_STEP);
}

/**
 * A small dataset of drawn people who walk past level cameras in all directions, unhidden and well boxed, so that their structure is known:
 * for generators that turn people around (GCL). Each has a build, hair, luggage and clothes of their own, of one colour each; cameras
 * hang still, a little out of focus, and differ in direction, scene and light. The same options give the same bytes.
 *
 * @throws DatasetError naming the option that makes no sense
 *
 * @example
 *   const dataset = createToyWalkers({ identities: 16 });
 *   const [photo, back] = [await dataset.read(dataset.train[0]), await dataset.trueView(dataset.train[0], 4)];
 */
export function createToyWalkers(options: ToyWalkerOptions = {}): ToyWalkers {
  const all = { ...TOY_WALKER_DEFAULTS, ...options };
  checkNumbers('toy-walkers', all, LIMITS);
  const { seed, identities, testIdentities, images, cameras, distractors, height, width } = all;
  const record = (shot: Pick<WalkerShot, 'person' | 'camera' | 'index'>, identity: number): ImageRecord => {
    const identityName = String(identity === DISTRACTOR && shot.person >= FIRST_PASSER_BY ? 0 : shot.person);
    const path = pathOfShot({ seed, height, width, ...shot });
    return { path, identity, camera: shot.camera, identityName: identityName.padStart(4, '0') };
  };

  const [train, query, gallery]: [ImageRecord[], ImageRecord[], ImageRecord[]] = [[], [], []];
  for (let person = 1; person <= identities + testIdentities; person++) {
    for (let camera = 0; camera < cameras; camera++) {
      for (let index = 0; index < images; index++) {
        const shot = { person, camera, index };
        if (person <= identities) train.push(record(shot, person - 1));
        else (index === 0 ? query : gallery).push(record(shot, person));
      }
    }
  }
  for (let index = 0; index < distractors; index++) {
    gallery.push(record({ person: FIRST_PASSER_BY + index, camera: index % cameras, index }, DISTRACTOR));
  }
  return {
    name: `toy walkers: drawn pedestrians whose structure is known, seed ${seed}`,
    train,
    query,
    gallery,
    identities,
    cameras,
    onDisk: false,
    read: async ({ path }) => drawWalker(shotOfPath(path)),
    trueView,
  };
}
