import { checkFolders } from '../../datasets/check-folders.js';
import { PICTURE_KINDS } from '../../datasets/dataset-kinds.js';
import { type MountedFile, mountedFile, mountFolder } from '../../datasets/file-system.browser.js';
import { isPicture, listPictures, sayContents } from '../../datasets/files.js';
import { counted } from '../../datasets/finding.js';
import { guessSpec } from '../../datasets/guess.js';
import { guessCameraPattern, guessNames } from '../../datasets/guess-names.js';
import {
  checkDataset,
  checkPictures,
  compareCounts,
  countRecords,
  DatasetError,
  type Finding,
  type ImageRecord,
  type Inspection,
  type ReidDataset,
  rangeOfSizes,
  type SizeRange,
  SPLITS,
  type Split,
  type SplitCount,
} from '../../datasets/index.js';
import { inspectFile } from '../../datasets/inspect-file.js';
import { openerOf } from '../../datasets/open.js';
import { filesHanded, type HandedFolder } from './handed-files.js';
import { type Handler, PageError } from './job.js';
import { DRAWN, type RunPlan, runFile, shelvedOf } from './runs.js';
import { fromShelf, type ShelfSize } from './shelf.js';
import { storedJson } from './storage.js';
import { areTracklets, framesOf, type Unread, unreadOf } from './unread.js';

const opener = openerOf(PICTURE_KINDS);

/** A data set as the worker holds it. */
export interface OpenData {
  readonly id: string;
  readonly spec: string;
  readonly dataset: ReidDataset;
  /** Of small copies, which are all that is left of its pictures: their size. */
  readonly copies?: ShelfSize;
}

/** What the page knows of it. */
export interface DataFacts {
  readonly id: string;
  readonly spec: string;
  readonly name: string;
  readonly identities: number;
  readonly cameras: number;
  readonly splits: Readonly<Record<Split, SplitCount>>;
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  /** True where pictures are files, which can be looked at one by one. */
  readonly onDisk: boolean;
  /** Some pictures of each of some training identities, to be looked at. */
  readonly examples: readonly { readonly identity: string; readonly paths: readonly string[] }[];
}

/** What a chosen folder holds, and how it may be read. */
export interface MountedFacts {
  readonly name: string;
  readonly pictures: number;
  readonly others: number;
  /** Tables in it, by their paths. */
  readonly tables: readonly string[];
  /** The line that fits best; undefined where nothing does. */
  readonly guess?: string;
  /** A pattern that its names fit, for the form where it is corrected. */
  readonly pattern?: string;
  /** What it is, where it is not read as what it is. */
  readonly unread?: Unread;
  /** What is in it, in words. */
  readonly contents: string;
  /** Some paths, for the eyes. */
  readonly sample: readonly string[];
}

const opened = new Map<string, OpenData>();
/** What was mounted, so that pictures can be left out. */
const mounts = new Map<string, readonly (readonly [string, MountedFile])[]>();
let next = 1;

/** @throws PageError when it was opened before a reload */
export function dataOf(id: string): OpenData {
  const found = opened.get(id);
  if (!found) throw new PageError('This data set is not open any more. Choose it again.');
  return found;
}

/** Takes a data set in; its number is for calls. */
export function keepData(spec: string, dataset: ReidDataset, copies?: ShelfSize): OpenData {
  const data = { id: `data-${next++}`, spec, dataset, copies };
  opened.set(data.id, data);
  return data;
}

const EXAMPLES = { identities: 6, pictures: 4 };

function examplesOf({ train, gallery }: ReidDataset): DataFacts['examples'] {
  const groups = new Map<string, string[]>();
  for (const { identityName, path } of train.length > 0 ? train : gallery) {
    const group = groups.get(identityName);
    if (group) group.push(path);
    else if (groups.size < EXAMPLES.identities) groups.set(identityName, [path]);
  }
  return [...groups].map(([identity, paths]) => {
    const step = Math.max(1, Math.floor(paths.length / EXAMPLES.pictures));
    return { identity, paths: paths.filter((_, i) => i % step === 0).slice(0, EXAMPLES.pictures) };
  });
}

/** A data set without training pictures is right for evaluating. */
const asSeen = (finding: Finding): Finding =>
  finding.message === 'train is empty' ? { ...finding, level: 'note' } : finding;

export async function factsOfData({ id, spec, dataset }: OpenData): Promise<DataFacts> {
  const folders = dataset.onDisk ? await checkFolders(dataset) : [];
  return {
    id,
    spec,
    name: dataset.name,
    identities: dataset.identities,
    cameras: dataset.cameras,
    splits: Object.fromEntries(
      SPLITS.map((split) => [split, countRecords(dataset[split], split === 'train')] as const),
    ) as Record<Split, SplitCount>,
    notes: dataset.notes ?? [],
    findings: [...compareCounts(dataset), ...checkDataset(dataset).map(asSeen), ...folders],
    onDisk: dataset.onDisk,
    examples: examplesOf(dataset),
  };
}

const TABLE = /\.(csv|tsv|jsonl|ndjson|json)$/i;

const mount: Handler<HandedFolder, MountedFacts> = async (folder) => {
  const { name } = folder;
  const list = filesHanded(folder);
  mounts.set(name, list);
  mountFolder(name, list);
  return mountedFacts(name);
};

