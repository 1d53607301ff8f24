import { basename, dirname, readBytesOf, resolve, sep } from '#files';
import { assembleDataset, halveIdentities, type RawEntry } from './assemble.js';
import type { ReidDataset, SkippedFile } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { FileFinder } from './file-finder.js';
import { needFolder } from './files.js';
import { counted, type Finding } from './finding.js';
import { compileChoice } from './name-pattern.js';
import { splitOf } from './pattern.js';
import { findColumns } from './table-columns.js';
import { readTable, type TableRow } from './table-text.js';
import { sharedTrackletNames, unnumberedFrames } from './tracklet-names.js';

export interface TableOptions {
  /** Names of the columns, where they are not what people usually call them; `camera: 'each'` takes none. */
  readonly path?: string;
  readonly id?: string;
  readonly camera?: string;
  readonly split?: string;
  /** Tracklet of which a picture is a frame, and the number that orders its frames; by default the order of their names. */
  readonly tracklet?: string;
  readonly frame?: string;
  /** Folder that the paths begin in; by default the table's. */
  readonly folder?: string;
  /** Identities to train and to test on, see `compileChoice`; in place of a column. */
  readonly train?: string;
  readonly test?: string;
  /** `skip` leaves out pictures that do not exist, without a word of blame. */
  readonly missing?: 'skip';
}

/** A row as it is understood. */
interface Picture {
  readonly line: number;
  /** As written. */
  readonly written: string;
  readonly path: string;
  readonly identity: string;
  readonly camera: string | undefined;
  /** As written; empty where nothing is. */
  readonly split: string;
  readonly tracklet: string | undefined;
  readonly frame: number | undefined;
}

/** The number of a frame, which programs that know fractions only write as `12.0`. */
function frameOf(written: string, where: string): number | undefined {
  if (written === '') return undefined;
  if (/^\d{1,15}(\.0*)?$/.test(written)) return Number(written);
  throw new DatasetError(`${where}: the frame is ${written}; it should be a whole number, from 0.`);
}

/** A path as it was written on whatever system. */
const onThisSystem = (path: string): string => (sep === '\\' ? path : path.replaceAll('\\', '/'));

/** The rows as pictures; those that are there, and those that are not. */
async function findPictures(
  rows: readonly TableRow[],
  folder: string,
  read: (row: TableRow) => Omit<Picture, 'path'>,
): Promise<{ readonly found: Picture[]; readonly missing: Picture[]; readonly respelt: Picture[] }> {
  const finder = new FileFinder();
  const result = { found: [] as Picture[], missing: [] as Picture[], respelt: [] as Picture[] };
  for (const row of rows) {
    const picture = read(row);
    const wanted = resolve(folder, onThisSystem(picture.written));
    const path = await finder.find(wanted);
    if (path === undefined) result.missing.push({ ...picture, path: wanted });
    else result.found.push({ ...picture, path });
    if (path !== undefined && path !== wanted) result.respelt.push({ ...picture, path });
  }
  return result;
}

/** What to add where not one frame of some tracklets was found. */
function sayLost(missing: readonly Picture[], found: readonly Picture[]): string {
  const nameOf = ({ identity, camera, tracklet }: Picture): string => JSON.stringify([identity, camera, tracklet]);
  const present = new Set(found.map(nameOf));
  const lost = missing.filter((picture) => picture.tracklet !== undefined && !present.has(nameOf(picture)));
  const count = new Set(lost.map(nameOf)).size;
  return count === 0 ? '' : `; nothing is left of ${counted(count, 'tracklet')}, first ${lost[0]!.tracklet}`;
}

