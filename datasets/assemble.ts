import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset, type SkippedFile, type Split } from './dataset.js';
import { DatasetError } from './error.js';
import type { Finding } from './finding.js';
import type { Image } from './image.js';
import { compareNatural } from './natural-order.js';

/** A picture as its source describes it. */
export interface RawEntry {
  readonly path: string;
  /** The identity as written: a number or a name. `-1` is junk. */
  readonly identity: string;
  /** The camera as written; undefined when the source says nothing. */
  readonly camera: string | undefined;
  /** `test` is cut into query and gallery by the rule of `splitTest`. */
  readonly split: Split | 'test';
  /** The tracklet as written, if it is a frame of one. Tracklets of other identities or cameras are others, whatever their names. */
  readonly tracklet?: string;
  /** Number of the frame, if the source says it: frames of a tracklet are ordered by it. */
  readonly frame?: number;
}

/** A source that was read, before identities and cameras are numbered. */
export interface RawDataset {
  readonly name: string;
  readonly entries: readonly RawEntry[];
  readonly notes?: readonly string[];
  /** The file or folder, for errors. */
  readonly source: string;
  /** As in `ReidDataset`. */
  readonly folders?: readonly string[];
  readonly skipped?: readonly SkippedFile[];
  readonly problems?: readonly Finding[];
  read(path: string): Promise<Image>;
}

/** Whole numbers, as an identity may be written. */
const NUMBER = /^-?\d{1,9}$/;

const groupBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
};

/** What a picture is tested and filmed with: all frames of its tracklet, or itself alone. */
const unitOf = ({ path, identity, camera, split, tracklet }: RawEntry): string =>
  tracklet === undefined ? `picture ${path}` : JSON.stringify([split, identity, camera ?? null, tracklet]);

/** Frames of a tracklet in order of time: by their numbers; without, as their names count, whose numbers they get if these ascend. */
function framesInTime(frames: readonly RawEntry[]): readonly RawEntry[] {
  if (frames.every(({ frame }) => frame !== undefined)) return [...frames].sort((a, b) => a.frame! - b.frame!);
  const numbers = frames.map(({ path }) => Number(/(\d{1,15})\D*$/.exec(path)?.[1]));
  if (!numbers.every((number, i) => i === 0 || number > numbers[i - 1]!)) return frames;
  return frames.map((entry, i) => ({ ...entry, frame: numbers[i]! }));
}

/** Frames of tracklets one after the other; tracklets and pictures where their first ones were. */
const inTime = (entries: readonly RawEntry[]): RawEntry[] =>
  [...groupBy(entries, unitOf).values()].flatMap((frames) =>
    frames[0]!.tracklet === undefined ? frames : framesInTime(frames),
  );

/** `splitTest` for tracklets: all frames go where the first one goes. */
function splitUnits(entries: readonly RawEntry[]): { readonly query: RawEntry[]; readonly gallery: RawEntry[] } {
  const units = groupBy(entries, unitOf);
  const framesOf = (first: RawEntry): RawEntry[] => units.get(unitOf(first))!;
  const { query, gallery } = splitTest([...units.values()].map((frames) => frames[0]!));
  return { query: query.flatMap(framesOf), gallery: gallery.flatMap(framesOf) };
}

/**
 * Cuts test pictures into query and gallery. For each identity and camera with at least two pictures, the first in natural
 * order is a query; an identity without such a camera gives its first picture; everything else is gallery. A picture is a
 * query only if the gallery then shows its identity in another camera: otherwise no query could find it, and it stays in
 * the gallery. Without cameras, one picture of each identity is the query.
 */
export function splitTest(entries: readonly RawEntry[]): { readonly query: RawEntry[]; readonly gallery: RawEntry[] } {
  const query: RawEntry[] = [];
  const gallery: RawEntry[] = [];
  for (const [identity, members] of groupBy(entries, (entry) => entry.identity)) {
    const sorted = [...members].sort((a, b) => compareNatural(a.path, b.path));
    const cameras = [...groupBy(sorted, (entry) => entry.camera ?? entry.path).values()];
    const several = cameras.filter((group) => group.length > 1);
    const first = new Set(several.length > 0 ? several.map((group) => group[0]!) : sorted.slice(0, 1));
    const rest = sorted.filter((entry) => !first.has(entry));
    for (const entry of sorted) {
      const elsewhere = rest.some((other) => entry.camera === undefined || other.camera !== entry.camera);
      (first.has(entry) && elsewhere && identity !== String(JUNK) ? query : gallery).push(entry);
    }
  }
  return { query, gallery };
}

