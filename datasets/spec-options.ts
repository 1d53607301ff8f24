import { DatasetError } from './error.js';
import { nearestName } from './nearest.js';

/** A dataset was asked for in a way that is not understood: wrong use, not wrong data. */
export class SpecError extends DatasetError {}

/** The `key=value` pairs behind a dataset's kind, and how to read their values. */
export class SpecOptions {
  readonly #values = new Map<string, string>();
  readonly #spec: string;

  /**
   * @param text `key=value` pairs
   * @param spec the whole line, for errors
   * @throws SpecError for a key that is not `known`, naming the nearest, and for a part that is no pair
   */
  constructor(text: string, separator: string, known: readonly string[], spec: string) {
    this.#spec = spec;
    for (const part of text.split(separator).filter((piece) => piece !== '')) {
      const equals = part.indexOf('=');
      const key = equals < 0 ? part : part.slice(0, equals);
      if (!known.includes(key)) throw new SpecError(`${spec}: there is no option ${key}. ${nearestName(key, known)}`);
      if (equals < 0) throw new SpecError(`${spec}: write ${key}=VALUE.`);
      this.#values.set(key, part.slice(equals + 1));
    }
  }

  /** All pairs, in the order in which they were written. */
  get entries(): readonly (readonly [string, string])[] {
    return [...this.#values];
  }

  text(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** @throws SpecError when the value is none of `choices` */
  choice<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.#values.get(key);
    if (value === undefined || (choices as readonly string[]).includes(value)) return value as T | undefined;
    throw new SpecError(`${this.#spec}: ${key} is ${value}; it should be ${choices.join(' or ')}.`);
  }

  /** @throws SpecError when the value is no whole number, or beyond its limits */
  whole(key: string, low = 0, high = 2 ** 32 - 1): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^\d{1,10}$/.test(value) && number >= low && number <= high) return number;
    throw new SpecError(`${this.#spec}: ${key} is ${value}; it should be a whole number from ${low} to ${high}.`);
  }
}
