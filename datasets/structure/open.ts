import { basename, join } from '#files';
import type { Picture } from '../dataset.js';
import { decodeFile, readBytes } from '../decode-file.js';
import { isFolder, listPictures, needFolder, walkFolders } from '../files.js';
import { probeImage } from '../image.js';
import { nearestName } from '../nearest.js';
import { SpecError, SpecOptions } from '../spec-options.js';
import { readBodyModel, readBodyParameters } from './body-file.js';
import { bodyStructure } from './from-body-model.js';
import { keyPointStructure } from './from-key-points.js';
import { type KeyPoints, readKeyPoints, readOpenPose } from './key-points.js';
import { MISSING_POLICIES, mapFolderStructure } from './map-folder.js';
import { MapNames } from './map-names.js';
import { type PictureSet, readerOf, rememberSizes, trainedPictures } from './photographs.js';
import type { MapSize, StructureProvider } from './provider.js';
import { toyStructure } from './toy.js';
import { walkerStructure } from './walker.js';

/** A kind of structure: how it is written, and how it is opened. */
interface StructureKind {
  /** How it is written, for help texts. */
  readonly form: string;
  readonly options: readonly string[];
  open(place: string, options: SpecOptions, dataset: PictureSet): Promise<StructureProvider> | StructureProvider;
}

/** Sizes of a dataset's pictures: of files without decoding them. */
function sizesOf(dataset: PictureSet): (picture: Picture) => Promise<MapSize> {
  const read = readerOf(dataset);
  return rememberSizes(async (picture) => {
    return dataset.onDisk ? probeImage(await readBytes(picture.path), picture.path) : read(picture);
  });
}

async function textOf(file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(file));
}

/** OpenPose writes a file a picture: `NAME_keypoints.json`. */
async function readPoseFolder(folder: string): Promise<Map<string, KeyPoints>> {
  const found = new Map<string, KeyPoints>();
  for await (const { files } of walkFolders(folder)) {
    for (const file of files) {
      if (!file.endsWith('_keypoints.json')) continue;
      const text = await textOf(join(folder, file));
      found.set(file.replace(/_keypoints\.json$/, ''), readOpenPose(text, join(folder, file)));
    }
  }
  return found;
}

function openToy(dataset: PictureSet): StructureProvider {
  if (trainedPictures(dataset).some(({ path }) => !path.startsWith('toy-walkers/'))) {
    throw new SpecError(
      `toy is the structure of toy-walkers; ${dataset.name} needs another: walker fits any pictures.`,
    );
  }
  return toyStructure();
}

async function openFolder(place: string, options: SpecOptions, dataset: PictureSet): Promise<StructureProvider> {
  const root = await needFolder(place);
  const missing = options.choice('missing', MISSING_POLICIES) ?? 'error';
  const other = options.text('standin');
  if (other !== undefined && missing !== 'standin') throw new SpecError('standin= belongs to missing=standin.');
  const standIn = missing === 'standin' ? await openStructure(other ?? 'walker', dataset) : undefined;
  const folder = {
    name: `maps in ${root}`,
    names: new MapNames(await listPictures(root, true), root),
    read: (file: string) => decodeFile(join(root, file)),
  };
  return mapFolderStructure(folder, { missing, standIn, trained: trainedPictures(dataset), sizeOf: sizesOf(dataset) });
}

const FOLDER_OPTIONS = '[?missing=error|skip|standin|swap][&standin=walker]';

const KINDS: Readonly<Record<string, StructureKind>> = {
  toy: { form: 'toy', options: [], open: (_, __, dataset) => openToy(dataset) },
  walker: { form: 'walker', options: [], open: walkerStructure },
  keypoints: {
    form: 'keypoints:FILE',
    options: [],
    open: async (place, _, dataset) => {
      const points = (await isFolder(place)) ? await readPoseFolder(place) : readKeyPoints(await textOf(place), place);
      return keyPointStructure(points, place, trainedPictures(dataset), sizesOf(dataset));
    },
  },
  body: {
    form: 'body:FILE?params=FILE',
    options: ['params'],
    open: async (place, options, dataset) => {
      const params = options.text('params');
      if (params === undefined) {
        throw new SpecError(`body:${place} says nothing of how bodies are seen. Write ${KINDS.body!.form}`);
      }
      const model = await readBodyModel(await readBytes(place), place);
      const found = await readBodyParameters(await readBytes(params), params, model);
      return bodyStructure(model, found, params, trainedPictures(dataset), sizesOf(dataset));
    },
  },
  mesh: { form: `mesh:DIR${FOLDER_OPTIONS}`, options: ['missing', 'standin'], open: openFolder },
  maps: { form: `maps:DIR${FOLDER_OPTIONS}`, options: ['missing', 'standin'], open: openFolder },
};

/** How each kind of structure is written, for help texts. */
export const STRUCTURE_KINDS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KINDS).map(([kind, { form }]) => [kind, form]),
);

/**
 * Opens structure by one line, as given on the command line:
 *
 * - `toy`: the true maps of toy-walkers
 * - `walker`: a walking mannequin, the same for all pictures but for its step
 * - `keypoints:FILE`: a mannequin in the poses of key points (see `readKeyPoints`), or a folder as OpenPose writes it
 * - `body:FILE?params=FILE`: a body model (see `readBodyModel`) in the poses and shapes of pictures (see `readBodyParameters`)
 * - `mesh:DIR`: pictures of meshes in the released layout (see `MapNames`); `?missing=skip|standin|swap` goes on where some are missing
 * - `maps:DIR`: any grey pictures in that layout
 *
 * @param dataset whose training pictures are looked up at once
 * @throws DatasetError for maps that cannot be used; of these a SpecError for an unknown kind (naming the nearest) or option
 *
 * @example
 *   const structure = await openStructure('mesh:data/market-mesh?missing=skip', dataset);
 */
export async function openStructure(spec: string, dataset: PictureSet): Promise<StructureProvider> {
  const [, kind = '', mark = '', rest = ''] = /^([^:?]*)([:?]?)([\s\S]*)$/.exec(spec.trim()) ?? [];
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!known) {
    const forms = Object.values(STRUCTURE_KINDS).join('\n  ');
    throw new SpecError(
      `There is no kind of structure called "${kind}". ${nearestName(kind, Object.keys(KINDS))}\nKinds:\n  ${forms}`,
    );
  }
  const question = mark === '?' ? 0 : rest.indexOf('?');
  const place = mark === '?' ? '' : question < 0 ? rest : rest.slice(0, question);
  const query = mark === '?' ? rest : question < 0 ? '' : rest.slice(question + 1);
  const needsPlace = known.form.includes(':');
  if (needsPlace !== (place !== '')) {
    throw new SpecError(
      needsPlace
        ? `${spec} names no file or folder. Write ${known.form}`
        : `Write ${known.form}, without ${basename(place)}.`,
    );
  }
  return known.open(place, new SpecOptions(query, '&', known.options, spec), dataset);
}
