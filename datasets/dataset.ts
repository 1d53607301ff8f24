import type { DatasetFacts } from './facts.js';
import type { Finding } from './finding.js';
import type { Image } from './image.js';

/** Identity number of images that evaluation removes before anything else (bad detections, in Market-1501's terms). */
export const JUNK = -1;

/** Identity number of distractors: kept in the gallery, and a non-match for every query. */
export const DISTRACTOR = 0;

/** A picture, whoever it shows. */
export interface Picture {
  /** The file (for a dataset on disk), or a name that is unique in the dataset. Errors print it. */
  readonly path: string;
}

/** Where pictures come from. */
export interface PictureSource {
  /** True when every `path` is a file (in the browser: a URL) that worker threads can open by themselves. */
  readonly onDisk: boolean;
  /** A picture at its own size. */
  read(picture: Picture): Promise<Image>;
}

/** One picture of one identity. */
export interface ImageRecord extends Picture {
  /** In `train`: 0..N-1. In `query` and `gallery`: the raw number, with `JUNK` and `DISTRACTOR` as they are. */
  readonly identity: number;
  /** 0-based. */
  readonly camera: number;
  /** The identity as its source writes it: `0002`, `red mug`. In joined datasets with the source's number: `2:0002`. */
  readonly identityName: string;
  /** In a joined dataset: where it came from, a position in `ReidDataset.sources`. */
  readonly source?: number;
  /** Number of the tracklet of which it is a frame, the same in no other tracklet of the dataset; see `groupTracklets`. */
  readonly tracklet?: number;
  /** Number of the frame where its source says it: ascending in time, within a tracklet at least (see `ReidDataset.timed`). */
  readonly frame?: number;
}

/** A picture that a reader saw and did not take. */
export interface SkippedFile {
  readonly path: string;
  /** Why, in words that follow "left out: ": `named otherwise`. */
  readonly reason: string;
  /** What to do about it, where renaming is not the answer. */
  readonly advice?: string;
}

/** The three parts of a re-identification dataset. */
export type Split = 'train' | 'query' | 'gallery';

/** The splits, in the order in which they are listed everywhere. */
export const SPLITS: readonly Split[] = ['train', 'query', 'gallery'];

/**
 * A re-identification dataset. Where its pictures live is its own affair: on disk, in memory, or drawn when asked for.
 *
 * Training identities are numbered 0..N-1 by ascending raw number (names that are not numbers: natural order, `obj2`
 * before `obj10`). Query and gallery keep the raw numbers; junk stays in the list, and evaluation removes it.
 */
export interface ReidDataset {
  /** For people: what it is and where it came from. */
  readonly name: string;
  readonly train: readonly ImageRecord[];
  readonly query: readonly ImageRecord[];
  readonly gallery: readonly ImageRecord[];
  /** Number of training identities. */
  readonly identities: number;
  /** Number of cameras: every record's camera is below it. */
  readonly cameras: number;
  /** True when every record's `path` is a file (in the browser: a URL) that worker threads can open by themselves. */
  readonly onDisk: boolean;
  /** Facts the reader wants a person to see: a rule it applied, files it left out. */
  readonly notes?: readonly string[];
  /** What its authors publish about it, if it is a known one. */
  readonly facts?: DatasetFacts;
  /**
   * How its authors evaluate, where that is not Market-1501's rule: `cuhk03-single-gallery-shot` has the same pictures in
   * query and gallery, and ranks one picture of each other identity, drawn at random.
   */
  readonly protocol?: 'cuhk03-single-gallery-shot';
  /** True when `frame` counts on through all of a camera's pictures by a clock common to the cameras: travel times can be learnt. */
  readonly timed?: boolean;
  /** The folders that were read with all that is in them, so that `check` can tell what else lies there. */
  readonly folders?: readonly string[];
  /** Pictures in these folders that were left out. */
  readonly skipped?: readonly SkippedFile[];
  /** What the reader found wrong and left out, so that `check` can go on: to be mended before anything is trained or tested. */
  readonly problems?: readonly Finding[];
  /** The datasets that a joined one was made of, see `joinDatasets`. */
  readonly sources?: readonly ReidDataset[];
  /** The picture of a record, at its own size. */
  read(record: ImageRecord): Promise<Image>;
}

/** How many images, identities and cameras a list of records holds. */
export interface SplitCount {
  /** All of them, junk and distractors too. */
  readonly images: number;
  /** Distinct identities, without junk and distractors. */
  readonly identities: number;
  readonly cameras: number;
  readonly junk: number;
  readonly distractors: number;
  /** Distinct tracklets, junk and distractors too; absent when no record is a frame of one. */
  readonly tracklets?: number;
}

/**
 * Counts a list of records.
 *
 * @param relabelled true for `train`, where identity 0 is a person like any other
 */
export function countRecords(records: readonly ImageRecord[], relabelled = false): SplitCount {
  const identities = new Set<number>();
  const cameras = new Set<number>();
  const tracklets = new Set<number>();
  let junk = 0;
  let distractors = 0;
  for (const { identity, camera, tracklet } of records) {
    cameras.add(camera);
    if (tracklet !== undefined) tracklets.add(tracklet);
    if (identity === JUNK) junk++;
    else if (identity === DISTRACTOR && !relabelled) distractors++;
    else identities.add(identity);
  }
  const counts = { images: records.length, identities: identities.size, cameras: cameras.size, junk, distractors };
  return tracklets.size === 0 ? counts : { ...counts, tracklets: tracklets.size };
}

/**
 * A dataset as a small table for people: one line a split. Junk is not counted as images, as in published figures.
 *
 * @example
 *   console.log(describeDataset(await openDataset('synthetic')));
 */
export function describeDataset(dataset: ReidDataset): string {
  const counts = SPLITS.map((split) => countRecords(dataset[split], split === 'train'));
  const tracked = counts.some(({ tracklets }) => tracklets !== undefined);
  const lines = [dataset.name, `split    identities  ${tracked ? 'tracklets  ' : ''}images  cameras`];
  for (const [i, split] of SPLITS.entries()) {
    const count = counts[i]!;
    const cameras = count.cameras > 1 && count.cameras === count.images ? 'each its own' : String(count.cameras);
    const extra = [
      count.distractors > 0 ? `${count.distractors} of them distractors` : '',
      count.junk > 0 ? `and ${count.junk} junk, which evaluation leaves out` : '',
    ].filter((text) => text !== '');
    const numbers = [
      String(count.identities).padStart(10),
      ...(tracked ? [String(count.tracklets ?? 0).padStart(9)] : []),
      String(count.images - count.junk).padStart(6),
    ].join('  ');
    const line = `${split.padEnd(8)} ${numbers}  ${cameras.padStart(7)}`;
    lines.push(extra.length > 0 ? `${line}  (${extra.join('; ')})` : line);
  }
  return [...lines, ...(dataset.notes ?? [])].join('\n');
}
