import type { NamedArray } from '../../../engine/io/arrays.js';
import { stateDictOf } from '../../../engine/io/pth.js';
import { FormatError } from '../../../engine/io/source.js';
import { Counter, type Module } from '../../../engine/nn/index.js';
import { formatShape, type Shape, sameShape } from '../../../engine/shape.js';

/** What became of one name when weights were taken over from a file. */
export type ImportAction =
  /** Taken over. */
  | 'loaded'
  /** Not in the file: the model keeps what it had. */
  | 'missing'
  /** In both with different shapes: the model keeps what it had. */
  | 'other shape'
  /** In the file alone, and not expected: the model has no such name. */
  | 'unknown'
  /** In the file alone, as it should be: the classifier of another task, a second name of the same array. */
  | 'left out'
  /** A second name whose numbers differ from the first one's; they were taken, as PyTorch does. */
  | 'loaded from alias';

/** A row of the table: the model's name, or the file's where the model has none. */
export interface ImportRow {
  readonly name: string;
  /** The shape in the model. */
  readonly expected: Shape | undefined;
  /** The shape in the file. */
  readonly found: Shape | undefined;
  readonly action: ImportAction;
}

/** Weights by name, or the tree that readPth gives. */
export type StoredWeights = ReadonlyMap<string, NamedArray> | unknown;

export interface ImportRules {
  /** The model's name for a name of the file (without `module.`), or undefined where it is left out on purpose. */
  readonly rename?: (name: string) => string | undefined;
}

const isArray = (value: unknown): value is NamedArray =>
  typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value;

/** The arrays of a checkpoint by name, without wrappers around them and without the prefix of DataParallel. */
export function arraysOf(checkpoint: StoredWeights): Map<string, NamedArray> {
  const plain = checkpoint instanceof Map && checkpoint.size > 0 && [...checkpoint.values()].every(isArray);
  const arrays: Map<string, NamedArray> = plain ? checkpoint : stateDictOf(checkpoint);
  return new Map([...arrays].map(([name, array]) => [name.replace(/^(module\.)+/, ''), array]));
}

/**
 * Takes over what fits in name and shape, leaves the rest of the model as it is, and tells what became of every name.
 *
 * @throws FormatError where not a single array fits: it is a file of another model
 */
export function importState(
  model: Module,
  checkpoint: StoredWeights,
  { rename = (name) => name }: ImportRules = {},
): ImportRow[] {
  const entries = new Map(model.entries());
  const shapeOf = (name: string): Shape | undefined => {
    const entry = entries.get(name);
    return entry instanceof Counter ? [] : entry?.shape;
  };
  const rows: ImportRow[] = [];
  const fitting = new Map<string, NamedArray>();
  const met = new Set<string>();
  for (const [name, array] of arraysOf(checkpoint)) {
    const target = rename(name);
    const expected = target === undefined ? undefined : shapeOf(target);
    const found = array.shape;
    if (target === undefined) rows.push({ name, expected, found, action: 'left out' });
    else if (!expected) rows.push({ name, expected, found, action: 'unknown' });
    else if (!sameShape(expected, found)) rows.push({ name: target, expected, found, action: 'other shape' });
    else {
      fitting.set(target, array);
      rows.push({ name: target, expected, found, action: 'loaded' });
    }
    if (target !== undefined) met.add(target);
  }
  if (fitting.size === 0) {
    const names = rows.slice(0, 3).map(({ name }) => name);
    throw new FormatError(
      `none of the ${rows.length} arrays of the file fits the model: it is of another one. The file begins with ` +
        `${names.join(', ')}; the model with ${[...entries.keys()].slice(0, 3).join(', ')}`,
    );
  }
  for (const [name, entry] of entries) {
    // Files of the oldest PyTorch have no counters, and nothing depends on them.
    if (met.has(name) || entry instanceof Counter) continue;
    rows.push({ name, expected: shapeOf(name), found: undefined, action: 'missing' });
  }
  model.loadStateDict(fitting, { strict: false });
  return rows;
}

/** The rows as a table for people: how many were loaded, then a line for each name that was not. */
export function importTable(rows: readonly ImportRow[]): string {
  const quiet = rows.filter(({ action }) => action === 'loaded').length;
  const others = rows.filter(({ action }) => action !== 'loaded');
  const cells = others.map(({ name, expected, found, action }) => [
    name,
    expected ? formatShape(expected) : '–',
    found ? formatShape(found) : '–',
    action,
  ]);
  const head = ['name', 'in the model', 'in the file', 'action'];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd();
  const summary = `${quiet} of ${rows.length} names loaded`;
  return cells.length === 0 ? `${summary}.` : [`${summary}; the others:`, line(head), ...cells.map(line)].join('\n');
}
