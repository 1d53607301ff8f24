import { openCuhk01 } from './cuhk01.node.js';
import { openCuhk03 } from './cuhk03.node.js';
import type { ReidDataset } from './dataset.js';
import { openDukeVideo } from './duke-video.node.js';
import { openFolder } from './folder.node.js';
import { openIlidsVid } from './ilids-vid.node.js';
import { openDuke, openMarketStyle } from './market-style.node.js';
import { openMarket1501 } from './market1501.node.js';
import { openMars } from './mars.node.js';
import { openMsmt17 } from './msmt17.node.js';
import { openPattern } from './pattern.node.js';
import { openPrid2011 } from './prid2011.node.js';
import { openPrid2011Video } from './prid2011-video.node.js';
import { SpecError, type SpecOptions } from './spec-options.js';
import { openTable } from './table.node.js';
import { openVehicleId } from './vehicle-id.node.js';
import { openVeri776 } from './veri.node.js';
import { openVric } from './vric.node.js';

/** A kind of dataset that lies on disk: how it is written, and how it is opened. */
export interface DatasetKind {
  /** How it is written, for help texts. */
  readonly form: string;
  readonly options: readonly string[];
  /** How many numbered splits its protocol averages over. */
  readonly splits?: number;
  open(place: string, options: SpecOptions): Promise<ReidDataset>;
}

const NAMES = ['name', 'camera', 'train', 'test'] as const;

const SPLIT_OPTIONS = ['split', 'seed', 'splits'] as const;

const splitOptions = (options: SpecOptions) => ({
  split: options.whole('split', 0, 9),
  seed: options.whole('seed'),
  splits: options.text('splits'),
});

const FORM_OF_PATTERN = 'pattern:DIR?name=obj{id}__{angle}.png[&camera=angle/90][&train=2-40][&test=41-60]';

/** CUHK01's split, named by the people to train on or by those to test on. */
function cuhk01Trained(options: SpecOptions): 485 | 486 | 871 {
  const [train, test] = [options.choice('train', ['485', '486', '871']), options.choice('test', ['486', '485', '100'])];
  if (train !== undefined && test !== undefined)
    throw new SpecError('train= and test= say the same of CUHK01: give one.');
  if (train !== undefined) return Number(train) as 485 | 486 | 871;
  return test === '100' ? 871 : test === '485' ? 486 : 485;
}

/** Every kind but the drawn one, by the word that stands before the colon. */
export const DISK_KINDS: Readonly<Record<string, DatasetKind>> = {
  market1501: {
    form: 'market1501:DIR[?distractors=500k]',
    options: ['distractors'],
    open: (place, options) => openMarket1501(place, { distractors: options.choice('distractors', ['500k']) }),
  },
  duke: { form: 'duke:DIR', options: [], open: openDuke },
  cuhk03: {
    form: 'cuhk03:DIR[?boxes=detected|labeled][&protocol=classic&split=0..19]',
    options: ['boxes', 'protocol', 'split'],
    splits: 20,
    open: (place, options) => {
      const protocol = options.choice('protocol', ['new', 'classic']);
      const split = options.whole('split', 0, 19);
      if (split !== undefined && protocol !== 'classic') {
        throw new SpecError('split= belongs to protocol=classic; the new protocol has one split.');
      }
      return openCuhk03(place, { boxes: options.choice('boxes', ['detected', 'labeled']), protocol, split });
    },
  },
  cuhk01: {
    form: 'cuhk01:DIR[?split=0..19][&train=485|486|871 or &test=486|485|100][&seed=1][&splits=FILE]',
    options: ['split', 'train', 'test', 'seed', 'splits'],
    splits: 20,
    open: (place, options) =>
      openCuhk01(place, {
        split: options.whole('split', 0, 19),
        train: cuhk01Trained(options),
        seed: options.whole('seed'),
        splits: options.text('splits'),
      }),
  },
  msmt17: {
    form: 'msmt17:DIR[?val=no]',
    options: ['val'],
    open: (place, options) => openMsmt17(place, { val: options.choice('val', ['yes', 'no']) }),
  },
  prid2011: {
    form: 'prid2011:DIR[?split=0..9][&seed=1][&splits=FILE], or ?protocol=official[&query=b]',
    options: ['protocol', 'query', 'split', 'seed', 'splits'],
    splits: 10,
    open: (place, options) =>
      openPrid2011(place, {
        protocol: options.choice('protocol', ['drawn', 'official']),
        query: options.choice('query', ['a', 'b']),
        split: options.whole('split', 0, 9),
        seed: options.whole('seed'),
        splits: options.text('splits'),
      }),
  },
  veri: {
    form: 'veri:DIR[?tracks=yes]',
    options: ['tracks'],
    open: (place, options) => openVeri776(place, options.choice('tracks', ['yes', 'no'])),
  },
  vehicleid: {
    form: 'vehicleid:DIR[?size=small|medium|large][&draw=0..9][&seed=1]',
    options: ['size', 'draw', 'seed'],
    open: (place, options) =>
      openVehicleId(place, {
        size: options.choice('size', ['small', 'medium', 'large']),
        draw: options.whole('draw', 0, 9),
        seed: options.whole('seed'),
      }),
  },
  vric: { form: 'vric:DIR', options: [], open: openVric },
  mars: { form: 'mars:DIR', options: [], open: openMars },
  ilidsvid: {
    form: 'ilidsvid:DIR[?split=0..9][&seed=1][&splits=FILE]',
    options: SPLIT_OPTIONS,
    open: (place, options) => openIlidsVid(place, splitOptions(options)),
  },
  'prid2011-video': {
    form: 'prid2011-video:DIR[?split=0..9][&seed=1][&splits=FILE]',
    options: SPLIT_OPTIONS,
    open: (place, options) => openPrid2011Video(place, splitOptions(options)),
  },
  'duke-video': { form: 'duke-video:DIR', options: [], open: openDukeVideo },
  market: { form: 'market:DIR', options: [], open: openMarketStyle },
  folder: {
    form: 'folder:DIR[?name=*_c{camera}_*][&train=...&test=...][&tracklets=yes[&missing=skip]]',
    options: [...NAMES, 'tracklets', 'missing'],
    open: (place, options) =>
      openFolder(place, {
        ...Object.fromEntries(options.entries),
        tracklets: options.choice('tracklets', ['yes', 'no']),
        missing: options.choice('missing', ['skip']),
      }),
  },
  table: {
    form: 'table:FILE[?path=COLUMN&id=COLUMN&camera=COLUMN&split=COLUMN&tracklet=COLUMN&frame=COLUMN][&folder=DIR][&train=...&test=...]',
    options: ['path', 'id', 'camera', 'split', 'tracklet', 'frame', 'folder', 'train', 'test', 'missing'],
    open: (place, options) =>
      openTable(place, { ...Object.fromEntries(options.entries), missing: options.choice('missing', ['skip']) }),
  },
  pattern: {
    form: FORM_OF_PATTERN,
    options: NAMES,
    open: (place, options) => {
      const name = options.text('name');
      if (name === undefined) throw new SpecError(`pattern:${place} has no name=. Write ${FORM_OF_PATTERN}`);
      return openPattern(place, { ...Object.fromEntries(options.entries), name });
    },
  },
};
