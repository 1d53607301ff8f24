import { DatasetError, type ImageRecord, type ReidDataset } from '../../datasets/index.js';
import { RandomStream } from '../../random/philox.js';

/** Identities held out at least: fewer tell nothing. */
const LEAST = 2;

export interface ValidationOptions {
  /** Share of the training identities that is held out. Default 0.2. */
  readonly share?: number;
  readonly seed: number;
}

/**
 * A data set made of a training set alone, to choose settings by: some of its identities are held out. Of each of these one
 * picture (or one whole tracklet) of each camera is a query, all their pictures are the gallery; what a query's own camera saw of
 * its identity does not count, by the protocol. Nothing of the original's query and gallery is in it.
 *
 * @throws DatasetError where too few identities were seen by two cameras
 */
export function validationSplit(dataset: ReidDataset, { share = 0.2, seed }: ValidationOptions): ReidDataset {
  if (!(share > 0 && share < 1))
    throw new RangeError(`validation: the share is ${share}; it should be between 0 and 1`);
  const groups = new Map<number, ImageRecord[]>();
  for (const record of dataset.train) {
    const group = groups.get(record.identity);
    if (group) group.push(record);
    else groups.set(record.identity, [record]);
  }
  const usable = [...groups].filter(([, records]) => new Set(records.map(({ camera }) => camera)).size > 1);
  const wanted = Math.max(LEAST, Math.round(share * groups.size));
  if (usable.length < wanted || groups.size - wanted < LEAST) {
    throw new DatasetError(
      `${dataset.name}: a validation split of ${wanted} of its ${groups.size} training identities can not be drawn: ` +
        `${usable.length} of them were seen by two cameras, and ${LEAST} must be left to train on. Choose another share, or add identities.`,
    );
  }
  const numbers = usable.map(([identity]) => identity).sort((a, b) => a - b);
  const held = new Set(new RandomStream(seed, 'validation identities').shuffle(numbers).slice(0, wanted));
  const kept = [...groups.keys()].filter((identity) => !held.has(identity)).sort((a, b) => a - b);
  const label = new Map(kept.map((identity, i) => [identity, i]));
  // Identities of query and gallery begin at 1: 0 and below have a meaning there.
  const gallery = dataset.train
    .filter(({ identity }) => held.has(identity))
    .map((record) => ({ ...record, identity: record.identity + 1 }));
  return {
    name: `${dataset.name}, ${wanted} training identities held out`,
    train: dataset.train
      .filter(({ identity }) => label.has(identity))
      .map((record) => ({ ...record, identity: label.get(record.identity)! })),
    query: queriesOf(gallery, seed),
    gallery,
    identities: kept.length,
    cameras: dataset.cameras,
    onDisk: dataset.onDisk,
    timed: dataset.timed,
    sources: dataset.sources,
    read: (record) => dataset.read(record),
  };
}

/** One picture, or all frames of one tracklet, for each identity and camera. */
function queriesOf(gallery: readonly ImageRecord[], seed: number): ImageRecord[] {
  const seen = new Map<string, ImageRecord[][]>();
  const tracklets = new Map<string, ImageRecord[]>();
  for (const record of gallery) {
    const place = `${record.identity} ${record.camera}`;
    const track = record.tracklet === undefined ? undefined : tracklets.get(`${place} ${record.tracklet}`);
    if (track) {
      track.push(record);
      continue;
    }
    const unit = [record];
    if (record.tracklet !== undefined) tracklets.set(`${place} ${record.tracklet}`, unit);
    const units = seen.get(place);
    if (units) units.push(unit);
    else seen.set(place, [unit]);
  }
  return [...seen.values()].flatMap((units, i) => new RandomStream(seed, 'validation queries', i).choice(units));
}