async function mountedFacts(name: string): Promise<MountedFacts> {
  const list = mounts.get(name)!;
  const paths = list.map(([path]) => path);
  const pictures = await listPictures(name, true);
  const tables = paths.filter((path) => TABLE.test(path) && !path.includes('/'));
  const loose = pictures.filter((path) => !path.includes('/'));
  const names = loose.length > 0 ? guessNames(loose) : undefined;
  let guess = await guessSpec(name);
  let unread = guess === undefined ? undefined : unreadOf(guess, name);
  if (unread) guess = undefined;
  else if (guess === undefined && areTracklets(pictures)) {
    guess = `folder:${name}?tracklets=yes`;
    unread = framesOf(name);
  }
  const camera = guess === `folder:${name}` ? guessCameraPattern(pictures) : undefined;
  if (camera) guess = `${guess}?name=${camera}`;
  if (guess === undefined && !unread && tables.length === 1) guess = `table:${name}/${tables[0]}`;
  if (guess === undefined && names && loose.length === pictures.length) guess = `pattern:${name}?name=${names.pattern}`;
  return {
    name,
    pictures: pictures.length,
    others: paths.filter((path) => !isPicture(path)).length,
    tables,
    guess,
    pattern: unread?.pattern ?? names?.pattern ?? camera,
    unread,
    contents: await sayContents(name),
    sample: pictures.slice(0, 4),
  };
}

const openData: Handler<{ readonly spec: string }, DataFacts> = async ({ spec }) =>
  factsOfData(keepData(spec, await opener.open(spec)));

/** What looking at every file found. */
export interface InspectedFacts {
  readonly looked: number;
  readonly sizes?: SizeRange;
  readonly findings: readonly Finding[];
  /** Paths of pictures that cannot be read. */
  readonly broken: readonly string[];
}

/** Files under way at a time. */
const AHEAD = 6;

/** Looks at every file of a data set: its beginning, its end, its size, and whether it is there twice. */
const inspectData: Handler<{ readonly data: string }, InspectedFacts, { done: number; total: number }> = async (
  { data },
  { tell, signal },
) => {
  const { dataset } = dataOf(data);
  const records = new Map<string, ImageRecord>();
  for (const split of SPLITS) for (const record of dataset[split]) records.set(record.path, record);
  if (!dataset.onDisk) return { looked: 0, findings: [], broken: [] };
  const waiting = [...records.keys()];
  const total = waiting.length;
  const found: Inspection[] = [];
  let told = 0;
  const lane = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined && !signal.aborted; path = waiting.shift()) {
      found.push(await inspectFile(path, false));
      if (performance.now() - told < 100) continue;
      told = performance.now();
      tell({ done: found.length, total });
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, lane));
  const broken = found.filter(({ problem }) => problem !== undefined).map(({ path }) => path);
  // Elsewhere training stops at such a picture; here it goes on without.
  const findings = checkPictures(dataset, found).map(
    (finding): Finding =>
      finding.code === 'unreadable'
        ? { ...finding, level: 'warning', advice: 'Left out here. Copy these files again, or delete them.' }
        : finding,
  );
  return { looked: found.length, sizes: rangeOfSizes(found), findings, broken };
};

/** Opens a data set of a chosen folder again, without some of its pictures. */
const leaveOut: Handler<{ readonly data: string; readonly paths: readonly string[] }, DataFacts> = async ({
  data,
  paths,
}) => factsOfData(await withoutPictures(dataOf(data), paths));

/** @throws DatasetError when what is left is no data set */
export async function withoutPictures({ spec }: OpenData, paths: readonly string[]): Promise<OpenData> {
  const out = new Set(paths);
  for (const [name, list] of mounts) {
    const kept = list.filter(([path]) => !out.has(`${name}/${path}`));
    if (kept.length === list.length) continue;
    mounts.set(name, kept);
    mountFolder(name, kept);
  }
  const dataset = await opener.open(spec);
  const note = `${counted(paths.length, 'picture')} left out, which cannot be read`;
  return keepData(spec, { ...dataset, notes: [...(dataset.notes ?? []), note] });
}

/**
 * The data set of a run after a reload: drawn again, or its small copies.
 *
 * @throws PageError when its folder has to be chosen again
 */
export async function runData(run: string): Promise<OpenData> {
  const shelved = await shelvedOf(run);
  const plan = await storedJson<RunPlan>(runFile(run, 'recipe.json'));
  const spec = plan?.data ?? '';
  if (shelved) return keepData(spec, fromShelf(shelved), shelved.size);
  if (DRAWN.test(spec)) return keepData(spec, await opener.open(spec));
  throw new PageError(`The pictures of ${run} (${spec}) have to be chosen again: then go on.`);
}

const openRunData: Handler<{ readonly run: string }, DataFacts> = async ({ run }) => factsOfData(await runData(run));

/** A picture to be looked at, about so many pixels high. */
const picture: Handler<
  { readonly data: string; readonly path: string; readonly height: number },
  ImageBitmap
> = async ({ data, path, height }) => {
  const { dataset } = dataOf(data);
  const file = await mountedFile(path);
  const small = { resizeHeight: height, resizeQuality: 'medium' } as const;
  const drawn = file && (await createImageBitmap(file, small).catch(() => undefined));
  if (drawn) return drawn;
  const record = SPLITS.flatMap((split) => dataset[split]).find((one) => one.path === path);
  if (!record) throw new DatasetError(`${path} is no picture of ${dataset.name}.`);
  return bitmapOf(await dataset.read(record));
};

/** 8-bit RGB as a picture that a canvas draws. */
export function bitmapOf({ width, height, data }: { width: number; height: number; data: Uint8Array }) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    pixels[4 * i] = data[3 * i]!;
    pixels[4 * i + 1] = data[3 * i + 1]!;
    pixels[4 * i + 2] = data[3 * i + 2]!;
    pixels[4 * i + 3] = 255;
  }
  return createImageBitmap(new ImageData(pixels, width, height));
}

export const dataCalls = { mount, openData, openRunData, inspectData, leaveOut, picture };
