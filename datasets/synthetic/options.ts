import { DatasetError } from '../error.js';

/**
 * Fills in defaults and checks limits.
 *
 * @throws DatasetError naming the option that makes no sense
 */
export function checkNumbers<T extends object>(
  kind: string,
  options: T,
  limits: Readonly<Record<keyof T & string, readonly [low: number, high: number]>>,
): void {
  for (const [name, [low, high]] of Object.entries<readonly [number, number]>(limits)) {
    const value = options[name as keyof T];
    if (!(typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high)) {
      throw new DatasetError(`${kind}: ${name} is ${value}; it must be a whole number from ${low} to ${high}.`);
    }
  }
}
