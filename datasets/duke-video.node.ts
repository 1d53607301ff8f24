import { join } from 'node:path';
import { type ImageRecord, type ReidDataset, type SkippedFile, SPLITS, type Split } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { isFolder, sayContents } from './files.js';
import type { Finding } from './finding.js';
import { foldersOf, framesOf } from './frame-folders.node.js';
import { labelled } from './numbered.js';
import { findRoot } from './root.js';
import { sayEmptyTracklets } from './tracklet-folders.js';
import { trackletNumbering } from './tracklets.js';

/** Identity, camera, frame of the tracklet, frame of the recording; older copies write no underscores. */
const NAME = /^\d{4}_?C([1-8])_?F(\d{4,})_?X\d+\.jpg$/;
const FRAME = /^\d{4}_?C[1-8]_?F(\d{4,})_?X\d+\.jpg$/;
const EXAMPLE = '0001_C6_F0099_X30823.jpg: identity, camera, frame';
const CAMERAS = 8;

type Frame = Omit<ImageRecord, 'tracklet'>;

/** What one split's folder holds: tracklets, and folders without a frame. */
async function readSplit(root: string, split: Split, skipped: SkippedFile[], empty: string[]): Promise<Frame[][]> {
  const folder = join(root, split);
  if (!(await isFolder(folder))) {
    throw new DatasetError(`${root} has no folder ${split}; ${await sayContents(root)}. Unpack the whole dataset.`);
  }
  const tracklets: Frame[][] = [];
  for (const identityName of (await foldersOf(folder)).filter((name) => /^\d{4}$/.test(name))) {
    for (const tracklet of await foldersOf(join(folder, identityName))) {
      const inner = join(folder, identityName, tracklet);
      const frames = await framesOf(inner, FRAME, EXAMPLE, skipped);
      const cameras = new Set(frames.map(({ path }) => NAME.exec(path.slice(inner.length + 1))![1]!));
      if (cameras.size > 1) {
        throw new DatasetError(`${inner} has frames of cameras ${[...cameras].join(' and ')}. Unpack it again.`);
      }
      const camera = Number([...cameras][0]) - 1;
      const identity = Number(identityName);
      if (frames.length === 0) empty.push(inner);
      else tracklets.push(frames.map((frame) => ({ ...frame, identity, camera, identityName })));
    }
  }
  if (tracklets.length > 0) return tracklets;
  throw new DatasetError(
    `${folder} holds no tracklets (${split}/0001/0001/0001_C6_F0099_X30823.jpg); ${await sayContents(folder)}. Unpack it again.`,
  );
}

/**
 * Reads DukeMTMC-VideoReID: a folder per tracklet in a folder per identity. All numbers are people; those that only the gallery shows
 * match no query. Withdrawn by its owners like DukeMTMC-reID: an existing copy only.
 *
 * Wu et al., "Exploit the Unknown Gradually: One-Shot Video-Based Person Re-Identification by Stepwise Learning", CVPR 2018.
 *
 * @param folder that of `train`, `query` and `gallery`, or the one above it
 * @throws DatasetError naming the folder and what it lacks
 */
export async function openDukeVideo(folder: string): Promise<ReidDataset> {
  const root = await findRoot(folder, { title: 'DukeMTMC-VideoReID', any: [...SPLITS], holds: SPLITS.join(', ') });
  const skipped: SkippedFile[] = [];
  const empty: string[] = [];
  const number = trackletNumbering();
  const train = number(await readSplit(root, 'train', skipped, empty));
  const query = number(await readSplit(root, 'query', skipped, empty));
  const gallery = number(await readSplit(root, 'gallery', skipped, empty));
  const problems: Finding[] = empty.length === 0 ? [] : [sayEmptyTracklets(empty)];
  return {
    ...labelled(train),
    name: `DukeMTMC-VideoReID, ${root}`,
    query,
    gallery,
    cameras: CAMERAS,
    onDisk: true,
    facts: DATASET_FACTS['duke-video'],
    folders: SPLITS.map((split) => join(root, split)),
    skipped,
    problems,
    read: ({ path }) => decodeFile(path),
  };
}