/** Rows sorted by what earlier ones say of the same picture: nothing, the same, or something else (then all of them are out). */
function compareRows(pictures: readonly Picture[]): {
  readonly kept: Picture[];
  readonly repeated: Picture[];
  readonly contradictions: string[];
} {
  const first = new Map<string, Picture>();
  const repeated: Picture[] = [];
  const contradicted = new Map<string, string>();
  for (const picture of pictures) {
    const other = first.get(picture.path);
    if (!other) {
      first.set(picture.path, picture);
      continue;
    }
    const what = (['identity', 'camera', 'split', 'tracklet', 'frame'] as const).find(
      (field) => picture[field] !== other[field],
    );
    if (what === undefined) repeated.push(picture);
    else {
      const says = ({ line, ...row }: Omit<Picture, 'path'>): string => `${row[what] || 'nothing'} in row ${line}`;
      contradicted.set(picture.path, `${picture.path} (${what} ${says(other)}, ${says(picture)})`);
    }
  }
  const kept = [...first.values()].filter(({ path }) => !contradicted.has(path));
  return { kept, repeated, contradictions: [...contradicted.values()] };
}

/** Which split each picture belongs to, and what to say about the rule. */
function splitRule(
  pictures: readonly Picture[],
  { train, test }: TableOptions,
  table: string,
): { of(picture: Picture): RawEntry['split'] | undefined; readonly note?: string } {
  const inTrain = train === undefined ? undefined : compileChoice(train, 'train');
  const inTest = test === undefined ? undefined : compileChoice(test, 'test');
  if (inTrain || inTest) {
    return {
      of: ({ identity }) => {
        if (inTrain?.(identity)) return 'train';
        if (inTest?.(identity)) return 'test';
        return inTrain && inTest ? undefined : inTrain ? 'test' : 'train';
      },
    };
  }
  if (pictures.some(({ split }) => split !== '')) {
    return {
      of: ({ split, line }) => {
        const known = splitOf(split);
        if (known) return known;
        const what = split === '' ? 'the split is empty' : `the split is ${split}`;
        throw new DatasetError(`${table}, row ${line}: ${what}; it should be train, query, gallery or test.`);
      },
    };
  }
  const half = halveIdentities(pictures.map(({ identity }) => identity));
  const all = new Set(pictures.map(({ identity }) => identity)).size;
  return {
    of: ({ identity }) => (half.has(identity) ? 'train' : 'test'),
    note:
      `no column split: the first half of the identities, in natural order, is for training (${half.size} of ${all}), the others ` +
      'for the test; train= and test= choose others',
  };
}

/**
 * Reads a table of pictures, see `readTable` for its form. Columns: the picture's path (`path`, `file`, ...; relative to the table),
 * its identity (`identity`, `individual`, `id`, ...), and, if known, `camera` and `split` (train, query, gallery, or test, which is
 * cut by the rule of `splitTest`); and `tracklet` and `frame`, for frames of tracklets. Without splits, the first half of the identities in natural order is for training; without
 * cameras, every picture has one of its own. Identity -1 is junk. Rows that repeat
 * an earlier one are left out, and so are pictures that do not exist, or of which two rows say different things: `problems` tells.
 *
 * @throws DatasetError naming the file, the row, and what to change
 *
 * @example
 *   await openTable('photos.csv', { id: 'wolf', folder: '/media/camera-traps' });
 */
