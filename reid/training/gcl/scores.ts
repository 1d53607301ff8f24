import { type Image, type ImageStore, type Picture, resizeImage } from '../../../datasets/index.js';
import { VIEW_STEP } from '../../../datasets/structure/provider.js';
import { frechetDistance } from '../../metrics/fid.js';
import { meanDifference, psnr, ssim } from '../../metrics/ssim.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { StructureMaps } from './batches.js';
import type { Drawer } from './drawer.js';

/** How like the truth pictures are, as means. */
export interface Likeness {
  readonly ssim: number;
  /** Mean absolute difference, of values in 0 … 1. */
  readonly l1: number;
  /** Of the mean error, in dB. */
  readonly psnr: number;
}

/** What the generator can do, on some pictures. */
export interface DrawingScores {
  readonly pictures: number;
  /** Photos drawn again in their own view. */
  readonly reconstruction: Likeness;
  /** Novel views against the truth, and the photo itself against it: what they must beat. Where the truth is known. */
  readonly novel?: Likeness & { readonly views: number; readonly copy: Likeness };
  /** Mean cosine of a novel view's embedding and its photo's. */
  readonly identity: number;
  /** Fréchet distance of photos and novel views on the means of the run's own encoder's map. */
  readonly fid: number;
}

export interface ScoreContext {
  readonly drawer: Drawer;
  readonly recipe: GCLRecipe;
  readonly store: ImageStore;
  readonly maps: StructureMaps;
  /** The picture as it would be had the person walked in another direction. */
  readonly trueView?: (picture: Picture, view: number) => Promise<Image>;
}

class Likenesses {
  readonly #sums = { ssim: 0, l1: 0, squares: 0 };
  count = 0;

  add(drawn: Image, truth: Image): void {
    this.count++;
    this.#sums.ssim += ssim(drawn, truth);
    this.#sums.l1 += meanDifference(drawn, truth);
    this.#sums.squares += 10 ** (-psnr(drawn, truth) / 10);
  }

  get mean(): Likeness {
    const { ssim: alike, l1, squares } = this.#sums;
    return { ssim: alike / this.count, l1: l1 / this.count, psnr: -10 * Math.log10(squares / this.count) };
  }
}

/** A code as the mean of its stripes. */
const meanMap = (code: Float32Array): Float32Array =>
  Float32Array.from(
    { length: code.length / 4 },
    (_, c) => (code[4 * c]! + code[4 * c + 1]! + code[4 * c + 2]! + code[4 * c + 3]!) / 4,
  );

const cosine = (a: Float32Array, b: Float32Array): number => {
  let [dot, first, second] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    dot += x * b[i]!;
    first += x * x;
    second += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(first * second || 1);
};

/** Measures the generator on pictures, each in its own view and in all of the recipe's rotations. */
export async function scoreDrawings(pictures: readonly Picture[], context: ScoreContext): Promise<DrawingScores> {
  const { drawer, recipe, store, maps, trueView } = context;
  const { height, width } = recipe.input;
  const [again, novel, copies] = [new Likenesses(), new Likenesses(), new Likenesses()];
  const features: { photos: Float32Array[]; views: Float32Array[] } = { photos: [], views: [] };
  let alike = 0;
  let views = 0;
  for (const picture of pictures) {
    const photo = await drawer.photo(store, picture);
    const image = drawer.image(photo);
    const codes = await drawer.codesOf([photo]);
    const degrees = [0, ...recipe.rotations];
    const structures: Float32Array[] = [];
    for (const angle of degrees) structures.push(await maps.get(picture, angle));
    const [recon, ...turned] = await drawer.drawn(structures, codes);
    again.add(drawer.image(recon!), image);
    const [own] = await drawer.embeddingsOf([photo]);
    features.photos.push(meanMap(codes.data));
    const { data } = await drawer.codesOf(turned);
    const each = codes.data.length;
    for (let i = 0; i < turned.length; i++) features.views.push(meanMap(data.subarray(i * each, (i + 1) * each)));
    for (const [i, embedding] of (await drawer.embeddingsOf(turned)).entries()) {
      alike += cosine(own!, embedding);
      views++;
      if (!trueView) continue;
      const truth = await trueView(picture, recipe.rotations[i]! / VIEW_STEP);
      const sized = resizeImage(truth, width, height, recipe.input.resize ?? 'bilinear');
      novel.add(drawer.image(turned[i]!), sized);
      copies.add(image, sized);
    }
  }
  const rows = (list: readonly Float32Array[]) => {
    const dimension = list[0]!.length;
    const data = new Float32Array(list.length * dimension);
    for (const [i, row] of list.entries()) data.set(row, i * dimension);
    return { data, dimension };
  };
  return {
    pictures: pictures.length,
    reconstruction: again.mean,
    ...(trueView ? { novel: { ...novel.mean, views: novel.count, copy: copies.mean } } : {}),
    identity: alike / views,
    fid: pictures.length > 1 ? frechetDistance(rows(features.photos), rows(features.views)) : Number.NaN,
  };
}

/** What the generator can do, in a line or two. */
export function sayScores({ reconstruction, novel, identity, fid, pictures }: DrawingScores): string {
  const of = ({ ssim, l1, psnr }: DrawingScores['reconstruction']) =>
    `SSIM ${ssim.toFixed(3)}, L1 ${l1.toFixed(4)}, PSNR ${psnr.toFixed(1)} dB`;
  return [
    `photos drawn again: ${of(reconstruction)} (${pictures} pictures)`,
    novel && `novel views against the truth: ${of(novel)}; the photo itself against it: ${of(novel.copy)}`,
    `novel views keep the person by a mean cosine of ${identity.toFixed(3)}; FID ${fid.toFixed(2)} on this encoder's map`,
  ]
    .filter(Boolean)
    .join('\n');
}
