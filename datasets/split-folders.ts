import { join } from '#files';
import {
  DISTRACTOR,
  type ImageRecord,
  JUNK,
  type ReidDataset,
  type SkippedFile,
  SPLITS,
  type Split,
} from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import type { DatasetFacts } from './facts.js';
import { isFolder, listPictures, sayContents } from './files.js';
import { guessSpec } from './guess.js';
import { findRoot } from './root.js';

/** A dataset of three folders, a split each, whose file names begin with identity and camera: Market-1501 and its kin. */
export interface SplitFolders {
  readonly title: string;
  readonly folders: Readonly<Record<Split, string>>;
  /** Groups `identity` and `camera`, and perhaps `frame`, whole numbers all. */
  readonly name: RegExp;
  /** A name that fits, with what its parts are, for errors. */
  readonly example: string;
  /** How many cameras there are, numbered from 1; undefined: those that are found, in ascending order. */
  readonly cameras?: number;
  /** True when `frame` is a clock that all cameras share, see `ReidDataset.timed`. */
  readonly timed?: boolean;
  /** True when -1 is junk and 0 a distractor; otherwise all numbers are people. */
  readonly special: boolean;
  readonly facts?: DatasetFacts;
}

/** A picture as its name describes it. */
export interface NamedPicture {
  readonly path: string;
  readonly number: number;
  readonly identityName: string;
  /** As written. */
  readonly camera: number;
  readonly frame?: number;
}

/** The pictures of one folder, by their names. */
export async function readNames(
  folder: string,
  name: RegExp,
  cameras = Number.POSITIVE_INFINITY,
): Promise<{ readonly found: NamedPicture[]; readonly strange: string[] }> {
  const found: NamedPicture[] = [];
  const strange: string[] = [];
  for (const file of await listPictures(folder)) {
    const groups = name.exec(file)?.groups;
    const camera = Number(groups?.camera);
    if (!groups || !(camera <= cameras) || (cameras < Number.POSITIVE_INFINITY && camera < 1)) {
      strange.push(join(folder, file));
      continue;
    }
    const identityName = groups.identity!;
    const frame = groups.frame === undefined ? {} : { frame: Number(groups.frame) };
    found.push({ path: join(folder, file), number: Number(identityName), identityName, camera, ...frame });
  }
  return { found, strange };
}

/** Why a folder gave no picture, as an error. */
async function sayNothingFound(folder: string, root: string, strange: readonly string[], layout: SplitFolders) {
  if (strange.length > 0) {
    const guess = await guessSpec(root);
    const other =
      guess && !guess.startsWith('folder:')
        ? `It looks like ${guess}`
        : `For other names use pattern:${root}?name=... or folder:${root}.`;
    return new DatasetError(
      `${folder}: none of its ${strange.length} pictures (${strange[0]!.slice(folder.length + 1)}, ...) is named as in ` +
        `${layout.title} (${layout.example}). ${other}`,
    );
  }
  const deeper = await listPictures(folder, true);
  if (deeper.length > 0) {
    const inner = deeper[0]!.slice(0, deeper[0]!.lastIndexOf('/'));
    return new DatasetError(
      `${folder} holds no picture itself; there are ${deeper.length} further down, in ${join(folder, inner)}. Move them up.`,
    );
  }
  return new DatasetError(`${folder} holds no picture (${await sayContents(folder)}). Unpack the dataset again.`);
}

/** Numbers of the identities of training: 0..N-1 by ascending number. */
function labelsOf(train: readonly NamedPicture[]): Map<number, number> {
  const numbers = [...new Set(train.map(({ number }) => number))].sort((a, b) => a - b);
  return new Map(numbers.map((number, label) => [number, label]));
}

/** 0-based cameras: those written less 1, or those found in ascending order. */
function cameraNumbers(pictures: Iterable<NamedPicture>, cameras: number | undefined): Map<number, number> {
  if (cameras !== undefined) return new Map(Array.from({ length: cameras }, (_, camera) => [camera + 1, camera]));
  const found = new Set<number>();
  for (const { camera } of pictures) found.add(camera);
  return new Map([...found].sort((a, b) => a - b).map((camera, index) => [camera, index]));
}

/**
 * Reads three folders, a split each. Where the layout has special numbers, junk (-1) stays in the gallery's list, for
 * evaluation to remove, 0 is a distractor, and neither is trained on. Training identities become 0..N-1 by ascending
 * number; query and gallery keep theirs.
 *
 * @param folder that of the three, or the one above it
 * @throws DatasetError naming the folder and what it lacks
 */
export async function openSplitFolders(folder: string, layout: SplitFolders): Promise<ReidDataset> {
  const { title, folders, name, cameras, special } = layout;
  const names = SPLITS.map((split) => folders[split]);
  const root = await findRoot(folder, { title, any: names, holds: names.join(', ') });
  const notes: string[] = [];
  const skipped: SkippedFile[] = [];
  const pictures = {} as Record<Split, NamedPicture[]>;
  for (const split of SPLITS) {
    const full = join(root, folders[split]);
    if (!(await isFolder(full))) {
      throw new DatasetError(
        `${root} has no folder ${folders[split]}; ${await sayContents(root)}. Unpack the whole dataset.`,
      );
    }
    const { found, strange } = await readNames(full, name, cameras);
    if (found.length === 0) throw await sayNothingFound(full, root, strange, layout);
    if (strange.length > 0) {
      const first = strange[0]!.slice(full.length + 1);
      notes.push(`${folders[split]}: left out ${strange.length} pictures with other names, first ${first}`);
      for (const path of strange) skipped.push({ path, reason: `not named as in ${title} (${layout.example})` });
    }
    pictures[split] = found;
  }
  const isPerson = ({ number }: NamedPicture): boolean => !special || (number !== JUNK && number !== DISTRACTOR);
  const people = pictures.train.filter(isPerson);
  if (people.length < pictures.train.length) {
    notes.push(`${folders.train}: left out ${pictures.train.length - people.length} images of identity -1 or 0`);
    for (const picture of pictures.train) {
      if (!isPerson(picture))
        skipped.push({
          path: picture.path,
          reason: 'identity -1 or 0, which is nobody to train on',
          advice: `Junk and distractors belong into ${folders.gallery}: were the folders exchanged?`,
        });
    }
  }
  const labels = labelsOf(people);
  const cameraOf = cameraNumbers(
    SPLITS.flatMap((split) => pictures[split]),
    cameras,
  );
  const record = ({ path, number, identityName, camera, frame }: NamedPicture): ImageRecord => ({
    path,
    identity: number,
    camera: cameraOf.get(camera)!,
    identityName,
    ...(frame === undefined ? {} : { frame }),
  });
  return {
    name: `${title} layout, ${root}`,
    train: people.map((picture) => ({ ...record(picture), identity: labels.get(picture.number)! })),
    query: pictures.query.map(record),
    gallery: pictures.gallery.map(record),
    identities: labels.size,
    cameras: cameraOf.size,
    onDisk: true,
    ...(layout.timed ? { timed: true } : {}),
    notes,
    facts: layout.facts,
    folders: names.map((part) => join(root, part)),
    skipped,
    read: ({ path }) => decodeFile(path),
  };
}
