import { createTransform, type Image, type ImageStore, type Picture, testTransform } from '../../../datasets/index.js';
import { type Gpu, noGrad, scope, type Tensor, tensor } from '../../../engine/index.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { GCLNetworks } from './step.js';

/** Appearances [N, 4 · C], one after the other. */
export interface Codes {
  readonly data: Float32Array;
  readonly count: number;
}

/**
 * Draws pictures with the networks as they are, without training them: what a run shows of itself, and what `generate` makes.
 *
 * @example
 *   const drawer = new Drawer(gpu, nets, recipe);
 *   const codes = await drawer.codesOf([await drawer.photo(store, picture)]);
 *   const [back] = await drawer.draw([await maps.get(picture, 180)], codes);
 */
export class Drawer {
  readonly #gpu: Gpu;
  readonly #nets: Pick<GCLNetworks, 'identity' | 'generator'>;
  readonly #input: GCLRecipe['input'];

  constructor(gpu: Gpu, nets: Pick<GCLNetworks, 'identity' | 'generator'>, { input }: Pick<GCLRecipe, 'input'>) {
    this.#gpu = gpu;
    this.#nets = nets;
    this.#input = input;
  }

  /** A picture as the networks see it, [3 · H · W]. */
  async photo(store: ImageStore, picture: Picture): Promise<Float32Array> {
    return this.photoOf(await store.get(picture));
  }

  /** 8-bit RGB of the recipe's size as the networks see it. */
  photoOf(pixels: Uint8Array): Float32Array {
    const out = new Float32Array(pixels.length);
    createTransform(testTransform(this.#input)).write(pixels, 0, out, 0);
    return out;
  }

  /** Photos as pictures again. */
  image(photo: Float32Array): Image {
    const { height, width, mean, std } = this.#input;
    const area = height * width;
    const data = new Uint8Array(3 * area);
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < area; i++) {
        const value = (photo[c * area + i]! * std[c]! + mean[c]!) * 255;
        data[3 * i + c] = Math.round(Math.min(Math.max(value, 0), 255));
      }
    }
    return { width, height, data };
  }

  /** The encoder in eval mode meanwhile. */
  async #still<T>(work: () => Promise<T>): Promise<T> {
    const { identity } = this.#nets;
    const { training } = identity;
    identity.eval();
    try {
      return await scope(() => noGrad(work), this.#gpu);
    } finally {
      identity.train(training);
    }
  }

  #stacked(parts: readonly Float32Array[], channels: number): Tensor {
    const { height, width } = this.#input;
    const data = new Float32Array(parts.length * channels * height * width);
    for (const [i, part] of parts.entries()) data.set(part, i * part.length);
    return tensor(data, [parts.length, channels, height, width], { gpu: this.#gpu });
  }

  /** Appearances of photos. */
  codesOf(photos: readonly Float32Array[]): Promise<Codes> {
    return this.#still(async () => {
      const { code } = this.#nets.identity.identify(this.#stacked(photos, 3));
      return { data: (await code.read()) as Float32Array, count: photos.length };
    });
  }

  /** Embeddings of photos, not normalised. */
  embeddingsOf(photos: readonly Float32Array[]): Promise<Float32Array[]> {
    return this.#still(async () => {
      const { embedding } = this.#nets.identity.identify(this.#stacked(photos, 3));
      const values = (await embedding.read()) as Float32Array;
      const size = values.length / photos.length;
      return photos.map((_, i) => values.slice(i * size, (i + 1) * size));
    });
  }

  /**
   * Photos [3 · H · W] of given structures [H · W] in given appearances: one for each structure, or one for all.
   *
   * @returns not bounded: `image` cuts what is too dark or too bright
   */
  drawn(structures: readonly Float32Array[], codes: Codes): Promise<Float32Array[]> {
    return this.#still(async () => {
      const n = structures.length;
      const each = codes.data.length / codes.count;
      const all = new Float32Array(n * each);
      for (let i = 0; i < n; i++)
        all.set(codes.data.subarray((i % codes.count) * each, ((i % codes.count) + 1) * each), i * each);
      const { generator } = this.#nets;
      const code = tensor(all, [n, each], { gpu: this.#gpu });
      const values = (await generator.forward(this.#stacked(structures, 1), code).read()) as Float32Array;
      const size = values.length / n;
      return structures.map((_, i) => values.slice(i * size, (i + 1) * size));
    });
  }

  /** The same as pictures. */
  async draw(structures: readonly Float32Array[], codes: Codes): Promise<Image[]> {
    return (await this.drawn(structures, codes)).map((photo) => this.image(photo));
  }
}

/** λ a + (1 − λ) b of two appearances. */
export function blendCodes(a: Codes, b: Codes, share: number): Codes {
  return { count: a.count, data: a.data.map((value, i) => share * value + (1 - share) * b.data[i]!) };
}
