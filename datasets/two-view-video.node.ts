import { join } from 'node:path';
import type { ReidDataset, SkippedFile } from './dataset.js';
import { decodeFile } from './decode-file.js';
import type { IdentitySplit } from './drawn-splits.js';
import { DatasetError } from './error.js';
import type { DatasetFacts } from './facts.js';
import { isFolder, sayContents } from './files.js';
import type { Finding } from './finding.js';
import { type FolderFrame, foldersOf, framesOf } from './frame-folders.node.js';
import { labelled } from './numbered.js';
import { sayEmptyTracklets } from './tracklet-folders.js';
import { trackletNumbering } from './tracklets.js';

/** A dataset of two cameras, a folder each, with a folder of frames for each person: iLIDS-VID, PRID-2011. */
export interface TwoViews {
  readonly title: string;
  /** The folder of the two, and their names. */
  readonly root: string;
  readonly views: readonly [string, string];
  /** What a person's folder is called; its group is the number. */
  readonly person: RegExp;
  /** What a frame is called; its group is the number. */
  readonly frame: RegExp;
  readonly example: string;
}

/** Frames by person, of each view. */
export type ViewFrames = readonly [
  ReadonlyMap<string, readonly FolderFrame[]>,
  ReadonlyMap<string, readonly FolderFrame[]>,
];

/** What was found in both views. */
export interface FoundViews {
  readonly frames: ViewFrames;
  /** People with a folder in both, in natural order. */
  readonly both: readonly string[];
  readonly skipped: readonly SkippedFile[];
}

async function readView(layout: TwoViews, view: string, skipped: SkippedFile[]): Promise<Map<string, FolderFrame[]>> {
  const { root, person, frame, example } = layout;
  const folder = join(root, view);
  if (!(await isFolder(folder))) {
    throw new DatasetError(`${root} has no folder ${view}; ${await sayContents(root)}. Unpack the whole dataset.`);
  }
  const people = new Map<string, FolderFrame[]>();
  for (const name of await foldersOf(folder)) {
    if (person.test(name)) people.set(name, await framesOf(join(folder, name), frame, example, skipped));
  }
  if (people.size > 0) return people;
  throw new DatasetError(
    `${folder} holds no folders of people (${example}); ${await sayContents(folder)}. Unpack it again.`,
  );
}

/**
 * Looks into both views.
 *
 * @throws DatasetError naming the folder and what it lacks
 */
export async function readViews(layout: TwoViews): Promise<FoundViews> {
  const skipped: SkippedFile[] = [];
  const frames = [
    await readView(layout, layout.views[0], skipped),
    await readView(layout, layout.views[1], skipped),
  ] as const;
  return { frames, both: [...frames[0].keys()].filter((name) => frames[1].has(name)), skipped };
}

/**
 * The dataset of a split: both tracklets of the people to train on, and of the others the first view as queries and the second as
 * gallery.
 */
export function splitViews(
  layout: TwoViews,
  { frames, skipped }: FoundViews,
  split: IdentitySplit,
  { name, note, facts }: { readonly name: string; readonly note: string; readonly facts: DatasetFacts },
): ReidDataset {
  const empty: string[] = [];
  const trackletsOf = (people: readonly string[], camera: 0 | 1) =>
    people.flatMap((identityName) => {
      const identity = Number(layout.person.exec(identityName)![1]);
      const found = frames[camera].get(identityName)!;
      if (found.length === 0) empty.push(join(layout.root, layout.views[camera], identityName));
      return found.length === 0 ? [] : [found.map((frame) => ({ ...frame, identity, camera, identityName }))];
    });
  const number = trackletNumbering();
  const train = number(
    split.train.flatMap((person) => [0, 1].flatMap((camera) => trackletsOf([person], camera as 0 | 1))),
  );
  const [query, gallery] = [number(trackletsOf(split.test, 0)), number(trackletsOf(split.test, 1))];
  const problems: Finding[] = empty.length === 0 ? [] : [sayEmptyTracklets(empty)];
  return {
    ...labelled(train),
    name,
    query,
    gallery,
    cameras: 2,
    onDisk: true,
    notes: [`${note}; published figures are averages over all splits`],
    facts,
    skipped,
    problems,
    read: ({ path }) => decodeFile(path),
  };
}
