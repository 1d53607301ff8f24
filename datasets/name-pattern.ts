import { DatasetError } from './error.js';

/** A pattern of file names, ready to be matched. */
export interface NamePattern {
  readonly text: string;
  /** Names of the placeholders, each once. */
  readonly fields: readonly string[];
  /** The placeholders' values, or undefined when the name does not fit. */
  match(path: string): ReadonlyMap<string, string> | undefined;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const FIELD = /^[a-z][a-z0-9]*$/i;

const literal = (text: string): string =>
  text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'));

/**
 * Compiles a pattern such as `obj{id}__{angle}.png`. A `{field}` stands for one or more characters, `*` for any number of
 * characters, both within one folder; `**` also crosses folders. A pattern with `/` is matched against the path below
 * the dataset's folder, one without against the file's name alone. A field that comes twice is joined by `/`: the
 * identity of `{id}/{id}/{n}.png` is `Latin/A`.
 *
 * @throws DatasetError when there is no `{id}`, or a placeholder has a name that is none
 */
export function compilePattern(text: string): NamePattern {
  const fields = [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!);
  for (const field of fields) {
    if (!FIELD.test(field)) {
      throw new DatasetError(
        `name=${text}: {${field}} is not a placeholder; use letters and digits, as in {id} or {camera}.`,
      );
    }
  }
  if (!fields.includes('id')) {
    throw new DatasetError(
      `name=${text} has no {id}: write {id} where the identity stands, as in obj{id}__{angle}.png.`,
    );
  }
  let source = '';
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    source += `${literal(text.slice(from, match.index))}([^/]+?)`;
    from = match.index + match[0].length;
  }
  const expression = new RegExp(`^${source}${literal(text.slice(from))}$`, 'i');
  const whole = text.includes('/');
  return {
    text,
    fields: [...new Set(fields)],
    match(path) {
      const found = expression.exec(whole ? path : path.slice(path.lastIndexOf('/') + 1));
      if (!found) return undefined;
      const values = new Map<string, string>();
      fields.forEach((field, i) => {
        const value = found[i + 1]!;
        const before = values.get(field);
        values.set(field, before === undefined ? value : `${before}/${value}`);
      });
      return values;
    },
  };
}

/** Makes a camera's name of the fields of a file name; undefined: every picture is a camera of its own. */
export type CameraRule = (fields: ReadonlyMap<string, string>, path: string) => string | undefined;

/**
 * Compiles a camera rule: `camera` (a field: each of its values is a camera), `angle/90` (the whole part of a quotient:
 * quadrants of an angle), or `each` (every picture is a camera of its own).
 *
 * @throws DatasetError when the rule names a field that the pattern lacks, or divides by nothing
 */
export function compileCamera(rule: string, pattern: NamePattern): CameraRule {
  if (rule === 'each') return () => undefined;
  const match = /^([a-z][a-z0-9]*)(?:\/(\d+(?:\.\d+)?))?$/i.exec(rule);
  if (!match || Number(match[2] ?? 1) === 0) {
    throw new DatasetError(
      `camera=${rule} is not understood. Write a field (camera=cam), a field over a number (camera=angle/90), or camera=each.`,
    );
  }
  const [, field = '', divisor] = match;
  if (!pattern.fields.includes(field)) {
    const known = pattern.fields.map((name) => `{${name}}`).join(', ');
    throw new DatasetError(`camera=${rule}: the name pattern ${pattern.text} has no {${field}}; it has ${known}.`);
  }
  return (fields, path) => {
    const value = fields.get(field)!;
    if (divisor === undefined) return value;
    const number = Number(value);
    if (!Number.isFinite(number)) {
      throw new DatasetError(`${path}: {${field}} is ${value}, which is no number, and camera=${rule} divides it.`);
    }
    return String(Math.floor(number / Number(divisor)));
  };
}

/** A choice of identities. */
export type IdentityChoice = (identity: string) => boolean;

/**
 * Compiles a list of identities: numbers and ranges (`2-40,45`), or names (`cat,dog`); `*` is all of them.
 *
 * @throws DatasetError when the list is empty or a range runs backwards
 */
export function compileChoice(list: string, option: string): IdentityChoice {
  if (list.trim() === '*') return () => true;
  const names = new Set<string>();
  const ranges: [number, number][] = [];
  for (const part of list.split(',').map((text) => text.trim())) {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range) {
      const [low, high] = [Number(range[1]), Number(range[2])];
      if (low > high)
        throw new DatasetError(`${option}=${list}: the range ${part} runs backwards; write ${high}-${low}.`);
      ranges.push([low, high]);
    } else if (part !== '') names.add(part);
  }
  if (names.size === 0 && ranges.length === 0) {
    throw new DatasetError(`${option}= names no identity. Write numbers, ranges or names: ${option}=2-40,45.`);
  }
  const numbers = new Set([...names].filter((name) => /^\d+$/.test(name)).map(Number));
  return (identity) => {
    if (names.has(identity)) return true;
    if (!/^\d+$/.test(identity)) return false;
    const number = Number(identity);
    return numbers.has(number) || ranges.some(([low, high]) => number >= low && number <= high);
  };
}
