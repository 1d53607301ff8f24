import type { Picture, PictureSource } from './dataset.js';
import { ImageStore } from './image-store.js';
import { type BatchIndices, type Sampler, sequentialSampler } from './sampler.js';
import { createTransform, type Transform, type TransformConfig } from './transforms.js';

/** A picture as it is loaded: what is not known of it is 0 in `cameras` and -1 in `labels`. */
export interface LoadedPicture extends Picture {
  readonly identity?: number;
  readonly camera?: number;
}

/** One batch, ready for the network. The arrays are new in every batch, so they may be kept or changed. */
export interface Batch {
  /** `[N, 3, height, width]` */
  readonly images: Float32Array;
  readonly shape: readonly [images: number, channels: 3, height: number, width: number];
  /** `[N]`: identities, or the `labels` that the loader was given. */
  readonly labels: Int32Array;
  /** `[N]` */
  readonly cameras: Int32Array;
  /** `[N]`: positions in the loader's list of records. */
  readonly indices: Int32Array;
  readonly epoch: number;
  /** Number of the batch in its epoch, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
}

/** Where a loader stands: the next batch that it hands out. Two numbers, to be saved with a checkpoint. */
export interface LoaderState {
  readonly epoch: number;
  readonly batch: number;
}

export interface LoaderOptions {
  /** Which records make up which batch; by default all in order, 64 at a time. */
  readonly sampler?: Sampler;
  readonly transform: TransformConfig;
  /** Seed of the augmentation. */
  readonly seed?: number;
  /** Label of each record in place of its identity (pseudo-labels of a clustering). */
  readonly labels?: ArrayLike<number>;
  /** Batches made ready ahead of the one in use, 2 by default. */
  readonly prefetch?: number;
  /** Decoding threads, see `ImageStore`. */
  readonly workers?: number;
  /** Most bytes of decoded pictures to keep, see `ImageStore`. */
  readonly cacheBytes?: number;
  /** Decoded pictures to share with other loaders of the same dataset and size; not closed by this loader. */
  readonly store?: ImageStore;
}

/** Samples of an epoch are numbered from its number times this: no two samples of a run share a number. */
const SAMPLES_PER_EPOCH = 2 ** 32;

/**
 * Loads batches ahead of their use. Each loop over a loader gives the rest of the current epoch; the next loop gives the
 * next epoch. What comes out depends on the records, the sampler, the transform and the seed: not on the number of workers,
 * not on timing, and not on where a run was interrupted.
 *
 * @example
 *   const labels = dataset.train.map((record) => record.identity);
 *   const loader = new Loader(dataset, dataset.train, {
 *     sampler: identitySampler({ labels, identities: 16, images: 4, seed: 1 }),
 *     transform: trainTransform({ height: 128, width: 64 }),
 *     seed: 1,
 *   });
 *   while (loader.state.epoch < 60) {
 *     for await (const { images, shape, labels } of loader) await step(images, shape, labels);
 *   }
 *   await loader.close();
 */
export class Loader implements AsyncIterable<Batch> {
  readonly records: readonly LoadedPicture[];
  readonly sampler: Sampler;
  readonly transform: TransformConfig;
  readonly store: ImageStore;
  readonly #transform: Transform;
  readonly #labels: ArrayLike<number> | undefined;
  readonly #prefetch: number;
  readonly #ownsStore: boolean;
  #state: LoaderState = { epoch: 0, batch: 0 };

  /** @throws RangeError when a shared store holds pictures of another size, or labels do not match the records */
  constructor(dataset: PictureSource, records: readonly LoadedPicture[], options: LoaderOptions) {
    const { transform, seed = 0, labels, prefetch = 2, workers, cacheBytes, store } = options;
    const { height, width, resize: filter = 'bilinear' } = transform;
    if (labels && labels.length !== records.length) {
      throw new RangeError(`Loader: ${labels.length} labels for ${records.length} records; there must be one for each`);
    }
    if (store && (store.height !== height || store.width !== width)) {
      throw new RangeError(
        `Loader: the shared store holds pictures of ${store.height} x ${store.width}, the transform wants ${height} x ${width}`,
      );
    }
    if (store && store.filter !== filter) {
      throw new RangeError(`Loader: the shared store resizes pictures ${store.filter}, the transform wants ${filter}`);
    }
    this.records = records;
    this.sampler = options.sampler ?? sequentialSampler(records.length, 64);
    this.transform = transform;
    this.#transform = createTransform(transform, seed);
    this.store = store ?? new ImageStore(dataset, { height, width, filter, workers, cacheBytes });
    this.#labels = labels;
    this.#prefetch = prefetch;
    this.#ownsStore = !store;
  }

  /** The next batch to come. Setting it continues from there. */
  get state(): LoaderState {
    return this.#state;
  }

  set state({ epoch, batch }: LoaderState) {
    const count = this.sampler.batches(epoch).length;
    if (!(batch >= 0 && (batch < count || batch === 0))) {
      throw new RangeError(
        `Loader: epoch ${epoch} has ${count} batches, so it cannot continue at batch ${batch}. ` +
          'Was the run saved with another dataset, batch size or seed?',
      );
    }
    this.#state = { epoch, batch };
  }

  /** Number of batches in the current epoch. */
  get batchCount(): number {
    return this.sampler.batches(this.#state.epoch).length;
  }

  /** @throws DatasetError naming the file when a picture cannot be read */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const { epoch, batch: first } = this.#state;
    const plan = this.sampler.batches(epoch);
    const ahead: Promise<Batch>[] = [];
    let asked = first;
    for (let index = first; index < plan.length; index++) {
      for (; asked < plan.length && asked <= index + this.#prefetch; asked++) {
        const coming = this.#load(plan, epoch, asked);
        coming.catch(() => undefined); // a failure is reported when its turn comes
        ahead.push(coming);
      }
      const batch = await ahead.shift()!;
      this.#advance(epoch, index + 1, plan.length);
      yield batch;
    }
    if (plan.length === 0) this.#advance(epoch, 0, 0);
  }

  /** Ends the decoding threads. */
  async close(): Promise<void> {
    if (this.#ownsStore) await this.store.close();
  }

  #advance(epoch: number, next: number, count: number): void {
    this.#state = next < count ? { epoch, batch: next } : { epoch: epoch + 1, batch: 0 };
  }

  async #load(plan: readonly BatchIndices[], epoch: number, index: number): Promise<Batch> {
    const { height, width } = this.transform;
    const members = plan[index]!;
    const size = members.length;
    const sampleLength = 3 * height * width;
    const firstSample = epoch * SAMPLES_PER_EPOCH + index * this.sampler.batchSize;
    const batch: Batch = {
      images: new Float32Array(size * sampleLength),
      shape: [size, 3, height, width],
      labels: new Int32Array(size),
      cameras: new Int32Array(size),
      indices: Int32Array.from(members),
      epoch,
      index,
      count: plan.length,
    };
    const place = async (member: number, position: number): Promise<void> => {
      const record = this.records[member];
      if (!record) throw new RangeError(`Loader: the sampler asked for record ${member} of ${this.records.length}`);
      batch.labels[position] = this.#labels ? this.#labels[member]! : (record.identity ?? -1);
      batch.cameras[position] = record.camera ?? 0;
      const pixels = await this.store.get(record);
      this.#transform.write(pixels, firstSample + position, batch.images, position * sampleLength);
    };
    await Promise.all(members.map(place));
    return batch;
  }
}
