import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerCase } from './cases.js';
import type { Result } from './rounds.js';
import { type Column, compareCase, geometricMean } from './table.js';

/** Where and with what a comparison ran. */
export interface Setting {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly adapter: string;
  /** What brings WebGPU to Node. */
  readonly dawn: string;
  readonly node: string;
  readonly machine: string;
  /** Load average of the minute before: near 0 on a quiet machine. */
  readonly load: number;
  readonly rounds: number;
  readonly programs: readonly (Column & { readonly version: string; readonly adapter: string })[];
}

/** `llvmpipe: Mesa 25 …` as `llvmpipe`, `NVIDIA H200` as `nvidia-h200`. */
const slug = (adapter: string): string =>
  adapter
    .split(':')[0]!
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** The file that `--json` means: of a folder, `peers-<adapter>-<date>.json` in it. */
export function resultFile(given: string, { adapter, date }: Setting): string {
  const folder = statSync(given, { throwIfNoEntry: false })?.isDirectory();
  return folder ? join(given, `peers-${slug(adapter)}-${date}.json`) : given;
}

/** One JSON object with a line for each case and result; times to four figures. */
export function resultText(setting: Setting, cases: readonly PeerCase[], results: readonly Result[]): string {
  const comparisons = cases.map(({ name, what }) => ({ ...compareCase(name, results, setting.programs), what }));
  const ratios = comparisons.flatMap(({ ratio }) => ratio ?? []);
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const line = (value: unknown) => JSON.stringify(value, rounded);
  const list = (values: readonly unknown[]) => `[\n    ${values.map(line).join(',\n    ')}\n  ]`;
  const parts = {
    ...Object.fromEntries(Object.entries(setting).map(([key, value]) => [key, line(value)])),
    programs: list(setting.programs),
    geometric_mean: line(geometricMean(ratios) ?? null),
    cases: list(comparisons),
    results: list(results),
  };
  const body = Object.entries(parts).map(([key, text]) => `  ${JSON.stringify(key)}: ${text}`);
  return `{\n${body.join(',\n')}\n}\n`;
}

/** Writes what was found so far. */
export const writeResults = (
  file: string,
  setting: Setting,
  cases: readonly PeerCase[],
  results: readonly Result[],
): void => writeFileSync(file, resultText(setting, cases, results));
