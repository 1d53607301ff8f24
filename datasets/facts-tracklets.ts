import type { DatasetFacts, PublishedCount, Trust } from './facts.js';

const split = (
  trust: Trust,
  tracklets: number,
  identities: number,
  more: Partial<PublishedCount> = {},
): readonly PublishedCount[] => [{ trust, tracklets, identities, junk: 0, distractors: 0, ...more }];

const perCamera = (...images: readonly number[]): Partial<PublishedCount> => ({
  cameras: images.length,
  perCamera: { trust: 'measured', images, of: 'tracklets' },
});

/** The published figures of tracklets. Frames are counted where they are published. */
export const TRACKLET_FACTS = {
  mars: {
    title: 'MARS',
    train: split('measured', 8_298, 625, { images: 509_914, ...perCamera(1_816, 1_957, 1_321, 750, 1_880, 574) }),
    query: split('measured', 1_980, 626, { images: 114_493, ...perCamera(524, 456, 319, 191, 384, 106) }),
    // With 870 tracklets of junk (566,596 - 543,216 frames) and 3,248 of distractors, whose frames nobody counted.
    gallery: split('measured', 10_200, 620, {
      images: 566_596,
      junk: 23_380,
      distractors: undefined,
      ...perCamera(1_747, 3_269, 1_176, 833, 1_856, 1_319),
    }),
  },
  'ilids-vid': {
    title: 'iLIDS-VID',
    train: split('loaders', 300, 150, { cameras: 2 }),
    query: split('loaders', 150, 150, { cameras: 1 }),
    gallery: split('loaders', 150, 150, { cameras: 1 }),
  },
  'prid2011-video': {
    title: 'PRID-2011, multi-shot',
    train: split('loaders', 178, 89, { cameras: 2 }),
    query: split('loaders', 89, 89, { cameras: 1 }),
    gallery: split('loaders', 89, 89, { cameras: 1 }),
  },
  'duke-video': {
    title: 'DukeMTMC-VideoReID',
    train: split('paper', 2_196, 702),
    query: split('paper', 702, 702),
    gallery: split('paper', 2_636, 1_110),
  },
} as const satisfies Readonly<Record<string, DatasetFacts>>;
