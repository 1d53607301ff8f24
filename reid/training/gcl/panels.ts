import type { Image, ImageStore, Picture } from '../../../datasets/index.js';
import { imageOfMap } from '../../../datasets/structure/provider.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import { FONT_HEIGHT } from '../../report/drawing/bitmap-font.js';
import { Canvas } from '../../report/drawing/canvas.js';
import type { StructureMaps } from './batches.js';
import { blendCodes, type Drawer } from './drawer.js';

/** Pictures for people to look at, and what they are drawn from. */
export interface PanelContext {
  readonly drawer: Drawer;
  readonly store: ImageStore;
  readonly maps: StructureMaps;
  readonly recipe: GCLRecipe;
}

const COLUMNS = ['photo', 'structure', 'turned', 'again', 'novel', 'back', 'other', 'blend'];

const INK = [31, 35, 40] as const;
const GAP = 4;
const MARGIN = 12;
/** Drawn so high, small pictures are enlarged. */
const HEIGHT = 128;

/** Rows of pictures of one size below headings. */
export function drawGrid(headings: readonly string[], rows: readonly (readonly Image[])[]): Image {
  const first = rows[0]?.[0];
  const height = HEIGHT;
  const width = first ? Math.round((HEIGHT * first.width) / first.height) : HEIGHT / 2;
  const canvas = new Canvas(
    2 * MARGIN + headings.length * (width + GAP) - GAP,
    2 * MARGIN + FONT_HEIGHT + 4 + rows.length * (height + GAP) - GAP,
    [255, 255, 255],
  );
  headings.forEach((heading, i) => {
    canvas.text(heading, MARGIN + i * (width + GAP) + Math.floor(width / 2), MARGIN, INK, 1, 'centre');
  });
  rows.forEach((row, r) => {
    const y = MARGIN + FONT_HEIGHT + 4 + r * (height + GAP);
    row.forEach((image, i) => {
      canvas.image(image, { x: MARGIN + i * (width + GAP), y, width, height });
    });
  });
  return canvas;
}

/**
 * A row for each picture: the photo, its structure as it stands and turned, the photo drawn again, the novel view, the photo drawn back
 * from that, the next row's photo, and a blend of both appearances in equal parts.
 */
export async function drawPanel(
  pictures: readonly Picture[],
  { drawer, store, maps, recipe }: PanelContext,
): Promise<Image> {
  const { height, width } = recipe.input;
  const photos: Float32Array[] = [];
  const structures: Float32Array[] = [];
  const turned: Float32Array[] = [];
  for (const [i, picture] of pictures.entries()) {
    photos.push(await drawer.photo(store, picture));
    structures.push(await maps.get(picture, 0));
    turned.push(await maps.get(picture, recipe.rotations[i % recipe.rotations.length]!));
  }
  const codes = await drawer.codesOf(photos);
  const again = await drawer.draw(structures, codes);
  const novel = await drawer.drawn(turned, codes);
  const back = await drawer.draw(structures, await drawer.codesOf(novel));
  const each = codes.data.length / codes.count;
  const next = { count: codes.count, data: rotated(codes.data, each) };
  const blends = recipe.variant === 'ext' ? await drawer.draw(structures, blendCodes(codes, next, 0.5)) : undefined;
  const map = (values: Float32Array) => imageOfMap(values, { height, width });
  const rows = pictures.map((_, i) => [
    ...[drawer.image(photos[i]!), map(structures[i]!), map(turned[i]!)],
    ...[again[i]!, drawer.image(novel[i]!), back[i]!],
    ...(blends ? [drawer.image(photos[(i + 1) % photos.length]!), blends[i]!] : []),
  ]);
  return drawGrid(blends ? COLUMNS : COLUMNS.slice(0, 6), rows);
}

/** Rows of numbers, the first one behind the last. */
function rotated(data: Float32Array, each: number): Float32Array {
  const out = new Float32Array(data.length);
  out.set(data.subarray(each));
  out.set(data.subarray(0, each), data.length - each);
  return out;
}

/** Degrees of all views of a structure. */
export const VIEW_DEGREES = [0, 45, 90, 135, 180, 225, 270, 315] as const;

/** Each photo, then drawn from all around. */
export async function drawTurns(pictures: readonly Picture[], { drawer, store, maps }: PanelContext): Promise<Image> {
  const rows: Image[][] = [];
  for (const picture of pictures) {
    const photo = await drawer.photo(store, picture);
    const structures: Float32Array[] = [];
    for (const degrees of VIEW_DEGREES) structures.push(await maps.get(picture, degrees));
    rows.push([drawer.image(photo), ...(await drawer.draw(structures, await drawer.codesOf([photo])))]);
  }
  return drawGrid(['photo', ...VIEW_DEGREES.map((degrees) => `${degrees}°`)], rows);
}
