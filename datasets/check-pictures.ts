import { type ImageRecord, JUNK, type ReidDataset, SPLITS, type Split } from './dataset.js';
import { counted, type Finding } from './finding.js';
import type { Inspection } from './inspect.js';

/** Where a picture is listed. */
interface Place {
  readonly split: Split;
  readonly record: ImageRecord;
}

/** Where each picture is listed. Junk does not count: evaluation removes it, so it may be anything. */
function placesOf(dataset: ReidDataset): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const split of SPLITS) {
    for (const record of dataset[split]) {
      if (split !== 'train' && record.identity === JUNK) continue;
      const list = places.get(record.path);
      if (list) list.push({ split, record });
      else places.set(record.path, [{ split, record }]);
    }
  }
  return places;
}

function findUnreadable(inspections: readonly Inspection[]): Finding[] {
  const problems = inspections.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (problems.length === 0) return [];
  return [
    {
      level: 'error',
      code: 'unreadable',
      message: `${counted(problems.length, 'picture')} cannot be read, first: ${problems[0]}`,
      advice: 'Training stops at a picture that cannot be read: copy these files again, or delete them.',
      items: problems,
    },
  ];
}

/** What is wrong with pictures that are the same byte for byte; the first kind that fits is taken. */
const TWINS: readonly {
  readonly code: string;
  readonly level: Finding['level'];
  readonly what: string;
  readonly advice: string;
  readonly fits: (places: readonly Place[]) => boolean;
}[] = [
  {
    code: 'duplicate-train-test',
    level: 'error',
    what: 'are the same in train and test',
    advice: 'Delete one of each: a net that was trained on a picture knows it in the test.',
    fits: (places) => places.some(({ split }) => split === 'train') && places.some(({ split }) => split !== 'train'),
  },
  {
    code: 'duplicate-identities',
    level: 'error',
    what: 'are the same, and are said to show different identities',
    advice: 'Find out who it is, and delete the other.',
    fits: (places) => new Set(places.map(({ record }) => record.identityName)).size > 1,
  },
  {
    code: 'duplicate-query-gallery',
    level: 'warning',
    what: 'are the same in query and gallery',
    advice: 'Such queries find themselves, if the cameras differ: delete one of each.',
    fits: (places) => places.some(({ split }) => split === 'query') && places.some(({ split }) => split === 'gallery'),
  },
  {
    code: 'duplicate',
    level: 'warning',
    what: 'are the same within a split',
    advice: 'Delete all but one, unless the data set was published like this.',
    fits: () => true,
  },
];

/** Names of equal pictures, the first few. */
const sayTwins = (group: readonly string[]): string =>
  group.length <= 4 ? group.join(' = ') : `${group.slice(0, 3).join(' = ')} and ${group.length - 3} more`;

function findDuplicates(inspections: readonly Inspection[], places: ReadonlyMap<string, readonly Place[]>): Finding[] {
  const groups = new Map<string, string[]>();
  for (const { path, hash } of inspections) {
    if (hash === undefined) continue;
    const group = groups.get(hash);
    if (group) group.push(path);
    else groups.set(hash, [path]);
  }
  const found = new Map<string, string[][]>();
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const { code } = TWINS.find(({ fits }) => fits(group.flatMap((path) => places.get(path) ?? [])))!;
    found.set(code, [...(found.get(code) ?? []), group]);
  }
  return TWINS.flatMap(({ code, level, what, advice }): Finding[] => {
    const sets = found.get(code);
    if (!sets) return [];
    const pictures = sets.reduce((sum, group) => sum + group.length, 0);
    return [
      {
        level,
        code,
        message: `${counted(pictures, 'picture')} in ${counted(sets.length, 'group')} ${what}, first ${sayTwins(sets[0]!)}`,
        advice,
        items: sets.map((group) => group.join(' = ')),
      },
    ];
  });
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
};

/** Sides below this hold nothing to recognise anybody by. */
const TINY = 8;

/** How far a picture's shape or size may be from the usual one. */
const ODD = 4;

function findOddSizes(dataset: ReidDataset, inspections: readonly Inspection[], comparable: boolean): Finding[] {
  const sized = inspections.filter(({ problem, width }) => problem === undefined && width > 0);
  if (sized.length === 0) return [];
  const [height, width] = [median(sized.map((s) => s.height)), median(sized.map((s) => s.width))];
  const shape = median(sized.map((s) => s.height / s.width));
  const show = (s: Inspection): string => `${s.path} (${s.height} x ${s.width})`;
  const isOdd = (s: Inspection): boolean => {
    const area = (s.height * s.width) / (height * width);
    const lean = s.height / s.width / shape;
    return (
      Math.min(s.height, s.width) < TINY || area < 1 / (ODD * ODD) || area > ODD * ODD || lean < 1 / ODD || lean > ODD
    );
  };
  const findings: Finding[] = [];
  const odd = sized.filter(isOdd);
  if (odd.length > 0) {
    findings.push({
      level: 'warning',
      code: 'odd-size',
      message: `${counted(odd.length, 'picture has', 'pictures have')} an odd size (usual: ${height} x ${width}, height x width), first ${show(odd[0]!)}`,
      advice: 'Look at them: a whole scene, or a box that missed?',
      items: odd.map(show),
    });
  }
  const { size, title } = dataset.facts ?? {};
  const other = size && comparable ? sized.filter((s) => s.height !== size.height || s.width !== size.width) : [];
  if (size && other.length > 0) {
    findings.push({
      level: 'warning',
      code: 'resized',
      message: `${counted(other.length, 'picture is', 'pictures are')} not ${size.height} x ${size.width}, as all of ${title} are, first ${show(other[0]!)}`,
      advice: 'Were they resized? Figures are comparable for the original pictures only.',
      items: other.map(show),
    });
  }
  return findings;
}

/** Smallest, usual and largest size of pictures. */
export interface SizeRange {
  readonly height: readonly [least: number, usual: number, most: number];
  readonly width: readonly [least: number, usual: number, most: number];
}

/** The sizes of what could be read; undefined when nothing was. */
export function rangeOfSizes(inspections: readonly Inspection[]): SizeRange | undefined {
  const sized = inspections.filter(({ problem, width }) => problem === undefined && width > 0);
  if (sized.length === 0) return undefined;
  const range = (values: number[]): readonly [number, number, number] => [
    values.reduce((a, b) => Math.min(a, b)),
    median(values),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  return { height: range(sized.map((s) => s.height)), width: range(sized.map((s) => s.width)) };
}

/**
 * Looks for pictures that cannot be read, that are there twice, or that have odd sizes.
 *
 * @param inspections what `inspectPictures` found
 * @param comparable the dataset is the one whose layout it has, see `compareCounts`
 */
export function checkPictures(dataset: ReidDataset, inspections: readonly Inspection[], comparable = true): Finding[] {
  return [
    ...findUnreadable(inspections),
    ...findDuplicates(inspections, placesOf(dataset)),
    ...findOddSizes(dataset, inspections, comparable),
  ];
}