/** Numbers cameras from 0: written names in natural order, and one more for every picture, or tracklet, without a camera. */
function numberCameras(entries: readonly RawEntry[]): { readonly of: Map<RawEntry, number>; readonly count: number } {
  const names = [...new Set(entries.map(({ camera }) => camera).filter((name) => name !== undefined))].sort(
    compareNatural,
  );
  const numbers = new Map(names.map((name, number) => [name, number]));
  const of = new Map<RawEntry, number>();
  let count = names.length;
  for (const frames of groupBy(entries, unitOf).values()) {
    const { camera } = frames[0]!;
    const number = camera === undefined ? count++ : numbers.get(camera)!;
    for (const frame of frames) of.set(frame, number);
  }
  return { of, count };
}

/**
 * Numbers of the test identities: their own when all are whole numbers of which no query's is 0 (a distractor's number);
 * otherwise 1, 2, ... in natural order. Junk keeps -1.
 */
function numberTest(query: readonly RawEntry[], gallery: readonly RawEntry[]): Map<string, number> {
  const names = [...new Set([...query, ...gallery].map(({ identity }) => identity))].sort(compareNatural);
  const queried = new Set(query.map(({ identity }) => identity));
  const own = new Map(names.map((name) => [name, Number(name)]));
  const keep =
    names.every((name) => NUMBER.test(name) && Number(name) >= JUNK) &&
    new Set(own.values()).size === names.length &&
    ![...queried].some((name) => Number(name) === DISTRACTOR);
  if (keep) return own;
  const people = names.filter((name) => name !== String(JUNK));
  return new Map([[String(JUNK), JUNK], ...people.map((name, i) => [name, i + 1] as const)]);
}

/**
 * Makes a dataset of what a reader found: numbers identities and cameras, and cuts test pictures into query and gallery.
 *
 * @throws DatasetError when nothing can be trained or tested with it
 */
export function assembleDataset(raw: RawDataset): ReidDataset {
  const { name, entries, notes = [], source, read } = raw;
  const sorted = inTime([...entries].sort((a, b) => compareNatural(a.path, b.path)));
  const train = sorted.filter(({ split, identity }) => split === 'train' && identity !== String(JUNK));
  const test = splitUnits(sorted.filter(({ split }) => split === 'test'));
  const query = [...sorted.filter(({ split }) => split === 'query'), ...test.query];
  const gallery = [...sorted.filter(({ split }) => split === 'gallery'), ...test.gallery];
  const people = groupBy(train, ({ identity }) => identity);
  if (people.size > 0 && [...people.values()].every((group) => group.length === 1)) {
    throw new DatasetError(
      `${source}: each of the ${people.size} training identities has one picture only, so no pair of the same identity can ` +
        'be formed. Check how identities are read from the names, or add pictures.',
    );
  }
  if (people.size === 1) {
    throw new DatasetError(
      `${source}: all ${train.length} training pictures show one identity (${[...people.keys()][0]}); at least two are needed. ` +
        'Check how identities are read from the names.',
    );
  }
  if (query.length === 0 && gallery.length > 0 && sorted.some(({ split }) => split === 'test')) {
    throw new DatasetError(
      `${source}: no test identity has a second picture in another camera, so there is nothing to look for ` +
        `(${test.gallery.length} test pictures). Add pictures, or check how cameras are read from the names.`,
    );
  }
  const labels = new Map([...people.keys()].sort(compareNatural).map((identity, label) => [identity, label]));
  const numbers = numberTest(query, gallery);
  const cameras = numberCameras([...train, ...query, ...gallery]);
  const tracked = [...train, ...query, ...gallery].filter(({ tracklet }) => tracklet !== undefined);
  const tracklets = new Map([...new Set(tracked.map(unitOf))].map((unit, number) => [unit, number]));
  const record = (entry: RawEntry, identity: number): ImageRecord => {
    const tracklet = tracklets.get(unitOf(entry));
    return {
      path: entry.path,
      identity,
      camera: cameras.of.get(entry)!,
      identityName: entry.identity,
      ...(tracklet === undefined ? {} : { tracklet }),
      ...(entry.frame === undefined ? {} : { frame: entry.frame }),
    };
  };
  const tested = (entry: RawEntry): ImageRecord => record(entry, numbers.get(entry.identity)!);
  return {
    name,
    train: train.map((entry) => record(entry, labels.get(entry.identity)!)),
    query: query.map(tested),
    gallery: gallery.map(tested),
    identities: people.size,
    cameras: cameras.count,
    onDisk: true,
    notes,
    folders: raw.folders,
    skipped: raw.skipped,
    problems: raw.problems,
    read: ({ path }) => read(path),
  };
}

/** Where the identities of a source without splits go: by default the first half in natural order is for training. */
export function halveIdentities(identities: Iterable<string>): Set<string> {
  const sorted = [...new Set(identities)].filter((identity) => identity !== String(JUNK)).sort(compareNatural);
  return new Set(sorted.slice(0, Math.ceil(sorted.length / 2)));
}
