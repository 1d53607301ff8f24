import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type Cuhk03Boxes,
  type Cuhk03Place,
  Cuhk03Release,
  cuhk03Name,
  parseCuhk03Name,
  viewOf,
} from './cuhk03-release.node.js';
import type { ImageRecord, ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { DATASET_FACTS } from './facts.js';
import { exists, isFolder, listPictures } from './files.js';
import type { Image } from './image.js';
import { existing } from './listed-files.js';
import { type MatlabValue, readMatlab5 } from './matlab5.node.js';
import { findRoot } from './root.js';
import { openSplitFolders } from './split-folders.js';

export interface Cuhk03Options {
  /** Boxes of a detector (default), or drawn by hand. */
  readonly boxes?: Cuhk03Boxes;
  /** `new` (default): 767 identities to train, 700 to test. `classic`: 20 splits of 1,367 and 100. */
  readonly protocol?: 'new' | 'classic';
  /** Which classic split, 0..19. */
  readonly split?: number;
}

const MARKET_FOLDERS = { train: 'bounding_box_train', query: 'query', gallery: 'bounding_box_test' } as const;

const RELEASE = 'cuhk-03.mat';

const configOf = (boxes: Cuhk03Boxes): string => `cuhk03_new_protocol_config_${boxes}.mat`;

/** Pictures by their names in the split files, wherever they are. */
interface Cuhk03Pictures {
  readonly onDisk: boolean;
  readonly folders?: readonly string[];
  /** What a record's path is for a name. */
  path(name: string): string;
  read(path: string): Promise<Image>;
  places(): Promise<Cuhk03Place[]>;
}

/** Pictures that were written out of the release, one file each. */
function extracted(folder: string): Cuhk03Pictures {
  return {
    onDisk: true,
    folders: [folder],
    path: (name) => join(folder, name),
    read: decodeFile,
    places: async () => (await listPictures(folder)).flatMap((name) => parseCuhk03Name(name) ?? []),
  };
}

function released(release: Cuhk03Release): Cuhk03Pictures {
  const { file, boxes } = release;
  return {
    onDisk: false,
    path: (name) => `${file}#${boxes}/${name}`,
    places: () => release.places(),
    read: (path) => {
      const place = parseCuhk03Name(path.slice(path.lastIndexOf('/') + 1));
      if (!place) throw new DatasetError(`${path} is not a picture of ${file}.`);
      return release.read(place);
    },
  };
}

/** The first of some paths that is there. */
async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await exists(path)) return path;
  return undefined;
}

/** The numbers of a variable, or its texts. */
function column(file: string, variables: ReadonlyMap<string, MatlabValue>, name: string): MatlabValue {
  const value = variables.get(name);
  if (!value) {
    throw new DatasetError(
      `${file} has no variable ${name}; it has ${[...variables.keys()].join(', ')}. Copy it again.`,
    );
  }
  return value;
}

function numbersOf(file: string, variables: ReadonlyMap<string, MatlabValue>, name: string): readonly number[] {
  const value = column(file, variables, name);
  if (value.kind !== 'numbers') throw new DatasetError(`${file}: ${name} holds no numbers. Copy it again.`);
  return value.numbers;
}

/** Reads a new-protocol split file and gives the three splits. */
async function newProtocol(file: string, pictures: Cuhk03Pictures) {
  const variables = readMatlab5(await readFile(file), file);
  const list = column(file, variables, 'filelist');
  const names = list.kind === 'cells' ? list.cells.map((cell) => (cell.kind === 'text' ? cell.text : '')) : [];
  const labels = numbersOf(file, variables, 'labels');
  const cameras = numbersOf(file, variables, 'camId');
  if (names.length === 0 || names.length !== labels.length || names.length !== cameras.length) {
    throw new DatasetError(
      `${file}: filelist, labels and camId have ${names.length}, ${labels.length} and ${cameras.length} entries; they should have as many. Copy it again.`,
    );
  }
  const take = (name: string): ImageRecord[] =>
    numbersOf(file, variables, name).map((index) => {
      const [picture, identity, camera] = [names[index - 1], labels[index - 1]!, cameras[index - 1]!];
      if (picture === undefined || !parseCuhk03Name(picture) || (camera !== 1 && camera !== 2)) {
        throw new DatasetError(`${file}: ${name} speaks of entry ${index} (${picture ?? 'none'}). Copy it again.`);
      }
      return { path: pictures.path(picture), identity, camera: camera - 1, identityName: String(identity) };
    });
  return { train: take('train_idx'), query: take('query_idx'), gallery: take('gallery_idx') };
}

/** One of the 20 classic splits: the test pictures are query and gallery at once. */
async function classic(release: Cuhk03Release, pictures: Cuhk03Pictures, split: number) {
  const sets = await release.testSets();
  const set = sets[split];
  if (!set)
    throw new DatasetError(`split=${split}: ${release.file} has ${sets.length} splits, 0 to ${sets.length - 1}.`);
  const before = release.people.map((_, pair) => release.people.slice(0, pair).reduce((a, b) => a + b, 0));
  const numberOf = (pair: number, person: number): number => (before[pair - 1] ?? 0) + person;
  const tested = new Set(set.map(([pair, person]) => numberOf(pair, person)));
  const records = (await pictures.places()).map((place): ImageRecord => {
    const identityName = `${place.pair}_${String(place.person).padStart(3, '0')}`;
    const identity = numberOf(place.pair, place.person);
    return { path: pictures.path(cuhk03Name(place)), identity, camera: viewOf(place) - 1, identityName };
  });
  const test = records.filter(({ identity }) => tested.has(identity));
  return { train: records.filter(({ identity }) => !tested.has(identity)), query: test, gallery: test };
}