export async function openTable(file: string, options: TableOptions = {}): Promise<ReidDataset> {
  const full = resolve(file);
  let bytes: Uint8Array;
  try {
    bytes = await readBytesOf(full);
  } catch (error) {
    throw new DatasetError(`${full} cannot be opened: ${(error as Error).message}. Give a CSV or JSON-lines file.`);
  }
  const table = readTable(bytes, full);
  if (table.rows.length === 0) {
    throw new DatasetError(
      `${full} has no rows. Write one picture a line, below a line with the names: path,id,camera,split.`,
    );
  }
  const columns = findColumns(table.columns, full, options);
  const folder = options.folder === undefined ? dirname(full) : await needFolder(options.folder);
  const { found, missing, respelt } = await findPictures(table.rows, folder, ({ line, values }) => {
    const need = (column: string): string => {
      const value = values.get(column);
      if (value) return value;
      throw new DatasetError(`${full}, row ${line}: ${column} is empty. Fill it in, or remove the row.`);
    };
    const value = (column: string | undefined): string => (column === undefined ? '' : (values.get(column) ?? ''));
    return {
      line,
      written: need(columns.path),
      identity: need(columns.id),
      camera: value(columns.camera) || undefined,
      split: value(columns.split),
      tracklet: value(columns.tracklet) || undefined,
      frame: frameOf(value(columns.frame), `${full}, row ${line}`),
    };
  });
  if (found.length === 0) {
    const { written, path } = missing[0]!;
    throw new DatasetError(
      `None of the ${missing.length} pictures of ${full} exists; the first is ${written}, which would be ${path}. Paths are read ` +
        `from the table's folder; if the pictures lie elsewhere, write table:${file}?folder=DIR.`,
    );
  }
  const { kept, repeated, contradictions } = compareRows(found);
  const rule = splitRule(kept, options, full);
  const skipped: SkippedFile[] = repeated.map(({ path, line }) => ({
    path: `${path} (row ${line})`,
    reason: 'the table names them again',
    advice: 'Delete these rows.',
  }));
  const entries = kept.flatMap((picture): RawEntry[] => {
    const split = rule.of(picture);
    const { path, identity, camera, tracklet, frame } = picture;
    if (split) return [{ path, identity, camera, split, tracklet, frame }];
    skipped.push({ path: picture.path, reason: 'in neither train= nor test=' });
    return [];
  });
  const absent = missing.map(({ path, line }) => `${path} (row ${line})`);
  const absence = `${counted(missing.length, 'picture')} of ${table.rows.length} not found, first ${absent[0]}${sayLost(missing, found)}`;
  const problems: Finding[] = [];
  if (absent.length > 0 && options.missing !== 'skip') {
    problems.push({
      level: 'error',
      code: 'missing-file',
      message: absence,
      advice: `Mend the table or the folder; or leave them out: table:${file}?missing=skip`,
      items: absent,
    });
  }
  if (contradictions.length > 0) {
    problems.push({
      level: 'error',
      code: 'contradiction',
      message: `the table says different things of ${counted(contradictions.length, 'picture')}, first ${contradictions[0]}`,
      advice: 'Keep the right row of each.',
      items: contradictions,
    });
  }
  const tracked = kept.filter(({ tracklet }) => tracklet !== undefined);
  const frames = tracked.flatMap((picture) => {
    const { tracklet, identity, camera, path, line, frame } = picture;
    const split = rule.of(picture);
    const unit = JSON.stringify([split, identity, camera, tracklet]);
    return split ? [{ tracklet: tracklet!, identity, camera, split, frame, unit, where: `${path} (row ${line})` }] : [];
  });
  const names = sharedTrackletNames(frames);
  problems.push(...names.problems, ...unnumberedFrames(frames));
  const notes = [...table.notes, ...names.notes];
  const usual = columns.path === 'path' && (columns.id === 'id' || columns.id === 'identity');
  if (!usual) notes.push(`columns: ${columns.path} is the path, ${columns.id} the identity`);
  if (rule.note) notes.push(rule.note);
  if (columns.frame !== undefined && columns.tracklet === undefined) {
    notes.push(
      `column ${columns.frame} says frames and no column says tracklets, so every picture stands for itself; tracklet=COLUMN names one`,
    );
  }
  if (columns.tracklet !== undefined && tracked.length < kept.length) {
    notes.push(`${counted(kept.length - tracked.length, 'picture')} without a tracklet: each stands for itself`);
  }
  if (columns.camera === undefined) {
    const what = columns.tracklet === undefined ? 'picture' : 'tracklet';
    notes.push(`no column camera: every ${what} counts as taken by one of its own; camera=COLUMN names one`);
  } else {
    const without = kept.filter(({ camera }) => camera === undefined).length;
    if (without > 0)
      notes.push(`${counted(without, 'picture')} without a camera: each counts as taken by one of its own`);
  }
  if (respelt.length > 0) {
    const [{ written, path }] = respelt as [Picture];
    notes.push(
      `${counted(respelt.length, 'name is', 'names are')} spelt otherwise on disk (case, accents), first ${written}: ${basename(path)}`,
    );
  }
  if (absent.length > 0 && options.missing === 'skip') notes.push(`left out: ${absence}`);
  return assembleDataset({
    name: `table, ${full}`,
    entries,
    notes,
    source: full,
    skipped,
    problems,
    read: decodeFile,
  });
}
