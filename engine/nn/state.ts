import { type NamedArray, toFloat32, toInt32 } from '../io/arrays.js';
import { formatShape, type Shape, sameShape } from '../shape.js';
import { contiguousData, Tensor, write } from '../tensor.js';
import type { Entry } from './module.js';
import { Counter } from './parameter.js';

/** Values by name: tensors, or arrays as the readers of `engine/io` give them. */
export type StateDict = ReadonlyMap<string, Tensor | NamedArray>;

/** What loading a state dict did and did not find. */
export interface LoadReport {
  readonly loaded: readonly string[];
  /** Names of the model that were not given. */
  readonly missing: readonly string[];
  /** Names that were given and are not the model's. */
  readonly unexpected: readonly string[];
  readonly mismatched: readonly { readonly name: string; readonly shape: Shape; readonly given: Shape }[];
}

/** A state dict that does not fit a model. */
export class StateDictError extends Error {
  override readonly name = 'StateDictError';
  readonly report: LoadReport;

  constructor(report: LoadReport) {
    super(`loadStateDict: nothing was loaded, since the names or shapes do not fit.\n${loadTable(report)}`);
    this.report = report;
  }
}

/** A report as a table, one line a name that was not loaded. */
export function loadTable({ loaded, missing, unexpected, mismatched }: LoadReport): string {
  const rows = [
    ...missing.map((name) => ['missing', name, '']),
    ...unexpected.map((name) => ['unexpected', name, '']),
    ...mismatched.map((m) => ['shape', m.name, `${formatShape(m.shape)} in the model, ${formatShape(m.given)} given`]),
  ];
  const width = Math.max(0, ...rows.map(([, name]) => name!.length));
  const lines = rows.map(([kind, name, note]) => `  ${kind!.padEnd(10)}  ${name!.padEnd(width)}  ${note}`.trimEnd());
  const counts = `${loaded.length} loaded, ${missing.length} missing, ${unexpected.length} unexpected, ${mismatched.length} of another shape`;
  return [counts, ...lines].join('\n');
}

const shapeOf = (entry: Entry): Shape => (entry instanceof Counter ? [] : entry.shape);

/** Loads what fits; see Module.loadStateDict. */
export function loadInto(entries: Iterable<[string, Entry]>, state: StateDict, strict: boolean): LoadReport {
  const own = new Map(entries);
  const fitting: [string, Entry, Tensor | NamedArray][] = [];
  const missing: string[] = [];
  const mismatched: LoadReport['mismatched'][number][] = [];
  for (const [name, entry] of own) {
    const given = state.get(name);
    if (!given) {
      if (!(entry instanceof Counter)) missing.push(name);
    } else if (sameShape(given.shape, shapeOf(entry))) fitting.push([name, entry, given]);
    else mismatched.push({ name, shape: shapeOf(entry), given: given.shape });
  }
  const unexpected = [...state.keys()].filter((name) => !own.has(name));
  const clean = missing.length + unexpected.length + mismatched.length === 0;
  const loaded = strict && !clean ? [] : fitting.map(([name]) => name);
  const report: LoadReport = { loaded, missing, unexpected, mismatched };
  if (strict && !clean) throw new StateDictError(report);
  for (const [name, entry, given] of fitting) assign(name, entry, given);
  return report;
}

function assign(name: string, entry: Entry, given: Tensor | NamedArray): void {
  if (entry instanceof Counter) {
    if (given instanceof Tensor) entry.assign(given);
    else entry.value = toInt32(given, name)[0]!;
  } else if (!(given instanceof Tensor)) {
    write(entry, entry.dtype === 'float32' ? toFloat32(given, name) : toInt32(given, name));
  } else if (given.storage !== entry.storage) {
    const source = contiguousData(given);
    entry.gpu.queue.copy(source.storage.buffer, 0, entry.storage.buffer, 0, 4 * entry.size);
    if (source !== given) source.storage.release();
  }
}

/** The entries' values, read back from the GPU. */
export async function readState(entries: Iterable<[string, Entry]>): Promise<Map<string, NamedArray>> {
  const reading = [...entries].map(async ([name, entry]): Promise<[string, NamedArray]> => {
    if (entry instanceof Counter)
      return [name, { dtype: 'int64', shape: [], data: new BigInt64Array([BigInt(entry.value)]) }];
    return [name, { dtype: entry.dtype, shape: entry.shape, data: await entry.read() }];
  });
  return new Map(await Promise.all(reading));
}
