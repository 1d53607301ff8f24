import {
  countRecords,
  DISTRACTOR,
  type ImageRecord,
  JUNK,
  type ReidDataset,
  SPLITS,
  type Split,
  type SplitCount,
} from './dataset.js';

/** Something about a dataset that a person should know. An error makes results wrong or impossible. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly message: string;
}

/** Counts that a known dataset must have. */
export type KnownCounts = Readonly<Record<Split, Partial<SplitCount>>>;

/** Market-1501, as its authors publish it: the gallery's images include junk and distractors. */
export const MARKET1501_COUNTS: KnownCounts = {
  train: { images: 12_936, identities: 751, cameras: 6 },
  query: { images: 3_368, identities: 750, cameras: 6 },
  gallery: { images: 19_732, identities: 750, cameras: 6, junk: 3_819, distractors: 2_798 },
};

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

const isPerson = ({ identity }: ImageRecord): boolean => identity !== JUNK && identity !== DISTRACTOR;

function checkTraining({ train, identities }: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  const images = new Map<number, ImageRecord[]>();
  for (const record of train) images.set(record.identity, [...(images.get(record.identity) ?? []), record]);
  const labels = [...images.keys()].sort((a, b) => a - b);
  if (labels.length !== identities || labels.some((label, i) => label !== i)) {
    const message = `training identities are not numbered 0..${identities - 1}: they run ${labels[0]}..${labels.at(-1)}, ${labels.length} of them`;
    findings.push({ level: 'error', message });
  }
  if (labels.length === 1) {
    findings.push({
      level: 'error',
      message: `all ${train.length} training images show one identity; at least two are needed`,
    });
  }
  const single = [...images.values()].filter((list) => list.length === 1);
  if (single.length > 0) {
    const message = `${single.length} of ${labels.length} training identities have one image, first ${single[0]![0]!.path}: it is repeated in a batch`;
    findings.push({ level: 'warning', message });
  }
  return findings;
}

function checkTest({ query, gallery }: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  const cameras = new Map<number, Set<number>>();
  for (const { identity, camera } of gallery) cameras.set(identity, (cameras.get(identity) ?? new Set()).add(camera));
  const absent = query.filter((record) => !cameras.has(record.identity));
  if (absent.length > 0) {
    const message = `${absent.length} queries show identities that the gallery lacks, first ${absent[0]!.path}`;
    findings.push({ level: 'warning', message });
  }
  const invalid = query.filter(({ identity, camera }) => {
    const seen = cameras.get(identity);
    return !seen || (seen.size === 1 && seen.has(camera));
  });
  if (invalid.length > 0) {
    const share = percent(invalid.length, query.length);
    findings.push({
      level: invalid.length === query.length ? 'error' : 'warning',
      message: `${invalid.length} of ${query.length} queries (${share}) have no match in another camera, first ${invalid[0]!.path}`,
    });
  }
  const strange = query.filter((record) => !isPerson(record));
  if (strange.length > 0) {
    const message = `${strange.length} queries have identity ${JUNK} or ${DISTRACTOR}, first ${strange[0]!.path}`;
    findings.push({ level: 'error', message });
  }
  const paths = new Set(gallery.map(({ path }) => path));
  const twice = query.filter(({ path }) => paths.has(path));
  if (twice.length > 0) {
    findings.push({
      level: 'error',
      message: `${twice.length} files are in query and gallery, first ${twice[0]!.path}`,
    });
  }
  return findings;
}

/**
 * Looks for what makes training or evaluation impossible, wrong or doubtful, without opening a picture.
 *
 * @example
 *   for (const { level, message } of checkDataset(dataset)) console.log(`${level}: ${message}`);
 */
export function checkDataset(dataset: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  for (const split of SPLITS) {
    if (dataset[split].length === 0) findings.push({ level: 'error', message: `${split} is empty` });
  }
  const all = SPLITS.flatMap((split) => dataset[split]);
  const outside = all.find(({ camera }) => !(camera >= 0 && camera < dataset.cameras));
  if (outside) {
    findings.push({ level: 'error', message: `${outside.path} has camera ${outside.camera} of ${dataset.cameras}` });
  }
  if (all.length > 0 && new Set(all.map(({ camera }) => camera)).size === 1) {
    const message = `all images have camera ${all[0]!.camera}, so every match counts as "same camera" and is left out`;
    findings.push({ level: 'error', message: `${message}; without cameras give each image one of its own` });
  }
  if (dataset.train.length > 0) findings.push(...checkTraining(dataset));
  if (dataset.query.length > 0 && dataset.gallery.length > 0) findings.push(...checkTest(dataset));
  return findings;
}

/** Compares a dataset with counts that it must have; each difference is an error. */
export function compareCounts(dataset: ReidDataset, known: KnownCounts): Finding[] {
  return SPLITS.flatMap((split) => {
    const found = countRecords(dataset[split], split === 'train');
    return (Object.entries(known[split]) as [keyof SplitCount, number][]).flatMap(([what, expected]): Finding[] =>
      found[what] === expected
        ? []
        : [{ level: 'error', message: `${split}: ${found[what]} ${what}, and there should be ${expected}` }],
    );
  });
}

/** Opens every picture and reports those that cannot be read. */
export async function findUnreadable(dataset: ReidDataset): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const record of SPLITS.flatMap((split) => dataset[split])) {
    try {
      await dataset.read(record);
    } catch (error) {
      findings.push({ level: 'error', message: error instanceof Error ? error.message : String(error) });
    }
  }
  return findings;
}
