import type { SizeRange } from '../datasets/check-pictures.js';
import {
  countRecords,
  type Finding,
  type ReidDataset,
  SPLITS,
  type Split,
  type SplitCount,
} from '../datasets/index.js';
import { duration } from '../reid/training/progress.js';

/** What a check found, as `--json` prints it. */
export interface CheckReport {
  /** As it was given. */
  readonly data: string;
  /** Undefined when it could not be opened. */
  readonly name?: string;
  /** True when nothing that was looked at is an error. */
  readonly ok: boolean;
  readonly quick: boolean;
  readonly interrupted: boolean;
  readonly splits?: Readonly<Record<Split, SplitCount>>;
  readonly notes: readonly string[];
  readonly pictures: { readonly checked: number; readonly sizes?: SizeRange };
  readonly findings: readonly Finding[];
  readonly seconds: number;
  /** The command that makes sense now. */
  readonly next: string;
}

/** Counts of every split. */
export const splitCounts = (dataset: ReidDataset): Record<Split, SplitCount> =>
  Object.fromEntries(
    SPLITS.map((split) => [split, countRecords(dataset[split], split === 'train')] as const),
  ) as Record<Split, SplitCount>;

/** Offenders that are printed, and letters of each; all of them are in `--json`. */
const SHOWN = 5;
const LETTERS = 300;

const shortened = (text: string): string => (text.length > LETTERS ? `${text.slice(0, LETTERS)} …` : text);

const COLUMNS = ['identities', 'tracklets', 'images', 'cameras', 'distractors', 'junk'] as const;

function tableOf(splits: Readonly<Record<Split, SplitCount>>): string[] {
  const tracked = SPLITS.some((split) => splits[split].tracklets !== undefined);
  const columns = COLUMNS.filter((what) => tracked || what !== 'tracklets');
  const row = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, i) => (i === 0 ? String(cell).padEnd(8) : String(cell).padStart(columns[i - 1]!.length + 2)))
      .join('');
  // Junk is not among the images: published figures leave it out.
  const lines = SPLITS.map((split) => {
    const count = splits[split];
    return row([split, ...columns.map((what) => (what === 'images' ? count.images - count.junk : (count[what] ?? 0)))]);
  });
  return [row(['split', ...columns]), ...lines];
}

const sayRange = ([least, usual, most]: readonly [number, number, number]): string =>
  least === most ? String(most) : `${least} to ${most} (usual ${usual})`;

function describe({ message, advice, items = [] }: Finding, number: number): string[] {
  const lines = [`${String(number).padStart(3)}. ${message.replaceAll('\n', '\n     ')}`];
  // The first offender is in the message.
  const more = items.slice(1, SHOWN);
  lines.push(...more.map((item) => `       ${shortened(item)}`));
  const left = items.length - 1 - more.length;
  if (left > 0) lines.push(`       and ${left} more (all of them: --json)`);
  if (advice) lines.push(`     → ${advice}`);
  return lines;
}

const HEADINGS = [
  ['error', 'problem'],
  ['warning', 'warning'],
  ['note', 'note'],
] as const;

/** A report for people. */
export function describeReport(report: CheckReport): string {
  const { name, splits, notes, pictures, findings, quick, interrupted, ok } = report;
  const lines: string[] = [];
  if (name) lines.push(name);
  if (splits) lines.push(...tableOf(splits));
  lines.push(...notes);
  const { checked, sizes } = pictures;
  if (splits) {
    const how = quick ? 'looked at, not decoded' : 'decoded';
    lines.push(
      `${checked} pictures ${how}, ${duration(report.seconds)}${interrupted ? '; interrupted before the end' : ''}`,
    );
  }
  if (sizes) lines.push(`height ${sayRange(sizes.height)}, width ${sayRange(sizes.width)}`);
  for (const [level, heading] of HEADINGS) {
    const those = findings.filter((finding) => finding.level === level);
    if (those.length === 0) continue;
    lines.push('', `${those.length} ${heading}${those.length === 1 ? '' : 's'}`);
    for (const [i, finding] of those.entries()) lines.push(...describe(finding, i + 1));
  }
  const fine = findings.some(({ level }) => level === 'warning')
    ? 'no problem, apart from the warnings'
    : 'nothing is wrong';
  const verdict = interrupted ? 'interrupted: this is what was found so far' : ok ? fine : '';
  lines.push('', ...(verdict ? [verdict] : []), `next: ${report.next}`);
  return lines.join('\n');
}
