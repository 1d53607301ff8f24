import { join } from '#files';
import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset } from './dataset.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { isFolder, sayContents } from './files.js';
import { withMarketClock } from './market-clock.js';
import { openSplitFolders, readNames, type SplitFolders } from './split-folders.js';

const FOLDERS = { train: 'bounding_box_train', query: 'query', gallery: 'bounding_box_test' } as const;

/** Pictures of the 500,000 distractors begin like the others; what follows differs between copies. */
const DISTRACTOR_NAME = /^(?<identity>-1|\d{1,7})_c(?<camera>[1-6])(?!\d)/;

const LAYOUT: SplitFolders = {
  title: 'Market-1501',
  folders: FOLDERS,
  // Identity, camera, sequence, frame, detection; some releases double the suffix.
  name: /^(?<identity>-1|\d{4})_c(?<camera>[1-6])s\d_\d{6}_\d{2}\.jpg(\.jpg)?$/,
  example: '0002_c1s1_000451_03.jpg: identity, camera, sequence, frame, box',
  cameras: 6,
  special: true,
  facts: DATASET_FACTS.market1501,
};

export interface Market1501Options {
  /** `500k` adds the pictures of the folder `images` to the gallery, as distractors. */
  readonly distractors?: '500k';
}

async function withDistractors(dataset: ReidDataset): Promise<ReidDataset> {
  const root = join(dataset.folders![0]!, '..');
  const folder = join(root, 'images');
  if (!(await isFolder(folder))) {
    throw new DatasetError(
      `${root} has no folder images, where the 500,000 distractors belong; ${await sayContents(root)}. ` +
        'Unpack them there, or leave distractors=500k away.',
    );
  }
  const { found, strange } = await readNames(folder, DISTRACTOR_NAME, LAYOUT.cameras);
  if (found.length === 0) {
    throw new DatasetError(
      `${folder} holds no picture whose name begins with identity and camera (0000_c1...). Unpack the distractors again.`,
    );
  }
  const more = found.map(({ path, number, identityName, camera }): ImageRecord => {
    return { path, identity: number === JUNK ? JUNK : DISTRACTOR, camera: camera - 1, identityName };
  });
  const reason = 'the name does not begin with identity and camera (0000_c1...)';
  return {
    ...dataset,
    name: `${dataset.name} with distractors`,
    gallery: [...dataset.gallery, ...more],
    notes: [...dataset.notes!, `gallery: with ${more.length} distractors of the folder images`],
    facts: DATASET_FACTS['market1501-500k'],
    folders: [...dataset.folders!, folder],
    skipped: [...dataset.skipped!, ...strange.map((path) => ({ path, reason }))],
  };
}

/**
 * Reads a dataset in Market-1501's layout and names: the folder with `bounding_box_train`, `query` and
 * `bounding_box_test`, or the folder above it. Junk (-1) stays in the gallery's list, and evaluation removes it; 0 is a
 * distractor. Training identities become 0..N-1 by ascending number.
 *
 * Zheng et al., "Scalable Person Re-identification: A Benchmark", ICCV 2015.
 *
 * @throws DatasetError naming the folder and what it lacks
 *
 * @example
 *   const dataset = await openMarket1501('data/Market-1501-v15.09.15');
 *   const large = await openMarket1501('data/Market-1501-v15.09.15', { distractors: '500k' });
 */
export async function openMarket1501(folder: string, { distractors }: Market1501Options = {}): Promise<ReidDataset> {
  const dataset = withMarketClock(await openSplitFolders(folder, LAYOUT));
  return distractors === '500k' ? withDistractors(dataset) : dataset;
}
