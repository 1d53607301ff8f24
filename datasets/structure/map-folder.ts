import { fnv1a32 } from '../../random/philox.js';
import type { Picture } from '../dataset.js';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';
import { folderOfView, type MapNames, type MapPlace } from './map-names.js';
import { checkRequest, type MapSize, mapOfImage, type StructureProvider, VIEWS } from './provider.js';

/**
 * What is done about training pictures without maps: `error` names them and stops, `skip` generates nothing from them, `standin` asks
 * another provider, `swap` lends the map of another picture where only turned ones are missing.
 */
export const MISSING_POLICIES = ['error', 'skip', 'standin', 'swap'] as const;

export type MissingPolicy = (typeof MISSING_POLICIES)[number];

export interface MapFolder {
  /** For people: what it is. */
  readonly name: string;
  readonly names: MapNames;
  /** A file of it. */
  read(file: string): Promise<Image>;
}

export interface MapFolderOptions {
  readonly missing: MissingPolicy;
  /** Asked for what is missing, with `standin`. */
  readonly standIn?: StructureProvider;
  /** Pictures that a generator is trained on; others are in `test`. */
  readonly trained: readonly Picture[];
  sizeOf(picture: Picture): Promise<MapSize>;
}

/** Most that a map's aspect may differ from its photograph's: rounding of small sizes. */
const ASPECT_TOLERANCE = 0.05;

/** Turned views that the released code draws from, 45 to 270 degrees; the last one need not be there. */
const DRAWN = 6;

const listed = (pictures: readonly Picture[]): string => {
  const names = pictures.slice(0, 20).map(({ path }) => `\n  ${path}`);
  return names.join('') + (pictures.length > 20 ? `\n  and ${pictures.length - 20} more` : '');
};

/** One tile of an atlas: eight of equal size from left to right. */
function cutTile(image: Image, tile: number, file: string): Image {
  if (image.width % VIEWS !== 0) {
    throw new DatasetError(
      `${file} is ${image.width} pixels wide; an atlas is ${VIEWS} views of equal width, side by side.`,
    );
  }
  const width = image.width / VIEWS;
  const data = new Uint8Array(width * image.height * 3);
  for (let y = 0; y < image.height; y++) {
    const from = (y * image.width + tile * width) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height: image.height, data };
}

/** What training pictures lack. */
interface Lacking {
  readonly front: readonly Picture[];
  readonly turned: readonly Picture[];
  /** How many maps are missing, by view. */
  readonly byView: readonly number[];
}

/** @throws DatasetError when a map is that of two pictures */
function lookThrough(folder: string, names: MapNames, trained: readonly Picture[]): Lacking {
  const owners = new Map<string, string>();
  const front: Picture[] = [];
  const turned: Picture[] = [];
  const byView = new Array<number>(DRAWN + 1).fill(0);
  for (const picture of trained) {
    let lacks = 0;
    for (let view = 0; view <= DRAWN; view++) {
      if (names.find(picture, 'train', view)) continue;
      byView[view]!++;
      lacks++;
    }
    const own = names.find(picture, 'train', 0)?.file;
    if (own === undefined) front.push(picture);
    else if (lacks > 0) turned.push(picture);
    const owner = owners.get(own ?? '') ?? picture.path;
    if (owner !== picture.path) {
      throw new DatasetError(
        `${folder}: the map ${own} would be that of two photographs, ${owner} and ${picture.path}. Put maps into folders as the photographs are: train/render/FOLDER/NAME.`,
      );
    }
    if (own !== undefined) owners.set(own, picture.path);
  }
  return { front, turned, byView };
}

const sayViews = (byView: readonly number[]): string =>
  byView.flatMap((count, view) => (count > 0 ? [`${count} in ${folderOfView(view)}`] : [])).join(', ');

/**
 * Maps from a folder in the released layout, see `MapNames`: pictures of meshes, or any grey pictures that say where a body is.
 * Training pictures are looked through at once; `notes` counts what is missing and says what is done about it.
 *
 * @throws DatasetError naming the first twenty pictures without maps, where the policy does not allow for them
 */
export function mapFolderStructure({ name, names, read }: MapFolder, options: MapFolderOptions): StructureProvider {
  const { missing, standIn, trained, sizeOf } = options;
  const lacking = lookThrough(name, names, trained);
  const all = [...lacking.front, ...lacking.turned];
  const fatal = missing === 'error' ? all : missing === 'swap' ? lacking.front : [];
  if (fatal.length > 0) {
    const advice =
      missing === 'swap'
        ? 'Without a map as photographed there is nothing to swap; missing=skip or missing=standin go on without.'
        : 'Render them, or go on with missing=skip (nothing is generated from them), missing=standin (a walker in their place) or missing=swap.';
    throw new DatasetError(
      `${name} lacks maps of ${fatal.length} of ${trained.length} training pictures (${sayViews(lacking.byView)}):${listed(fatal)}\n${advice}`,
    );
  }
  const left = new Set(missing === 'skip' ? all.map(({ path }) => path) : []);
  if (trained.length > 0 && left.size === new Set(trained.map(({ path }) => path)).size) {
    throw new DatasetError(
      `${name} has all maps of none of the ${trained.length} training pictures, such as ${trained[0]!.path}. Are these meshes of this dataset?`,
    );
  }
  const places = new Map(trained.map(({ path }, i) => [path, i]));
  const doing = {
    error: '',
    skip: 'nothing is generated from them',
    standin: `in their place: ${standIn?.name}`,
    swap: "they are lent other pictures' maps",
  }[missing];
  const notes = [
    `${name}: ${trained.length - all.length} of ${trained.length} training pictures have all maps${all.length > 0 ? `, ${all.length} do not (${sayViews(lacking.byView)}): ${doing}` : ''}`,
  ];

  const load = async (place: MapPlace, picture: Picture, size: MapSize): Promise<Float32Array> => {
    const whole = await read(place.file);
    const image = place.tile === undefined ? whole : cutTile(whole, place.tile, place.file);
    const photo = await sizeOf(picture);
    const [aspect, own] = [image.width / image.height, photo.width / photo.height];
    if (Math.abs(aspect / own - 1) > ASPECT_TOLERANCE) {
      throw new DatasetError(
        `${name}: the map ${place.file} is ${image.width} x ${image.height}, its photograph ${picture.path} ${photo.width} x ${photo.height}: they do not lie over each other. Render it at the photograph's size.`,
      );
    }
    return mapOfImage(image, size);
  };
  const lend = (picture: Picture, view: number): Picture => {
    const own = places.get(picture.path) ?? trained.length;
    const others = own < trained.length ? trained.length - 1 : trained.length;
    if (others === 0) return picture;
    const drawn = fnv1a32(`${picture.path} ${view}`) % others;
    return trained[drawn >= own ? drawn + 1 : drawn]!;
  };
  return {
    name,
    views: VIEWS,
    notes,
    ...(missing === 'skip' ? { has: ({ path }: Picture) => !left.has(path) } : {}),
    structure: async (picture, view, size) => {
      checkRequest(name, VIEWS, view, size);
      const split = places.has(picture.path) ? 'train' : 'test';
      const place = names.find(picture, split, view);
      if (place) return load(place, picture, size);
      if (missing === 'standin' && standIn) return standIn.structure(picture, view, size);
      if (missing === 'swap' && view > 0) {
        const other = lend(picture, view);
        const lent = names.find(other, places.has(other.path) ? 'train' : 'test', 0);
        if (lent) return load(lent, other, size);
      }
      throw new DatasetError(`${name} has no map of ${picture.path} in ${split}/${folderOfView(view)}.`);
    },
  };
}
