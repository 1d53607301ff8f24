import type { ReidDataset } from './dataset.js';
import type { DatasetKind } from './dataset-kinds.js';
import { isFolder, sayContents } from './files.js';
import { guessSpec } from './guess.js';
import { crossDomain, joinDatasets } from './join.js';
import { nearestName } from './nearest.js';
import { SpecError, SpecOptions } from './spec-options.js';
import { createSynthetic, SYNTHETIC_DEFAULTS } from './synthetic/synthetic.js';
import { createSyntheticTracklets, SYNTHETIC_TRACKLET_DEFAULTS } from './synthetic/tracklets.js';
import { createSyntheticVehicles, SYNTHETIC_VEHICLE_DEFAULTS } from './synthetic/vehicles.js';
import { createToyWalkers, TOY_WALKER_DEFAULTS } from './synthetic/walkers.js';

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
  'toy-walkers': { defaults: { ...TOY_WALKER_DEFAULTS }, create: createToyWalkers },
};

const formOf = ([kind, { defaults }]: readonly [string, { readonly defaults: Readonly<Record<string, number>> }]) => {
  const options = Object.entries(defaults).map(([key, value]) => `${key}=${value}`);
  return [kind, `${kind}[:${options.join(',')}]`] as const;
};

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

/** What kinds of dataset there are, how each is written, and how one is opened. */
export interface DatasetOpener {
  readonly forms: Readonly<Record<string, string>>;
  /** See `openDataset` in open.node.ts. */
  open(spec: string): Promise<ReidDataset>;
}

/** Cuts `A+B`: only a plus sign before what looks like a kind counts, so that folders may have one in their names. */
function cutSum(spec: string, names: readonly string[]): string[] {
  const kinds = names.join('|');
  return spec.split(new RegExp(`\\+(?=(?:${kinds})(?:[?+]|$)|[a-z][a-z0-9-]*:)`));
}

/** What to write in place of a kind that is none. */
async function adviseKind(kind: string, spec: string, names: readonly string[]): Promise<string> {
  if (!/[/\\.]/.test(kind) && kind !== '') return nearestName(kind, names);
  const guess = await guessSpec(spec);
  if (guess) return `It looks like ${guess}`;
  const contents = (await isFolder(spec)) ? ` It looks like none of the known ones: ${await sayContents(spec)}.` : '';
  return `Say what it is first, as in market1501:${spec}.${contents}`;
}

/** Opens datasets of these kinds, drawn ones, and several as one. */
export function openerOf(kinds: Readonly<Record<string, DatasetKind>>): DatasetOpener {
  const forms: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(DRAWN_KINDS).map(formOf)),
    ...Object.fromEntries(Object.entries(kinds).map(([kind, { form }]) => [kind, form])),
  };
  const names = Object.keys(forms);

  const openOne = async (spec: string): Promise<ReidDataset> => {
    const [, kind = '', rest = ''] = /^([^:?]*)[:?]?([\s\S]*)$/.exec(spec.trim()) ?? [];
    if (Object.hasOwn(DRAWN_KINDS, kind)) return openDrawn(kind, rest, spec);
    const known = kinds[kind];
    if (!known) {
      throw new SpecError(
        `There is no kind of dataset called "${kind}". ${await adviseKind(kind, spec, names)}\nKinds:\n  ${Object.values(forms).join('\n  ')}`,
      );
    }
    const [path, query] = cutQuery(rest);
    if (path === '') {
      throw new SpecError(`${spec} names no ${kind === 'table' ? 'file' : 'folder'}. Write ${known.form}`);
    }
    return known.open(path, new SpecOptions(query, '&', known.options, spec));
  };

  const openSum = async (spec: string): Promise<ReidDataset> => {
    const parts: ReidDataset[] = [];
    for (const part of cutSum(spec.trim(), names)) parts.push(await openOne(part));
    return joinDatasets(parts);
  };

  const open = async (spec: string): Promise<ReidDataset> => {
    const trimmed = spec.trim();
    if (!/^(train|test)=/.test(trimmed)) return openSum(trimmed);
    const [, train, test] = /^train=([\s\S]+?);\s*test=([\s\S]+)$/.exec(trimmed) ?? [];
    if (train === undefined || test === undefined) {
      throw new SpecError(
        `${spec} is not understood. To train on one dataset and test on another, write train=A;test=B (in quotes, for the shell).`,
      );
    }
    return crossDomain(await openSum(train), await openSum(test));
  };
  return { forms, open };
}
