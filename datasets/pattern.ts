import { basename, dirname, join } from '#files';
import { assembleDataset, halveIdentities, type RawEntry } from './assemble.js';
import type { ReidDataset, SkippedFile } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DatasetError } from './error.js';
import { listPictures, needFolder, sayContents } from './files.js';
import type { Finding } from './finding.js';
import { compileCamera, compileChoice, compilePattern } from './name-pattern.js';
import { type NamedFrame, sharedTrackletNames } from './tracklet-names.js';

export interface PatternOptions {
  /**
   * Pattern of the names, with `{id}` and perhaps `{camera}`, `{split}` and others, see `compilePattern`. With `{tracklet}` the
   * pictures are frames of tracklets, in natural order of their names, or in that of `{frame}`.
   */
  readonly name: string;
  /** Camera rule, see `compileCamera`; by default `{camera}` if the pattern has it, otherwise every picture has its own. */
  readonly camera?: string;
  /** Identities to train and to test on, see `compileChoice`. */
  readonly train?: string;
  readonly test?: string;
}

/** What folders and `{split}` may be called. */
const SPLIT_NAMES: Readonly<Record<string, RawEntry['split']>> = {
  train: 'train',
  training: 'train',
  bounding_box_train: 'train',
  image_train: 'train',
  query: 'query',
  probe: 'query',
  gallery: 'gallery',
  bounding_box_test: 'gallery',
  image_query: 'query',
  image_test: 'gallery',
  test: 'test',
  testing: 'test',
};

/** The split of a name, whatever its case; undefined when it is none. */
export function splitOf(name: string): RawEntry['split'] | undefined {
  return SPLIT_NAMES[name.toLowerCase()];
}

/** The number of a frame as its name says it in `{frame}`. */
function frameOf(fields: ReadonlyMap<string, string>, path: string): number | undefined {
  const value = fields.get('frame');
  if (value === undefined || /^\d{1,15}$/.test(value)) return value === undefined ? undefined : Number(value);
  throw new DatasetError(`${path}: {frame} is ${value}, which is no whole number. Let {frame} stand for digits alone.`);
}

/** The dataset of a `pattern:` or a `folder:`; both differ only in what they are called in errors. */
export async function readByPattern(
  folder: string,
  options: PatternOptions,
  kind: string,
  problems: readonly Finding[] = [],
): Promise<ReidDataset> {
  const root = await needFolder(folder);
  const pattern = compilePattern(options.name);
  const cameraOf = compileCamera(options.camera ?? (pattern.fields.includes('camera') ? 'camera' : 'each'), pattern);
  const files = await listPictures(root, true);
  if (files.length === 0) {
    throw new DatasetError(`${root} holds no JPEG or PNG picture (${await sayContents(root)}). Check the path.`);
  }
  const skipped: SkippedFile[] = [];
  const found = files.flatMap((file) => {
    const fields = pattern.match(file);
    if (fields) return [{ file, fields, identity: fields.get('id')! }];
    skipped.push({ path: join(root, file), reason: `not named as ${options.name}` });
    return [];
  });
  if (found.length === 0) {
    throw new DatasetError(
      `None of the ${files.length} pictures in ${root} is named as ${options.name}; the first is ${basename(files[0]!)}. ` +
        'Change name= to fit: {id} stands for the identity, {camera} for the camera, * for anything.',
    );
  }
  const identities = found.map(({ identity }) => identity);
  const inTrain = options.train === undefined ? undefined : compileChoice(options.train, 'train');
  const inTest = options.test === undefined ? undefined : compileChoice(options.test, 'test');
  const half = halveIdentities(identities);
  const notes: string[] = [];

  const splitFor = (identity: string, written: string | undefined, file: string): RawEntry['split'] | undefined => {
    if (written !== undefined) {
      const split = splitOf(written);
      if (!split) {
        throw new DatasetError(
          `${join(root, file)}: ${written} is not a split; it should be train, query, gallery or test.`,
        );
      }
      return split;
    }
    if (inTrain && inTest) return inTrain(identity) ? 'train' : inTest(identity) ? 'test' : undefined;
    if (inTrain) return inTrain(identity) ? 'train' : 'test';
    if (inTest) return inTest(identity) ? 'test' : 'train';
    return half.has(identity) ? 'train' : 'test';
  };
  const named: NamedFrame[] = [];
  const entries = found.flatMap(({ file, fields, identity }): RawEntry[] => {
    const split = splitFor(identity, fields.get('split'), file);
    const [path, tracklet] = [join(root, file), fields.get('tracklet')];
    if (split) {
      const camera = cameraOf(fields, file);
      if (tracklet !== undefined) {
        // The same name in another folder is another tracklet.
        const place = dirname(file);
        const whole = basename(place) === tracklet ? place : join(place, tracklet);
        named.push({ tracklet: whole, identity, camera, split, where: path });
      }
      return [{ path, identity, camera, split, tracklet, frame: frameOf(fields, path) }];
    }
    skipped.push({ path: join(root, file), reason: 'in neither train= nor test=' });
    return [];
  });
  for (const option of ['train', 'test'] as const) {
    const list = options[option];
    const wanted = option === 'train' ? 'train' : 'test';
    if (list !== undefined && !entries.some(({ split }) => split === wanted)) {
      const sample = [...new Set(identities)].slice(0, 4).join(', ');
      throw new DatasetError(`${option}=${list} chooses no picture of ${root}; its identities are ${sample}, ...`);
    }
  }
  if (found.length < files.length) notes.push(`${files.length - found.length} pictures with other names were left out`);
  if (entries.length < found.length)
    notes.push(`${found.length - entries.length} pictures belong to neither train= nor test=`);
  if (!pattern.fields.includes('split') && !inTrain && !inTest) {
    notes.push('no split is given: the first half of the identities, in natural order, is for training');
  }
  const names = sharedTrackletNames(named);
  return assembleDataset({
    name: `${kind}, ${root}`,
    entries,
    notes: [...notes, ...names.notes],
    source: root,
    folders: [root],
    skipped,
    problems: [...problems, ...names.problems],
    read: decodeFile,
  });
}

/**
 * Reads a folder of pictures whose names say who and where: any depth, any naming.
 *
 * Splits: by `{split}` in the name; or by `train` and `test`; with one of the two, the rest is the other; with none, the
 * first half of the identities in natural order is for training. Test pictures become query and gallery by the rule of
 * `splitTest`.
 *
 * @throws DatasetError naming the option or the folder, and what to change
 *
 * @example
 *   await openPattern('coil100', { name: 'obj{id}__{angle}.png', camera: 'angle/90', train: '2-40', test: '41-60' });
 */
export function openPattern(folder: string, options: PatternOptions): Promise<ReidDataset> {
  return readByPattern(folder, options, `names ${options.name}`);
}
