import type { ReidDataset } from './dataset.js';
import { DISK_KINDS } from './dataset-kinds.node.js';
import { isFolder, sayContents } from './files.node.js';
import { guessSpec } from './guess.node.js';
import { crossDomain, joinDatasets } from './join.js';
import { nearestName } from './nearest.js';
import { SpecError, SpecOptions } from './spec-options.js';
import { createSynthetic, SYNTHETIC_DEFAULTS } from './synthetic/synthetic.js';
import { createSyntheticTracklets, SYNTHETIC_TRACKLET_DEFAULTS } from './synthetic/tracklets.js';
import { createSyntheticVehicles, SYNTHETIC_VEHICLE_DEFAULTS } from './synthetic/vehicles.js';

/** Kinds that are drawn: their options are whole numbers. */
const DRAWN_KINDS: Readonly<
  Record<
    string,
    {
      readonly defaults: Readonly<Record<string, number>>;
      readonly create: (options: Record<string, number>) => ReidDataset;
    }
  >
> = {
  synthetic: { defaults: { ...SYNTHETIC_DEFAULTS }, create: createSynthetic },
  'synthetic-tracklets': { defaults: { ...SYNTHETIC_TRACKLET_DEFAULTS }, create: createSyntheticTracklets },
  'synthetic-vehicles': { defaults: { ...SYNTHETIC_VEHICLE_DEFAULTS }, create: createSyntheticVehicles },
};

const formOf = ([kind, { defaults }]: readonly [string, { readonly defaults: Readonly<Record<string, number>> }]) => {
  const options = Object.entries(defaults).map(([key, value]) => `${key}=${value}`);
  return [kind, `${kind}[:${options.join(',')}]`] as const;
};

/** How each kind of dataset is written, for help texts. */
export const DATASET_KINDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(DRAWN_KINDS).map(formOf)),
  ...Object.fromEntries(Object.entries(DISK_KINDS).map(([kind, { form }]) => [kind, form])),
};

/** How several are written as one, for help texts. */
export const JOINED_KINDS: readonly string[] = [
  'market1501:DIR+duke:DIR              several as one; identities and cameras are numbered on',
  "'train=market1501:DIR;test=duke:DIR'  trains on one and tests on another; either may be several",
];

function openDrawn(kind: string, rest: string, spec: string): ReidDataset {
  const { defaults, create } = DRAWN_KINDS[kind]!;
  const options = new SpecOptions(rest.replace(/^\?/, ''), ',', Object.keys(defaults), spec);
  const numbers = options.entries.map(([key]) => [key, options.whole(key)!] as const);
  return create(Object.fromEntries(numbers));
}

/** Cuts `DIR?options`; a folder whose name holds a question mark cannot be given. */
function cutQuery(rest: string): readonly [string, string] {
  const mark = rest.indexOf('?');
  return mark < 0 ? [rest, ''] : [rest.slice(0, mark), rest.slice(mark + 1)];
}

/** Cuts `A+B`: only a plus sign before what looks like a kind counts, so that folders may have one in their names. */
function cutSum(spec: string): string[] {
  const kinds = Object.keys(DATASET_KINDS).join('|');
  return spec.split(new RegExp(`\\+(?=(?:${kinds})(?:[?+]|$)|[a-z][a-z0-9-]*:)`));
}

/** What to write in place of a kind that is none. */
async function adviseKind(kind: string, spec: string): Promise<string> {
  if (!/[/\\.]/.test(kind) && kind !== '') return nearestName(kind, Object.keys(DATASET_KINDS));
  const guess = await guessSpec(spec);
  if (guess) return `It looks like ${guess}`;
  const contents = (await isFolder(spec)) ? ` It looks like none of the known ones: ${await sayContents(spec)}.` : '';
  return `Say what it is first, as in market1501:${spec}.${contents}`;
}

async function openOne(spec: string): Promise<ReidDataset> {
  const [, kind = '', rest = ''] = /^([^:?]*)[:?]?([\s\S]*)$/.exec(spec.trim()) ?? [];
  if (Object.hasOwn(DRAWN_KINDS, kind)) return openDrawn(kind, rest, spec);
  const known = DISK_KINDS[kind];
  if (!known) {
    throw new SpecError(
      `There is no kind of dataset called "${kind}". ${await adviseKind(kind, spec)}\nKinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}`,
    );
  }
  const [path, query] = cutQuery(rest);
  if (path === '') {
    throw new SpecError(`${spec} names no ${kind === 'table' ? 'file' : 'folder'}. Write ${known.form}`);
  }
  return known.open(path, new SpecOptions(query, '&', known.options, spec));
}

async function openSum(spec: string): Promise<ReidDataset> {
  const parts: ReidDataset[] = [];
  for (const part of cutSum(spec.trim())) parts.push(await openOne(part));
  return joinDatasets(parts);
}

/**
 * Opens a dataset by one line, as given on the command line:
 *
 * - `synthetic`, `synthetic:seed=2,identities=32`: drawn people, see `createSynthetic`
 * - `synthetic-tracklets`, `synthetic-vehicles`: drawn people who walk, drawn vehicles
 * - `market1501:DIR`, `duke:DIR`, `cuhk03:DIR`, `cuhk01:DIR`, `msmt17:DIR`, `prid2011:DIR`, `veri:DIR`, `vehicleid:DIR`, `vric:DIR`:
 *   known datasets of pictures
 * - `mars:DIR`, `ilidsvid:DIR`, `prid2011-video:DIR`, `duke-video:DIR`: known datasets of tracklets
 * - `market:DIR`: your own in Market-1501's folders, names that begin with `ID_cCAMERA`
 * - `folder:DIR`, `folder:DIR?name=*_c{camera}_*`: a folder per identity
 * - `table:FILE`: CSV or JSON lines
 * - `pattern:DIR?name=obj{id}__{angle}.png&camera=angle/90&train=2-40&test=41-60`: any names
 * - `A+B`: several as one, see `joinDatasets`
 * - `train=A;test=B`: trained on one and tested on another, see `crossDomain`; both may be sums
 *
 * @throws DatasetError for data that cannot be used; of these a SpecError for an unknown kind (naming the nearest) or option
 *
 * @example
 *   const dataset = await openDataset('market1501:data/Market-1501-v15.09.15');
 *   const across = await openDataset('train=market1501:data/market+duke:data/duke;test=msmt17:data/MSMT17_V2');
 */
export async function openDataset(spec: string): Promise<ReidDataset> {
  const trimmed = spec.trim();
  if (!/^(train|test)=/.test(trimmed)) return openSum(trimmed);
  const [, train, test] = /^train=([\s\S]+?);\s*test=([\s\S]+)$/.exec(trimmed) ?? [];
  if (train === undefined || test === undefined) {
    throw new SpecError(
      `${spec} is not understood. To train on one dataset and test on another, write train=A;test=B (in quotes, for the shell).`,
    );
  }
  return crossDomain(await openSum(train), await openSum(test));
}
