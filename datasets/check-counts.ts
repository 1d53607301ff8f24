import { countRecords, type ImageRecord, type ReidDataset, SPLITS, type Split, type SplitCount } from './dataset.js';
import type { DatasetFacts, PublishedCount, Trust } from './facts.js';
import type { Finding } from './finding.js';

const COUNTS = ['images', 'tracklets', 'identities', 'cameras', 'junk', 'distractors'] as const;

const SAID_BY: Readonly<Record<Trust, string>> = {
  measured: 'counted in the files that the authors publish',
  loaders: 'as public loaders agree',
  paper: 'as the paper or its page says',
};

/** Beyond these shares of the published images a dataset in a known layout is taken for another one. */
const [LEAST, MOST] = [0.5, 2];

/** Which counts differ from those published. */
function differences(found: SplitCount, published: PublishedCount): (keyof SplitCount)[] {
  return COUNTS.filter((what) => published[what] !== undefined && found[what] !== published[what]);
}

/** The edition that fits best; of equals the first. */
function nearestEdition(found: SplitCount, editions: readonly PublishedCount[]): PublishedCount {
  const score = (edition: PublishedCount): number => differences(found, edition).length;
  return editions.reduce((best, edition) => (score(edition) < score(best) ? edition : best));
}

function camerasThatDiffer(records: readonly ImageRecord[], { perCamera }: PublishedCount): string {
  if (!perCamera) return '';
  const countIn = (camera: number): number => {
    const seen = records.filter((record) => record.camera === camera);
    return perCamera.of === 'tracklets' ? new Set(seen.map(({ tracklet }) => tracklet)).size : seen.length;
  };
  const found = perCamera.images.map((_, camera) => countIn(camera));
  const differing = perCamera.images.flatMap((published, camera) =>
    found[camera] === published ? [] : [`camera ${camera + 1} has ${found[camera]} (published: ${published})`],
  );
  return differing.join(', ');
}

function compareSplit(split: Split, records: readonly ImageRecord[], facts: DatasetFacts): Finding[] {
  const editions = facts[split];
  const found = countRecords(records, split === 'train');
  const published = nearestEdition(found, editions);
  const { trust, edition } = published;
  const level = trust === 'paper' ? 'warning' : 'error';
  const findings = differences(found, published).map((what): Finding => {
    const advice =
      (found[what] ?? 0) < published[what]!
        ? 'Something is missing: copy or unpack it again.'
        : 'There is more than should be: look for files that were added or copied twice.';
    const others = editions.filter((other) => other !== published && other[what] !== undefined);
    const or = others.map((other) => ` (or ${other[what]}, ${other.edition})`).join('');
    const message = `${split}: ${found[what] ?? 'no'} ${what}, and there should be ${published[what]}${or}, ${SAID_BY[trust]}`;
    return { level, code: `count-${what}`, message, advice };
  });
  const cameras = camerasThatDiffer(records, published);
  if (cameras !== '') {
    const levelOfCameras = published.perCamera!.trust === 'paper' ? 'warning' : 'error';
    findings.push({
      level: levelOfCameras,
      code: 'count-per-camera',
      message: `${split}: ${published.perCamera!.of ?? 'images'} of each camera: ${cameras}`,
      advice: 'Are files missing, or were some renamed?',
    });
  }
  if (findings.length === 0 && edition) {
    findings.push({ level: 'note', code: 'edition', message: `${split}: ${facts.title} ${edition}` });
  }
  return findings;
}

/** Images of people, and how many people: neither junk nor distractors. */
const peopleOf = ({ images = 0, identities = 0, junk = 0, distractors = 0 }: Partial<SplitCount>): string =>
  `${images - junk - distractors} images of ${identities} identities`;

/** Two splits of which each holds what is published of the other. */
function exchangedSplits(dataset: ReidDataset, facts: DatasetFacts): readonly [Split, Split] | undefined {
  const found = (split: Split): string => peopleOf(countRecords(dataset[split], split === 'train'));
  const published = (split: Split): string => peopleOf(facts[split][0] ?? {});
  const pairs = [
    ['train', 'gallery'],
    ['train', 'query'],
    ['query', 'gallery'],
  ] as const;
  return pairs.find(
    ([a, b]) => published(a) !== published(b) && found(a) === published(b) && found(b) === published(a),
  );
}

/** True when a dataset is probably what its layout says, whole or not. */
function resembles(dataset: ReidDataset, facts: DatasetFacts): boolean {
  const images = (split: Split): number => facts[split][0]?.images ?? 0;
  if (SPLITS.every((split) => facts[split].every((edition) => edition.images === undefined))) return true;
  const found = SPLITS.reduce((sum, split) => sum + dataset[split].length, 0);
  const published = SPLITS.reduce((sum, split) => sum + images(split), 0);
  if (found >= LEAST * published && found <= MOST * published) return true;
  return SPLITS.some((split) => dataset[split].length > 0 && dataset[split].length === images(split));
}

/** What to compare a dataset with. */
export interface CompareOptions {
  /** The published figures; by default those that the reader knows. */
  readonly facts?: DatasetFacts;
  /** Compare even if it is plainly another dataset in the same layout. */
  readonly always?: boolean;
}

/**
 * Compares a dataset with what is published about it. A difference is an error, or a warning where the published figure is
 * less than sure; a dataset that has the layout of a known one, and nothing like its size, gets one warning. Of a joined
 * dataset each source is compared.
 *
 * @example
 *   const findings = compareCounts(await openDataset('market1501:data/market'));
 */
export function compareCounts(dataset: ReidDataset, { facts = dataset.facts, always }: CompareOptions = {}): Finding[] {
  if (dataset.sources) {
    return dataset.sources.flatMap((source) =>
      compareCounts(source).map((finding) => ({ ...finding, message: `${source.name}: ${finding.message}` })),
    );
  }
  if (!facts) return [];
  if (!always && !resembles(dataset, facts)) {
    const message = `this has the layout of ${facts.title}, and ${dataset.train.length} training images where that has ${facts.train[0]!.images}: it is taken for another dataset, and its numbers are not compared`;
    const advice = `If it should be ${facts.title}, most of it is missing: copy it again. If it is your own data in this layout, all is well.`;
    return [{ level: 'warning', code: 'lookalike', message, advice }];
  }
  const exchanged = exchangedSplits(dataset, facts);
  if (exchanged) {
    const [a, b] = exchanged;
    const message = `${a} and ${b} are exchanged: ${a} holds the images that ${facts.title} has in ${b}, and the other way round`;
    return [{ level: 'error', code: 'exchanged', message, advice: 'Exchange the names of their folders (or lists).' }];
  }
  const findings = SPLITS.flatMap((split) => compareSplit(split, dataset[split], facts));
  if (findings.some(({ level }) => level !== 'note')) return findings;
  const message = `the numbers are those of ${facts.title} as published`;
  return [...findings, { level: 'note', code: 'as-published', message }];
}
