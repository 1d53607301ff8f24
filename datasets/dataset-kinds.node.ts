import { openCuhk01 } from './cuhk01.node.js';
import { openCuhk03 } from './cuhk03.node.js';
import type { ReidDataset } from './dataset.js';
import { openFolder } from './folder.node.js';
import { openDuke, openMarketStyle, openVeri } from './market-style.node.js';
import { openMarket1501 } from './market1501.node.js';
import { openMsmt17 } from './msmt17.node.js';
import { openPattern } from './pattern.node.js';
import { openPrid2011 } from './prid2011.node.js';
import { SpecError, type SpecOptions } from './spec-options.js';
import { openTable } from './table.node.js';

/** A kind of dataset that lies on disk: how it is written, and how it is opened. */
export interface DatasetKind {
  /** How it is written, for help texts. */
  readonly form: string;
  readonly options: readonly string[];
  open(place: string, options: SpecOptions): Promise<ReidDataset>;
}

const NAMES = ['name', 'camera', 'train', 'test'] as const;

const FORM_OF_PATTERN = 'pattern:DIR?name=obj{id}__{angle}.png[&camera=angle/90][&train=2-40][&test=41-60]';

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
    form: 'cuhk01:DIR[?split=0..19][&train=485|871][&seed=1][&splits=FILE]',
    options: ['split', 'train', 'seed', 'splits'],
    open: (place, options) =>
      openCuhk01(place, {
        split: options.whole('split', 0, 19),
        train: options.choice('train', ['485', '871']) === '871' ? 871 : 485,
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
    open: (place, options) =>
      openPrid2011(place, {
        protocol: options.choice('protocol', ['drawn', 'official']),
        query: options.choice('query', ['a', 'b']),
        split: options.whole('split', 0, 9),
        seed: options.whole('seed'),
        splits: options.text('splits'),
      }),
  },
  veri: { form: 'veri:DIR', options: [], open: openVeri },
  market: { form: 'market:DIR', options: [], open: openMarketStyle },
  folder: {
    form: 'folder:DIR[?name=*_c{camera}_*&train=...&test=...]',
    options: NAMES,
    open: (place, options) => openFolder(place, Object.fromEntries(options.entries)),
  },
  table: { form: 'table:FILE', options: [], open: openTable },
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
