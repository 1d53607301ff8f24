import { RandomStream } from '../../random/philox.js';
import { RecipeError } from '../recipes/override.js';

/** What a key of a recipe may be. */
export type Range =
  | { readonly kind: 'linear' | 'log' | 'integer'; readonly low: number; readonly high: number }
  /** Values as they are written behind `--set KEY=`. */
  | { readonly kind: 'choice'; readonly values: readonly string[] };

/** A key that is searched over. */
export interface SearchKey {
  /** As in `--set`: `optimiser.lr`. */
  readonly key: string;
  readonly range: Range;
  /** The range as it was written. */
  readonly text: string;
}

/** A setting: the value of each searched key, as text behind `--set KEY=`. */
export type Setting = Readonly<Record<string, string>>;

/** How ranges are written, for people. */
export const RANGE_FORMS =
  'LOW..HIGH (even), log:LOW..HIGH (even in the logarithm), int:LOW..HIGH (whole numbers), A|B|C';

/** Digits of a drawn number: few enough to be read and typed. */
const DIGITS = 4;

const ENDS = /^(?:(log|int):)?([^.]*(?:\.[^.]+)?)\.\.(.+)$/;

/**
 * Reads a key with its range.
 *
 * @throws RecipeError saying what is wrong with it and how ranges are written
 *
 * @example
 *   parseSearchKey('optimiser.lr=log:1e-4..1e-2');
 */
export function parseSearchKey(text: string): SearchKey {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new RecipeError(`--space ${text}: write it as KEY=RANGE, for example --space optimiser.lr=log:1e-4..1e-2.`);
  }
  const key = text.slice(0, equals).trim();
  const range = text.slice(equals + 1).trim();
  const refuse = (why: string) => new RecipeError(`--space ${key}=${range}: ${why}. Ranges: ${RANGE_FORMS}.`);
  if (range.includes('|')) {
    const values = range.split('|').map((value) => value.trim());
    if (values.some((value) => value === '')) throw refuse('a choice is empty');
    if (new Set(values).size < values.length) throw refuse('a choice is there twice');
    return { key, text: range, range: { kind: 'choice', values } };
  }
  const ends = ENDS.exec(range);
  if (!ends) throw refuse('it is no range; for one value use --set');
  const [low, high] = [Number(ends[2]), Number(ends[3])];
  if (ends[2]!.trim() === '' || !Number.isFinite(low) || !Number.isFinite(high)) {
    throw refuse('both ends must be numbers');
  }
  if (!(low < high)) throw refuse(`its low end ${low} is not below its high end ${high}`);
  const kind = ends[1] === 'log' ? 'log' : ends[1] === 'int' ? 'integer' : 'linear';
  if (kind === 'log' && low <= 0) throw refuse('a logarithmic range begins above 0');
  if (kind === 'integer' && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))) {
    throw refuse('both ends must be whole numbers');
  }
  return { key, text: range, range: { kind, low, high } };
}

function drawn(range: Range, random: RandomStream): string {
  if (range.kind === 'choice') return random.choice(range.values);
  const { kind, low, high } = range;
  if (kind === 'integer') return String(low + random.integer(high - low + 1));
  const value = kind === 'log' ? low * (high / low) ** random.uniform() : random.range(low, high);
  return numberWord(Math.min(high, Math.max(low, Number(value.toPrecision(DIGITS)))));
}

/** A number in its shorter form: 0.001, 2.6e-5. */
function numberWord(value: number): string {
  const [plain, power] = [String(value), value.toExponential()];
  return power.length < plain.length ? power : plain;
}

/**
 * The setting of a trial: one value of each range, drawn at random (Bergstra and Bengio, "Random search for hyper-parameter
 * optimization", JMLR 2012). A function of the seed, the key, its range and the number of the trial alone: more trials or
 * further keys leave what is drawn for the others as it is.
 */
export function drawSetting(keys: readonly SearchKey[], seed: number, trial: number): Setting {
  return Object.fromEntries(
    keys.map(({ key, range }) => [key, drawn(range, new RandomStream(seed, `search ${key}`, trial))]),
  );
}

/** A setting as changes to a recipe: `['optimiser.lr=0.001']`. */
export const changesOf = (setting: Setting): string[] =>
  Object.entries(setting).map(([key, value]) => `${key}=${value}`);
