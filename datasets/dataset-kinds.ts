import type { ReidDataset } from './dataset.js';
import { openFolder } from './folder.js';
import { openDuke, openMarketStyle } from './market-style.js';
import { openMarket1501 } from './market1501.js';
import { openMsmt17 } from './msmt17.js';
import { openPattern } from './pattern.js';
import { SpecError, type SpecOptions } from './spec-options.js';
import { openTable } from './table.js';
import { openVehicleId } from './vehicle-id.js';
import { openVeri776 } from './veri.js';
import { openVric } from './vric.js';

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

const FORM_OF_PATTERN = 'pattern:DIR?name=obj{id}__{angle}.png[&camera=angle/90][&train=2-40][&test=41-60]';

/** Kinds that are files of pictures and text, which a browser reads too. */
export const PICTURE_KINDS = {
  market1501: {
    form: 'market1501:DIR[?distractors=500k]',
    options: ['distractors'],
    open: (place, options) => openMarket1501(place, { distractors: options.choice('distractors', ['500k']) }),
  },
  duke: { form: 'duke:DIR', options: [], open: openDuke },
  msmt17: {
    form: 'msmt17:DIR[?val=no]',
    options: ['val'],
    open: (place, options) => openMsmt17(place, { val: options.choice('val', ['yes', 'no']) }),
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
} satisfies Readonly<Record<string, DatasetKind>>;
