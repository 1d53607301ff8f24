import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { groupTracklets, hasTracklets, type ImageRecord, type ReidDataset, type Tracklet } from '../datasets/index.js';
import { nearestName } from '../datasets/nearest.js';
import { UsageError } from './command.js';
import { evenly } from './ranked-pictures.js';

/** Pictures and tracklets that are looked at. */
export interface Subjects {
  readonly pictures: readonly ImageRecord[];
  readonly tracklets: readonly Tracklet[];
}

/** Records of a picture that is of no data set. */
const fromOutside = (path: string): ImageRecord => ({ path, identity: -1, camera: -1, identityName: basename(path) });

/** All records of a data set, each path once. */
function everyRecord({ query, gallery, train }: ReidDataset): ImageRecord[] {
  return [...new Map([...query, ...gallery, ...train].map((record) => [record.path, record])).values()];
}

const isNamed = ({ path }: ImageRecord, text: string): boolean =>
  path === text || resolve(path) === resolve(text) || path.endsWith(`/${text}`) || basename(path) === text;

function recordNamed(dataset: ReidDataset, records: readonly ImageRecord[], option: string, text: string): ImageRecord {
  const exact = records.find(({ path }) => path === text);
  const found = exact ? [exact] : records.filter((record) => isNamed(record, text));
  if (found.length > 1) {
    throw new UsageError(
      `--${option} ${text}: ${found.length} pictures of ${dataset.name} end like this, ${found[0]!.path} and ${found[1]!.path} among them. Give more of the path.`,
    );
  }
  if (found[0]) return found[0];
  if (option === 'picture' && existsSync(text)) return fromOutside(text);
  const advice = nearestName(
    text,
    records.map(({ path }) => path),
  );
  throw new UsageError(
    `--${option} ${text}: no picture of ${dataset.name}${option === 'picture' ? ' and no file' : ''}. ${advice}`,
  );
}

/** A tracklet by its number, or by one of its frames. */
function trackletNamed(dataset: ReidDataset, records: readonly ImageRecord[], text: string): Tracklet {
  const tracklets = groupTracklets(records.filter(({ tracklet }) => tracklet !== undefined));
  if (tracklets.length === 0) {
    throw new UsageError(`--tracklet ${text}: ${dataset.name} has no tracklets, only pictures: give --picture.`);
  }
  if (/^\d+$/.test(text)) {
    const found = tracklets.find(({ number }) => number === Number(text));
    if (found) return found;
    const last = tracklets.reduce((most, { number }) => Math.max(most, number!), 0);
    throw new UsageError(`--tracklet ${text}: the tracklets of ${dataset.name} have numbers up to ${last}.`);
  }
  const frame = recordNamed(dataset, records, 'tracklet', text);
  return tracklets.find(({ number }) => number === frame.tracklet)!;
}

/**
 * What is named, or where nothing is: some of the queries' pictures at even steps, and of data sets of tracklets some of these.
 *
 * @throws UsageError where a name means nothing, or more than one picture
 */
export function subjectsOf(
  dataset: ReidDataset,
  {
    pictures = [],
    tracklets = [],
    count,
  }: { pictures?: readonly string[]; tracklets?: readonly string[]; count: number },
): Subjects {
  const records = everyRecord(dataset);
  if (pictures.length + tracklets.length > 0) {
    return {
      pictures: pictures.map((text) => recordNamed(dataset, records, 'picture', text)),
      tracklets: tracklets.map((text) => trackletNamed(dataset, records, text)),
    };
  }
  const shown = dataset.query.length > 0 ? dataset.query : records;
  if (!hasTracklets(dataset)) return { pictures: evenly(shown, count), tracklets: [] };
  const known = groupTracklets(shown).filter(({ number, frames }) => number !== undefined && frames.length > 1);
  return { pictures: [], tracklets: evenly(known, count) };
}
