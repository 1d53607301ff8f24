import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset } from './dataset.js';
import { decodeFile, readBytes } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { sayContents } from './files.js';
import { counted } from './finding.js';
import { existing } from './listed-files.js';
import { type MatlabNumbers, matlabNumbers } from './matlab-numbers.node.js';
import { labelled } from './numbered.js';
import { findRoot } from './root.js';
import { trackletNumbering } from './tracklets.js';

/** Identity (`00-1` is junk), camera, tracklet, frame. */
const NAME = /^(00-1|\d{4})C([1-6])T(\d{4})F(\d{3})\.jpg$/;
const CAMERAS = 6;

type Frame = Omit<ImageRecord, 'tracklet'>;

/** The names of all frames of a half, in order. */
async function readNames(root: string, list: string): Promise<string[]> {
  const file = join(root, 'info', list);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    const info = join(root, 'info');
    throw new DatasetError(`${info} has no ${list}; ${await sayContents(info)}. Copy the folder info again.`);
  }
  return text.split(/\r?\n/).filter((line) => line !== '');
}

async function readNumbers(root: string, file: string, name: string): Promise<MatlabNumbers> {
  const path = join(root, 'info', file);
  return matlabNumbers(await readBytes(path), path, name);
}

/** Tracklets of a half: a row each, of first and last frame (from 1, both included), identity and camera. */
async function readTracklets(root: string, half: 'train' | 'test'): Promise<Frame[][]> {
  const names = await readNames(root, `${half}_name.txt`);
  const file = `tracks_${half}_info.mat`;
  const { rows, columns, at } = await readNumbers(root, file, `track_${half}_info`);
  const path = join(root, 'info', file);
  if (columns !== 4) throw new DatasetError(`${path} has ${columns} columns; those of MARS are four. Copy it again.`);
  return Array.from({ length: rows }, (_, row) => {
    const [first, last, identity, camera] = [at(row, 0), at(row, 1), at(row, 2), at(row, 3)];
    if (!(first >= 1 && first <= last && last <= names.length)) {
      throw new DatasetError(
        `${path}, row ${row + 1}: frames ${first} to ${last} of the ${names.length} in ${half}_name.txt. Copy both again.`,
      );
    }
    return names.slice(first - 1, last).map((name): Frame => {
      const [, identityName, seenBy, , frame] = NAME.exec(name) ?? [];
      if (
        identityName === undefined ||
        Number(identityName.replace('00-1', '-1')) !== identity ||
        Number(seenBy) !== camera
      ) {
        throw new DatasetError(
          `${path}, row ${row + 1}, says identity ${identity} and camera ${camera} of ${name}, a frame in ${half}_name.txt whose ` +
            'name says otherwise. Are both of one version? Copy the folder info again.',
        );
      }
      const folder = join(root, `bbox_${half}`, name.slice(0, 4));
      return { path: join(folder, name), identity, camera: camera - 1, identityName, frame: Number(frame) };
    });
  });
}

/**
 * Reads MARS: tracklets of six cameras. Queries are the rows of `query_IDX` among the test tracklets, and the gallery is the others:
 * junk (-1) stays in the list, and evaluation removes it; 0 is a distractor. Its authors rank all test tracklets, queries
 * too: those are query and gallery together, see `marsOfficial`.
 *
 * Zheng et al., "MARS: A Video Benchmark for Large-Scale Person Re-Identification", ECCV 2016.
 *
 * @param folder that of `bbox_train`, `bbox_test` and `info`, or the one above it
 * @throws DatasetError naming the folder and what it lacks, or the row that is wrong
 *
 * @example
 *   const dataset = await openMars('data/MARS');
 */
export async function openMars(folder: string): Promise<ReidDataset> {
  const any = ['bbox_train', 'bbox_test'];
  const root = await findRoot(folder, { title: 'MARS', any, holds: 'bbox_train, bbox_test and info' });
  const [train, test] = [await readTracklets(root, 'train'), await readTracklets(root, 'test')];
  const people = train.filter(([frame]) => frame!.identity !== JUNK && frame!.identity !== DISTRACTOR);
  const { rows, columns, at } = await readNumbers(root, 'query_IDX.mat', 'query_IDX');
  const queries = new Set(Array.from({ length: rows * columns }, (_, i) => (rows === 1 ? at(0, i) : at(i, 0)) - 1));
  const strange = [...queries].find((row) => !test[row]);
  if (strange !== undefined) {
    throw new DatasetError(
      `${join(root, 'info', 'query_IDX.mat')} names row ${strange + 1} of ${test.length} test tracklets. Copy it again.`,
    );
  }
  const number = trackletNumbering();
  const listed = await existing({
    train: number(people),
    query: number(test.filter((_, row) => queries.has(row))),
    gallery: number(test.filter((_, row) => !queries.has(row))),
  });
  const left = train.length - people.length;
  return {
    ...labelled(listed.train),
    name: `MARS, ${root}`,
    query: listed.query,
    gallery: listed.gallery,
    problems: listed.problems,
    cameras: CAMERAS,
    onDisk: true,
    notes: left > 0 ? [`train: left out ${counted(left, 'tracklet')} of identity -1 or 0`] : [],
    facts: DATASET_FACTS.mars,
    folders: any.map((part) => join(root, part)),
    read: ({ path }) => decodeFile(path),
  };
}
