import { openCuhk01 } from './cuhk01.node.js';
import { openCuhk03 } from './cuhk03.node.js';
import { type DatasetKind, PICTURE_KINDS } from './dataset-kinds.js';
import { openDukeVideo } from './duke-video.node.js';
import { openIlidsVid } from './ilids-vid.node.js';
import { openMars } from './mars.node.js';
import { openPrid2011 } from './prid2011.node.js';
import { openPrid2011Video } from './prid2011-video.node.js';
import { SpecError, type SpecOptions } from './spec-options.js';

const SPLIT_OPTIONS = ['split', 'seed', 'splits'] as const;

const splitOptions = (options: SpecOptions) => ({
  split: options.whole('split', 0, 9),
  seed: options.whole('seed'),
  splits: options.text('splits'),
});

/** CUHK01's split, named by the people to train on or by those to test on. */
function cuhk01Trained(options: SpecOptions): 485 | 486 | 871 {
  const [train, test] = [options.choice('train', ['485', '486', '871']), options.choice('test', ['486', '485', '100'])];
  if (train !== undefined && test !== undefined)
    throw new SpecError('train= and test= say the same of CUHK01: give one.');
  if (train !== undefined) return Number(train) as 485 | 486 | 871;
  return test === '100' ? 871 : test === '485' ? 486 : 485;
}

/** Kinds with files of other formats. */
const OWN = {
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
  mars: { form: 'mars:DIR', options: [], open: openMars },
  ilidsvid: {
    form: 'ilidsvid:DIR[?split=0..9][&seed=1][&splits=FILE]',
    options: SPLIT_OPTIONS,
    splits: 10,
    open: (place, options) => openIlidsVid(place, splitOptions(options)),
  },
  'prid2011-video': {
    form: 'prid2011-video:DIR[?split=0..9][&seed=1][&splits=FILE]',
    options: SPLIT_OPTIONS,
    splits: 10,
    open: (place, options) => openPrid2011Video(place, splitOptions(options)),
  },
  'duke-video': { form: 'duke-video:DIR', options: [], open: openDukeVideo },
} satisfies Readonly<Record<string, DatasetKind>>;

/** Every kind but the drawn one, by the word that stands before the colon. */
export const DISK_KINDS: Readonly<Record<string, DatasetKind>> = {
  market1501: PICTURE_KINDS.market1501,
  duke: PICTURE_KINDS.duke,
  cuhk03: OWN.cuhk03,
  cuhk01: OWN.cuhk01,
  msmt17: PICTURE_KINDS.msmt17,
  prid2011: OWN.prid2011,
  veri: PICTURE_KINDS.veri,
  vehicleid: PICTURE_KINDS.vehicleid,
  vric: PICTURE_KINDS.vric,
  mars: OWN.mars,
  ilidsvid: OWN.ilidsvid,
  'prid2011-video': OWN['prid2011-video'],
  'duke-video': OWN['duke-video'],
  market: PICTURE_KINDS.market,
  folder: PICTURE_KINDS.folder,
  table: PICTURE_KINDS.table,
  pattern: PICTURE_KINDS.pattern,
};
