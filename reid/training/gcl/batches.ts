import {
  type Batch,
  DatasetError,
  type ImageStore,
  Loader,
  type LoaderState,
  type Picture,
  shuffledSampler,
  testTransform,
  type UnlabelledDataset,
} from '../../../datasets/index.js';
import type { StructureProvider } from '../../../datasets/structure/provider.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import { batchStream } from './draws.js';

/** Photos with their structure as it stands and turned. */
export interface StructuredBatch {
  /** [B, 3, H, W] */
  readonly photos: Float32Array;
  /** [B, 1, H, W] each. */
  readonly structure: Float32Array;
  readonly turned: Float32Array;
  /** Numbers of the pictures in the data set. */
  readonly rows: Int32Array;
  readonly epoch: number;
  readonly index: number;
  readonly count: number;
}

/** Most bytes of maps that are kept. */
const CACHE_BYTES = 512 * 2 ** 20;

/** Maps of one size, kept once they were made, as far as there is room. */
export class StructureMaps {
  readonly #provider: StructureProvider;
  readonly #size: { readonly height: number; readonly width: number };
  readonly #kept = new Map<string, Float32Array>();
  #bytes = 0;

  constructor(provider: StructureProvider, { height, width }: { readonly height: number; readonly width: number }) {
    this.#provider = provider;
    this.#size = { height, width };
  }

  get name(): string {
    return this.#provider.name;
  }

  has(picture: Picture): boolean {
    return this.#provider.has?.(picture) ?? true;
  }

  /**
   * The map [H · W] of a picture turned by some degrees.
   *
   * @throws DatasetError naming the picture where it has none, or one of another size
   */
  async get(picture: Picture, degrees: number): Promise<Float32Array> {
    const { views, name } = this.#provider;
    const view = (degrees / 360) * views;
    if (!Number.isInteger(view)) {
      throw new DatasetError(`${name} has ${views} views: none is turned by ${degrees}°. Take other --set rotations=.`);
    }
    const key = `${view} ${picture.path}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const map = await this.#provider.structure(picture, view, this.#size);
    const { height, width } = this.#size;
    if (map.length !== height * width) {
      throw new DatasetError(
        `${name}: the map of ${picture.path}, turned by ${degrees}°, has ${map.length} values; ${height}×${width} are expected.`,
      );
    }
    const bad = map.find((value) => !Number.isFinite(value));
    if (bad !== undefined)
      throw new DatasetError(`${name}: the map of ${picture.path}, turned by ${degrees}°, holds ${bad}.`);
    if (this.#bytes + map.byteLength <= CACHE_BYTES) {
      this.#bytes += map.byteLength;
      this.#kept.set(key, map);
    }
    return map;
  }
}

export interface StructuredBatchesOptions {
  readonly dataset: UnlabelledDataset;
  /** Numbers of the pictures to draw from. */
  readonly rows: readonly number[];
  readonly batch: number;
  readonly recipe: Pick<GCLRecipe, 'input' | 'rotations'>;
  readonly seed: number;
  readonly store: ImageStore;
  readonly maps: StructureMaps;
}

/** Batches of shuffled pictures as they are, a smaller last one left out, each picture's structure turned by an angle of its own. */
export class StructuredBatches {
  readonly #options: StructuredBatchesOptions;
  readonly #loader: Loader;
  #state: LoaderState = { epoch: 0, batch: 0 };

  constructor(options: StructuredBatchesOptions) {
    const { dataset, rows, batch, recipe, seed, store } = options;
    this.#options = options;
    this.#loader = new Loader(
      dataset,
      rows.map((row) => dataset.pictures[row]!),
      {
        sampler: shuffledSampler(rows.length, batch, seed),
        transform: testTransform(recipe.input),
        labels: rows,
        store,
      },
    );
  }

  get state(): LoaderState {
    return this.#state;
  }

  set state(state: LoaderState) {
    this.#loader.state = state;
    this.#state = this.#loader.state;
  }

  get count(): number {
    return this.#loader.batchCount;
  }

  /** The rest of an epoch. The batch after the one in use is made ready meanwhile. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StructuredBatch, void, undefined> {
    this.#loader.state = this.#state;
    const photos = this.#loader[Symbol.asyncIterator]();
    const ask = () => {
      const coming = this.#next(photos);
      coming.catch(() => undefined); // A failure is reported when its turn comes.
      return coming;
    };
    let coming = ask();
    for (;;) {
      const batch = await coming;
      if (!batch) return;
      coming = ask();
      const { epoch, index, count } = batch;
      this.#state = index + 1 < count ? { epoch, batch: index + 1 } : { epoch: epoch + 1, batch: 0 };
      yield batch;
    }
  }

  async #next(photos: AsyncIterator<Batch, void>): Promise<StructuredBatch | undefined> {
    const { value, done } = await photos.next();
    if (done || !value) return undefined;
    const { dataset, recipe, seed, maps } = this.#options;
    const { images, shape, labels: rows, epoch, index, count } = value;
    const area = shape[2] * shape[3];
    const structure = new Float32Array(rows.length * area);
    const turned = new Float32Array(rows.length * area);
    const random = batchStream(seed, 'gcl-turn', epoch, index);
    const angles = Array.from(rows, () => random.choice(recipe.rotations));
    for (const [b, row] of rows.entries()) {
      const picture = dataset.pictures[row]!;
      structure.set(await maps.get(picture, 0), b * area);
      turned.set(await maps.get(picture, angles[b]!), b * area);
    }
    return { photos: images, structure, turned, rows, epoch, index, count };
  }

  async close(): Promise<void> {
    await this.#loader.close();
  }
}
