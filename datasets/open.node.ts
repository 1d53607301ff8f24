import type { ReidDataset } from './dataset.js';
import { DatasetError } from './error.js';
import { openFolder } from './folder.node.js';
import { openMarket1501 } from './market1501.node.js';
import { nearestName } from './nearest.js';
import { openPattern } from './pattern.node.js';
import { createSynthetic, SYNTHETIC_DEFAULTS } from './synthetic/synthetic.js';
import { openTable } from './table.node.js';

/** How each kind of dataset is written, for help texts. */
export const DATASET_KINDS: Readonly<Record<string, string>> = {
  synthetic: 'synthetic[:seed=1,identities=64,testIdentities=48,images=2,cameras=6,distractors=48,height=128,width=64]',
  market1501: 'market1501:DIR',
  folder: 'folder:DIR[?name=*_c{camera}_*&train=...&test=...]',
  table: 'table:FILE',
  pattern: 'pattern:DIR?name=obj{id}__{angle}.png[&camera=angle/90][&train=2-40][&test=41-60]',
};

type Options = ReadonlyMap<string, string>;

/**
 * Reads `key=value` pairs.
 *
 * @throws DatasetError for a key that is not `known`, naming the nearest, and for a part that is no pair
 */
function readOptions(text: string, separator: string, known: readonly string[], spec: string): Options {
  const options = new Map<string, string>();
  for (const part of text.split(separator).filter((piece) => piece !== '')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (!known.includes(key)) {
      throw new DatasetError(`${spec}: there is no option ${key}. ${nearestName(key, known)}`);
    }
    if (equals < 0) throw new DatasetError(`${spec}: write ${key}=VALUE.`);
    options.set(key, part.slice(equals + 1));
  }
  return options;
}

function openSynthetic(rest: string, spec: string): ReidDataset {
  const known = Object.keys(SYNTHETIC_DEFAULTS);
  const options = readOptions(rest.replace(/^\?/, ''), ',', known, spec);
  const numbers = [...options].map(([key, value]) => {
    if (!/^\d+$/.test(value)) throw new DatasetError(`${spec}: ${key} is ${value}; it should be a whole number.`);
    return [key, Number(value)];
  });
  return createSynthetic(Object.fromEntries(numbers));
}

/** Cuts `DIR?options`; a folder whose name holds a question mark cannot be given. */
function cutQuery(rest: string): readonly [string, string] {
  const mark = rest.indexOf('?');
  return mark < 0 ? [rest, ''] : [rest.slice(0, mark), rest.slice(mark + 1)];
}

/**
 * Opens a dataset by one line, as given on the command line:
 *
 * - `synthetic`, `synthetic:seed=2,identities=32`: drawn people, see `createSynthetic`
 * - `market1501:DIR`: Market-1501's layout and names
 * - `folder:DIR`, `folder:DIR?name=*_c{camera}_*`: a folder per identity
 * - `table:FILE`: CSV or JSON lines
 * - `pattern:DIR?name=obj{id}__{angle}.png&camera=angle/90&train=2-40&test=41-60`: any names
 *
 * @throws DatasetError for an unknown kind (naming the nearest), a wrong option, or data that cannot be used
 *
 * @example
 *   const dataset = await openDataset('market1501:data/Market-1501-v15.09.15');
 */
export async function openDataset(spec: string): Promise<ReidDataset> {
  const [, kind = '', rest = ''] = /^([^:?]*)[:?]?([\s\S]*)$/.exec(spec.trim()) ?? [];
  const form = DATASET_KINDS[kind];
  if (!form) {
    const looksLikePath = /[/\\.]/.test(kind) || kind === '';
    const advice = looksLikePath
      ? `Say what it is first, as in market1501:${spec}.`
      : nearestName(kind, Object.keys(DATASET_KINDS));
    throw new DatasetError(
      `There is no kind of dataset called "${kind}". ${advice}\nKinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}`,
    );
  }
  if (kind === 'synthetic') return openSynthetic(rest, spec);
  const [path, query] = cutQuery(rest);
  if (path === '') throw new DatasetError(`${spec} names no ${kind === 'table' ? 'file' : 'folder'}. Write ${form}`);
  switch (kind) {
    case 'market1501':
      readOptions(query, '&', [], spec);
      return openMarket1501(path);
    case 'table':
      readOptions(query, '&', [], spec);
      return openTable(path);
    case 'folder': {
      const options = readOptions(query, '&', ['name', 'camera', 'train', 'test'], spec);
      return openFolder(path, Object.fromEntries(options));
    }
    default: {
      const options = readOptions(query, '&', ['name', 'camera', 'train', 'test'], spec);
      const name = options.get('name');
      if (name === undefined) throw new DatasetError(`${spec} has no name=. Write ${form}`);
      return openPattern(path, { ...Object.fromEntries(options), name });
    }
  }
}
