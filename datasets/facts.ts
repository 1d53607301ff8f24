import type { Split, SplitCount } from './dataset.js';
import { TRACKLET_FACTS } from './facts-tracklets.js';
import { VEHICLE_FACTS } from './facts-vehicles.js';

/**
 * How sure a published figure is. `measured`: recomputed from the split files that the authors publish. `loaders`: at least
 * two independent public loaders or training logs agree on it. `paper`: said in a paper or on a page, or remembered.
 * A copy that differs from the first two is broken; from the last, perhaps.
 */
export type Trust = 'measured' | 'loaders' | 'paper';

/** What a split must hold. `images` counts junk and distractors too. */
export interface PublishedCount extends Partial<SplitCount> {
  readonly trust: Trust;
  /** Images (or tracklets) of each camera, in order, where they are published. */
  readonly perCamera?: { readonly trust: Trust; readonly images: readonly number[]; readonly of?: 'tracklets' };
  /** Which edition this is, where several are around. */
  readonly edition?: string;
}

/** What is published about a dataset: of each split one count, or several of which one must fit. */
export interface DatasetFacts extends Readonly<Record<Split, readonly PublishedCount[]>> {
  readonly title: string;
  /** Every picture's size, if all have the same. */
  readonly size?: { readonly height: number; readonly width: number };
}

type Counts = readonly [images: number, identities: number, cameras?: number];

const split = (
  trust: Trust,
  [images, identities, cameras]: Counts,
  rest: Partial<PublishedCount> = {},
): readonly PublishedCount[] => [
  { trust, images, identities, ...(cameras === undefined ? {} : { cameras }), junk: 0, distractors: 0, ...rest },
];

const perCamera = (trust: Trust, ...images: readonly number[]): Partial<PublishedCount> => ({
  perCamera: { trust, images },
});

const MARKET1501: DatasetFacts = {
  title: 'Market-1501',
  size: { height: 128, width: 64 },
  train: split('measured', [12_936, 751, 6], perCamera('measured', 2_017, 1_709, 2_707, 920, 2_338, 3_245)),
  query: split('measured', [3_368, 750, 6], perCamera('measured', 668, 530, 717, 248, 622, 583)),
  // 13,115 of people, 2,798 distractors, 3,819 junk; without junk 15,913.
  gallery: split('measured', [19_732, 750, 6], {
    junk: 3_819,
    distractors: 2_798,
    ...perCamera('measured', 3_156, 2_944, 3_803, 1_671, 3_814, 4_344),
  }),
};

const CUHK03_DETECTED: DatasetFacts = {
  title: 'CUHK03, new protocol, detected',
  train: split('measured', [7_365, 767, 2], perCamera('measured', 3_601, 3_764)),
  query: split('measured', [1_400, 700, 2], perCamera('measured', 700, 700)),
  gallery: split('measured', [5_332, 700, 2], perCamera('measured', 2_617, 2_715)),
};

const CUHK03_LABELED: DatasetFacts = {
  title: 'CUHK03, new protocol, labeled',
  train: split('measured', [7_368, 767, 2], perCamera('measured', 3_607, 3_761)),
  query: split('measured', [1_400, 700, 2], perCamera('measured', 700, 700)),
  gallery: split('measured', [5_328, 700, 2], perCamera('measured', 2_615, 2_713)),
};

const MSMT17: DatasetFacts = {
  title: 'MSMT17',
  train: split('loaders', [32_621, 1_041, 15]),
  query: split('loaders', [11_659, 3_060, 15]),
  gallery: split('loaders', [82_161, 3_060, 15]),
};

const PRID_TITLE = 'PRID-2011, single-shot';

/** The published figures of the datasets that have a reader of their own, by name. */
export const DATASET_FACTS = {
  market1501: MARKET1501,
  'market1501-500k': {
    ...MARKET1501,
    title: 'Market-1501 with 500,000 distractors',
    gallery: split('loaders', [519_732, 750, 6], { junk: 3_819, distractors: 502_798 }),
  },
  duke: {
    title: 'DukeMTMC-reID',
    train: split(
      'loaders',
      [16_522, 702, 8],
      perCamera('paper', 2_809, 3_009, 1_088, 1_395, 1_685, 3_700, 1_330, 1_506),
    ),
    query: split('loaders', [2_228, 702, 8]),
    gallery: split('loaders', [17_661, 1_110, 8]),
  },
  'cuhk03-detected': CUHK03_DETECTED,
  'cuhk03-labeled': CUHK03_LABELED,
  'cuhk03-classic': {
    title: 'CUHK03, classic protocol',
    train: [{ trust: 'loaders', identities: 1_367, cameras: 2 }],
    query: [{ trust: 'loaders', identities: 100, cameras: 2 }],
    gallery: [{ trust: 'loaders', identities: 100, cameras: 2 }],
  },
  'cuhk01-485': {
    title: 'CUHK01, 485 identities to train',
    size: { height: 160, width: 60 },
    train: split('loaders', [1_940, 485, 2]),
    query: split('loaders', [972, 486, 1]),
    gallery: split('loaders', [972, 486, 1]),
  },
  'cuhk01-486': {
    title: 'CUHK01, 486 identities to train',
    size: { height: 160, width: 60 },
    train: split('loaders', [1_944, 486, 2]),
    query: split('loaders', [970, 485, 1]),
    gallery: split('loaders', [970, 485, 1]),
  },
  'cuhk01-871': {
    title: 'CUHK01, 871 identities to train',
    size: { height: 160, width: 60 },
    train: split('loaders', [3_484, 871, 2]),
    query: split('loaders', [200, 100, 1]),
    gallery: split('loaders', [200, 100, 1]),
  },
  msmt17: MSMT17,
  'msmt17-train': {
    ...MSMT17,
    title: 'MSMT17 without list_val.txt',
    train: split('paper', [30_248, 1_041, 15]),
  },
  prid2011: {
    title: PRID_TITLE,
    train: split('loaders', [200, 100, 2]),
    query: split('loaders', [100, 100, 1]),
    gallery: split('loaders', [649, 649, 1]),
  },
  'prid2011-a': {
    title: `${PRID_TITLE}, its authors' test from view A`,
    train: split('paper', [0, 0]),
    query: split('paper', [200, 200, 1]),
    gallery: split('paper', [749, 749, 1]),
  },
  'prid2011-b': {
    title: `${PRID_TITLE}, its authors' test from view B`,
    train: split('paper', [0, 0]),
    query: split('paper', [200, 200, 1]),
    gallery: split('paper', [385, 385, 1]),
  },
  ...VEHICLE_FACTS,
  ...TRACKLET_FACTS,
} as const satisfies Readonly<Record<string, DatasetFacts>>;

/** Names of the datasets with published figures. */
export type FactsName = keyof typeof DATASET_FACTS;
