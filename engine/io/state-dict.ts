import type { NamedArray } from './arrays.js';
import { PthArray } from './pth-array.js';
import { FormatError } from './source.js';

/** How a state dict is looked for. */
export interface StateDictOptions {
  /** Keys that lead to it, for example `['ema', 'state_dict']`; without it the usual ones are tried. */
  path?: readonly string[];
  /** A prefix to cut from names that have it; `true` stands for `module.`, which DataParallel adds. */
  stripPrefix?: boolean | string;
}

/** Keys under which training code saves a state dict, the likelier first. */
const WRAPPERS = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'module',
  'weights',
  'params',
];
const MAX_DEPTH = 32;
const MAX_VISITS = 1_000_000;

/**
 * Finds the state dict in a checkpoint and flattens it: names joined by dots where dicts are nested, in the file's
 * order, arrays only (numbers and text beside them are left out).
 *
 * @example
 * const weights = stateDictOf((await readPth(bytes)).value, { stripPrefix: true });
 * weights.get('conv1.weight')?.shape; // [64, 3, 7, 7]
 *
 * @param value what {@link readPth} gave
 * @throws FormatError when there is no array, the path leads nowhere, or two arrays get the same name
 */
export function stateDictOf(value: unknown, options: StateDictOptions = {}): Map<string, NamedArray> {
  const found = options.path ? follow(value, options.path) : unwrap(value);
  const prefix = options.stripPrefix === true ? 'module.' : options.stripPrefix || '';
  const arrays = new Map<string, NamedArray>();
  let visits = 0;
  const collect = (dict: Map<unknown, unknown>, path: string, depth: number) => {
    for (const [key, item] of dict) {
      if (++visits > MAX_VISITS || depth > MAX_DEPTH)
        throw new FormatError('the state dict is nested too deep, or contains itself');
      const name = path === '' ? String(key) : `${path}.${key}`;
      if (item instanceof Map) collect(item, name, depth + 1);
      if (!(item instanceof PthArray)) continue;
      const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
      if (arrays.has(short)) throw new FormatError(`two tensors of the state dict are called '${short}'`);
      arrays.set(short, item);
    }
  };
  if (found instanceof Map) collect(found, '', 0);
  if (arrays.size === 0) throw new FormatError(`there is no state dict in it; it holds ${describe(found)}`);
  return arrays;
}

/** Steps into wrappers, the likeliest first, until a dict holds arrays itself or no wrapper. */
function unwrap(value: unknown): unknown {
  let current = value;
  for (let depth = 0; depth < MAX_DEPTH && current instanceof Map; depth++) {
    const dict: Map<unknown, unknown> = current;
    const inner = WRAPPERS.map((key) => dict.get(key)).find((item) => item instanceof Map && item.size > 0);
    if (!inner || [...dict.values()].some((item) => item instanceof PthArray)) break;
    current = inner;
  }
  return current;
}

function follow(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!(current instanceof Map) || !current.has(key)) {
      throw new FormatError(`there is no '${key}' of the path ${path.join(' / ')}; there is ${describe(current)}`);
    }
    current = current.get(key);
  }
  return current;
}

function describe(value: unknown): string {
  if (!(value instanceof Map)) return value === null ? 'None' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  const keys = [...value.keys()].map(String);
  return `a dict with the keys ${keys.slice(0, 10).join(', ')}${keys.length > 10 ? ', …' : ''}`;
}
