/** Marks of an axis: where, and what is written there. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Multiples of a power of ten that read easily. */
const ROUND = [1, 2, 5, 10];

/**
 * Round numbers from `low` to `high`: about `target` of them, 1, 2 or 5 times a power of ten apart, all with as many decimals
 * as the step has.
 *
 * @example
 *   roundTicks(0, 0.9); // 0.0, 0.2, 0.4, 0.6, 0.8
 */
export function roundTicks(low: number, high: number, target = 5): Tick[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [{ value: low, text: numberText(low) }];
  const power = 10 ** Math.floor(Math.log10(span / target));
  const step = power * ROUND.find((factor) => span / (power * factor) <= target * 1.3)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const plain = decimals <= 4 && Math.max(Math.abs(low), Math.abs(high)) < 1e6;
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    const decimal = decimals > 3 && first + i === 0 ? '0' : minus(value.toFixed(decimals));
    return { value, text: plain ? decimal : numberText(Number(value.toPrecision(12))) };
  });
}

/** Powers of ten from `low` to `high`; where there are fewer than two, 1, 2 and 5 times each. Both above 0. */
export function logTicks(low: number, high: number): Tick[] {
  const decades = Math.log10(high / low);
  const every = Math.max(1, Math.ceil(decades / 6));
  const factors = decades < 2 ? [1, 2, 5] : [1];
  const found: Tick[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (factors.length === 1 && power % every !== 0) continue;
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push({ value, text: numberText(value) });
    }
  }
  return found;
}

/** U+2212, as wide as a plus. */
const minus = (text: string): string => text.replace(/^-(?=.*[1-9])/, '−').replace(/^-/, '');

/** A number as people write it: 12000 as 12,000, and 0.00035 as 3.5e−4. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [digits, power] = value.toExponential(6).split('e') as [string, string];
    return `${minus(String(Number(digits)))}e${minus(String(Number(power)))}`;
  }
  const [whole, decimals] = String(Number(size.toPrecision(6))).split('.') as [string, string | undefined];
  const grouped = whole.length > 3 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return `${value < 0 ? '−' : ''}${grouped}${decimals === undefined ? '' : `.${decimals}`}`;
}

/** A share as percent, on one line with its sign. */
export const percentText = (share: number, decimals = 1): string => `${minus((100 * share).toFixed(decimals))}\u00a0%`;