/** Training identities to 0..N-1 by ascending number. */
function relabel(train: readonly ImageRecord[]): { train: ImageRecord[]; identities: number } {
  const numbers = [...new Set(train.map(({ identity }) => identity))].sort((a, b) => a - b);
  const labels = new Map(numbers.map((number, label) => [number, label]));
  return {
    train: train.map((record) => ({ ...record, identity: labels.get(record.identity)! })),
    identities: labels.size,
  };
}

/** The copy in Market-1501's folders; undefined when there is none. */
async function marketFolders(root: string, boxes: Cuhk03Boxes): Promise<string | undefined> {
  const other = boxes === 'detected' ? 'labeled' : 'detected';
  if (basename(root) === other) {
    throw new DatasetError(
      `${root} holds the ${other} pictures, and the ${boxes} are asked for. Write boxes=${other}.`,
    );
  }
  for (const folder of [join(root, boxes), root]) {
    if (await isFolder(join(folder, MARKET_FOLDERS.train))) return folder;
  }
  return undefined;
}

/** The folder of a dataset that may be given by its .mat file. */
async function rootOf(place: string): Promise<string> {
  const full = resolve(place);
  const found = await stat(full).catch(() => undefined);
  if (found?.isFile() && basename(full) === RELEASE) return dirname(full);
  const any = ['cuhk03_release', RELEASE, 'detected', 'labeled', 'images_detected', 'images_labeled'];
  return findRoot(place, {
    title: 'CUHK03',
    any: [...any, configOf('detected'), configOf('labeled'), MARKET_FOLDERS.train],
    holds: `${RELEASE}, or images_detected, or detected/bounding_box_train`,
  });
}

/**
 * Reads CUHK03 in any of its three forms: the release (`cuhk-03.mat`, of which pictures are taken when they are asked for),
 * the pictures written out of it (`images_detected/1_001_1_01.png`, quicker to read), or Market-1501's folders
 * (`detected/bounding_box_train`). The first two need `cuhk03_new_protocol_config_detected.mat` (or `_labeled`) beside them
 * for the new protocol; the classic one needs `cuhk-03.mat`, which holds its splits. The camera is the view.
 *
 * Li et al., CVPR 2014; new protocol: Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding", CVPR 2017.
 *
 * @param place the folder, the one above it, or `cuhk-03.mat`
 * @throws DatasetError naming what is missing
 *
 * @example
 *   const dataset = await openCuhk03('data/cuhk03', { boxes: 'labeled' });
 */
export async function openCuhk03(place: string, options: Cuhk03Options = {}): Promise<ReidDataset> {
  const { boxes = 'detected', protocol = 'new', split = 0 } = options;
  const root = await rootOf(place);
  const facts = DATASET_FACTS[boxes === 'detected' ? 'cuhk03-detected' : 'cuhk03-labeled'];
  const market = await marketFolders(root, boxes);
  if (market !== undefined && protocol === 'new') {
    const layout = {
      title: `CUHK03-NP, ${boxes}`,
      folders: MARKET_FOLDERS,
      name: /^(?<identity>\d{4})_c(?<camera>[12])(?!\d).*\.(png|jpe?g)$/i,
      example: '0003_c1_21.png: identity, view, number',
      cameras: 2,
      special: false,
      facts,
    };
    return openSplitFolders(market, layout);
  }
  const inRoot = (...names: string[]): string[] =>
    names.flatMap((name) => [join(root, name), join(root, 'cuhk03_release', name)]);
  const mat = await firstOf(inRoot(RELEASE));
  const folder = await firstOf(inRoot(`images_${boxes}`, boxes));
  const release =
    mat !== undefined && (folder === undefined || protocol === 'classic')
      ? await Cuhk03Release.open(mat, boxes)
      : undefined;
  if (folder === undefined && release === undefined) {
    const other = boxes === 'detected' ? 'labeled' : 'detected';
    const there = await firstOf(inRoot(`images_${other}`, other));
    const advice = there ? `It has ${basename(there)}: write boxes=${other}.` : 'Put one of them there.';
    throw new DatasetError(`${root} has neither ${RELEASE} nor a folder images_${boxes} or ${boxes}. ${advice}`);
  }
  const pictures = folder !== undefined ? extracted(folder) : released(release!);
  const common = {
    cameras: 2,
    onDisk: pictures.onDisk,
    folders: pictures.folders,
    read: ({ path }: ImageRecord) => pictures.read(path),
  };
  if (protocol === 'classic') {
    if (!release) throw new DatasetError(`${root} has no ${RELEASE}, which holds the splits of protocol=classic.`);
    const splits = await classic(release, pictures, split);
    return {
      ...common,
      ...splits,
      ...relabel(splits.train),
      name: `CUHK03, ${boxes}, classic protocol, split ${split}, ${root}`,
      facts: DATASET_FACTS['cuhk03-classic'],
      protocol: 'cuhk03-single-gallery-shot',
      notes: [
        `split ${split} of 20; its authors rank one picture of each identity, drawn at random, and average over the splits: ` +
          'figures by the plain rule are not comparable',
      ],
    };
  }
  const config = await firstOf(inRoot(configOf(boxes)));
  if (config === undefined) {
    throw new DatasetError(
      `${root} has no ${configOf(boxes)}, which holds the splits of the new protocol. Put it beside ${RELEASE}, or use protocol=classic.`,
    );
  }
  const listed = await newProtocol(config, pictures);
  const splits = pictures.onDisk ? await existing(listed) : listed;
  return { ...common, ...splits, ...relabel(splits.train), name: `CUHK03, ${boxes}, new protocol, ${root}`, facts };
}
