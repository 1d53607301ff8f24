import { type NamedArray, toFloat32 } from '../../../engine/io/arrays.js';
import { Counter } from '../../../engine/nn/index.js';
import type { Shape } from '../../../engine/shape.js';
import type { APNet } from '../apnet.js';
import { arraysOf, type ImportRow, importState, type StoredWeights } from './import.js';

/** The original registers its backbone as `base` and once more in five pieces: where each part of `base` comes again. */
const PIECES: readonly (readonly [string, string])[] = [
  ['base.conv1.', 'base_1.0.'],
  ['base.bn1.', 'base_1.1.'],
  ['base.layer1.', 'base_2.0.'],
  ['base.layer2.', 'base_3.0.'],
  ['base.layer3.', 'base_4.0.'],
  ['base.layer4.', 'base_5.0.'],
];

/** The first name of an array that the original's files hold twice, from its second name. */
function firstName(name: string): string | undefined {
  const piece = PIECES.find(([, alias]) => name.startsWith(alias));
  return piece && piece[0] + name.slice(piece[1].length);
}

/** Each second name with its first one, for the names of a model. */
function aliasesOf(names: readonly string[]): [string, string][] {
  return PIECES.flatMap(([first, alias]) =>
    names
      .filter((name) => name.startsWith(first))
      .map((name): [string, string] => [alias + name.slice(first.length), name]),
  );
}

/** Names and shapes of a model's file as the original writes it, in its order, the second names of the backbone included. */
export function apnetNames(model: APNet): { readonly name: string; readonly shape: Shape; readonly of: string }[] {
  const entries = [...model.entries()];
  const shapes = new Map(entries.map(([name, entry]) => [name, entry instanceof Counter ? [] : entry.shape]));
  const names = [...shapes.keys()];
  const own = (name: string) => ({ name, shape: shapes.get(name)!, of: name });
  const aliases = aliasesOf(names).map(([name, of]) => ({ name, shape: shapes.get(of)!, of }));
  return [
    ...names.filter((name) => name.startsWith('base.')).map(own),
    ...aliases,
    ...names.filter((name) => !name.startsWith('base.')).map(own),
  ];
}

/** A model's arrays under all names that the original's strict loading wants. */
export async function exportAPNet(model: APNet): Promise<Map<string, NamedArray>> {
  const arrays = await model.stateArrays();
  return new Map(apnetNames(model).map(({ name, of }) => [name, arrays.get(of)!]));
}

function sameNumbers(a: NamedArray, b: NamedArray, name: string): boolean {
  if (a.data.length !== b.data.length) return false;
  if (a.dtype === b.dtype) return a.data.every((value: number | bigint, i: number) => Object.is(value, b.data[i]));
  const other = toFloat32(b, name);
  return toFloat32(a, name).every((value, i) => value === other[i]);
}

/**
 * Takes over a checkpoint of the original APNet (`resnet50_checkpoint_N.pt`: a dict with `model` and `optimizer`). Second names
 * of the backbone are left out; where their numbers differ from the first ones', PyTorch would end with those, and so does this:
 * the rows say `loaded from alias`. A classifier of another number of identities is left as it was.
 *
 * @throws FormatError where nothing fits
 */
export function importAPNet(model: APNet, checkpoint: StoredWeights): ImportRow[] {
  const arrays = arraysOf(checkpoint);
  const firsts = new Map<string, NamedArray>();
  const differing = new Set<string>();
  const left: ImportRow[] = [];
  for (const [name, array] of arrays) {
    const first = firstName(name);
    if (first === undefined) {
      if (!firsts.has(name)) firsts.set(name, array);
      continue;
    }
    const before = arrays.get(first);
    if (before && sameNumbers(before, array, name)) {
      left.push({ name, expected: undefined, found: array.shape, action: 'left out' });
      continue;
    }
    if (before) differing.add(first);
    firsts.set(first, array);
  }
  const rows = importState(model, firsts).map(
    (row): ImportRow =>
      differing.has(row.name) && row.action === 'loaded' ? { ...row, action: 'loaded from alias' } : row,
  );
  return [...rows, ...left];
}
