import { clipSampler, type TestClips, testClipSampler } from './clip-sampler.js';
import type { ImageRecord, PictureSource } from './dataset.js';
import type { ImageStore } from './image-store.js';
import { Loader, type LoaderOptions, type LoaderState } from './loader.js';
import type { Sampler } from './sampler.js';
import { groupTracklets, type Tracklet } from './tracklets.js';

/** One batch of clips. The arrays are new in every batch, so they may be kept or changed. */
export interface ClipBatch {
  /** `[B, T, 3, height, width]` */
  readonly images: Float32Array;
  readonly shape: readonly [clips: number, frames: number, channels: 3, height: number, width: number];
  /** `[B]`: identities, or the `labels` that the loader was given. */
  readonly labels: Int32Array;
  /** `[B]` */
  readonly cameras: Int32Array;
  /** `[B]`: positions in the loader's `tracklets`. */
  readonly tracklets: Int32Array;
  /** `[B, T]`: positions in the loader's list of records. */
  readonly indices: Int32Array;
  readonly epoch: number;
  /** Number of the batch in its epoch, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
}

export interface ClipLoaderOptions extends Omit<LoaderOptions, 'sampler' | 'labels'> {
  /** T: frames of a clip. */
  readonly frames: number;
  /** To train: which tracklets make up which batch, as positions in `groupTracklets(records)`; a clip of each is drawn. */
  readonly sampler?: Sampler;
  /** To test: which clips stand for each tracklet; without `sampler`, `{ mode: 'dense' }`. */
  readonly clips?: TestClips;
  /** Label of each tracklet in place of its identity. */
  readonly labels?: ArrayLike<number>;
}

/**
 * Loads clips of tracklets ahead of their use: a `Loader` of frames whose batches are whole clips, so that everything that is said
 * of it holds here. Every frame is augmented by itself.
 *
 * @example
 *   const tracklets = groupTracklets(dataset.train);
 *   const labels = tracklets.map(({ identity }) => identity);
 *   const loader = new ClipLoader(dataset, dataset.train, {
 *     frames: 5,
 *     sampler: identitySampler({ labels, identities: 7, images: 4, seed: 1, cover: 'identities' }),
 *     transform: fgreidTransform({ height: 256, width: 150 }),
 *     seed: 1,
 *   });
 *   for await (const { images, shape, labels } of loader) await step(images, shape, labels);
 *   const test = new ClipLoader(dataset, dataset.query, { frames: 5, clips: { mode: 'test', most: 32 }, transform });
 */
export class ClipLoader implements AsyncIterable<ClipBatch> {
  readonly records: readonly ImageRecord[];
  readonly tracklets: readonly Tracklet[];
  readonly frames: number;
  readonly #loader: Loader;
  readonly #labels: ArrayLike<number> | undefined;
  /** The tracklet of each record. */
  readonly #trackletOf: Int32Array;

  /** @throws RangeError when `frames` is no number of frames, when both `sampler` and `clips` are given, or labels do not match */
  constructor(dataset: PictureSource, records: readonly ImageRecord[], options: ClipLoaderOptions) {
    const { frames, sampler, clips, labels, ...rest } = options;
    if (!(Number.isInteger(frames) && frames >= 1)) {
      throw new RangeError(`ClipLoader: ${frames} frames a clip; there must be a whole number of them, 1 or more`);
    }
    if (sampler && clips)
      throw new RangeError('ClipLoader: sampler draws clips to train on, clips lists those to test on: give one');
    this.records = records;
    this.tracklets = groupTracklets(records);
    if (labels && labels.length !== this.tracklets.length) {
      throw new RangeError(
        `ClipLoader: ${labels.length} labels for ${this.tracklets.length} tracklets; there must be one for each`,
      );
    }
    this.frames = frames;
    this.#labels = labels;
    this.#trackletOf = new Int32Array(records.length);
    this.tracklets.forEach(({ positions }, tracklet) => {
      for (const position of positions) this.#trackletOf[position] = tracklet;
    });
    const ofFrames = sampler
      ? clipSampler(this.tracklets, sampler, frames, options.seed ?? 0)
      : testClipSampler(this.tracklets, frames, clips ?? { mode: 'dense' });
    this.#loader = new Loader(dataset, records, { ...rest, sampler: ofFrames });
  }

  /** The next batch to come. Setting it continues from there. */
  get state(): LoaderState {
    return this.#loader.state;
  }

  set state(state: LoaderState) {
    this.#loader.state = state;
  }

  /** Number of batches in the current epoch. */
  get batchCount(): number {
    return this.#loader.batchCount;
  }

  get store(): ImageStore {
    return this.#loader.store;
  }

  /** @throws DatasetError naming the file when a frame cannot be read */
  async *[Symbol.asyncIterator](): AsyncGenerator<ClipBatch, void, undefined> {
    for await (const { images, shape, indices, epoch, index, count } of this.#loader) {
      const [all, , height, width] = shape;
      const tracklets = Int32Array.from({ length: all / this.frames }, (_, clip) => {
        return this.#trackletOf[indices[clip * this.frames]!]!;
      });
      yield {
        images,
        shape: [tracklets.length, this.frames, 3, height, width],
        labels: tracklets.map((tracklet) => this.#labels?.[tracklet] ?? this.tracklets[tracklet]!.identity),
        cameras: tracklets.map((tracklet) => this.tracklets[tracklet]!.camera),
        tracklets,
        indices,
        epoch,
        index,
        count,
      };
    }
  }

  /** Ends the decoding threads. */
  close(): Promise<void> {
    return this.#loader.close();
  }
}
