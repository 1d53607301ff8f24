import { RandomStream } from '../random/philox.js';
import { consecutiveClip, denseClips, spreadClips, stratifiedClip } from './clips.js';
import { DatasetError } from './error.js';
import { type BatchIndices, groupByLabel, type Sampler } from './sampler.js';
import type { Tracklet } from './tracklets.js';

/** Streams of an epoch are numbered from its number times this. */
const DRAWS_PER_EPOCH = 2 ** 32;

/**
 * Clips to train on: of every tracklet that `sampler` takes, one frame of each of `frames` stretches, in order (see
 * `stratifiedClip`).
 *
 * @param sampler of positions in `tracklets`, an `identitySampler` mostly
 * @returns a sampler of the records that were grouped: the frames of a batch's clips, clip by clip
 */
export function clipSampler(tracklets: readonly Tracklet[], sampler: Sampler, frames: number, seed: number): Sampler {
  const batches = (epoch: number): BatchIndices[] =>
    sampler.batches(epoch).map((members, batch) =>
      members.flatMap((member, place) => {
        const { positions } = tracklets[member]!;
        const draw = epoch * DRAWS_PER_EPOCH + batch * sampler.batchSize + place;
        return stratifiedClip(positions.length, frames, new RandomStream(seed, 'clips', draw)).map(
          (i) => positions[i]!,
        );
      }),
    );
  return { batches, batchSize: sampler.batchSize * frames };
}

/** Which clips stand for a tracklet in a test. */
export interface TestClips {
  /**
   * - `dense`: all frames one after the other, up to `most` + 1 clips (the original while it trains)
   * - `test`: `most` frames spread over the tracklet, one after the other (the original when it evaluates)
   * - `random`: one clip of consecutive frames from a random beginning
   */
  readonly mode: 'dense' | 'test' | 'random';
  /** Clips (`dense`) or frames (`test`); 40 by default, the original takes 32 for MARS. */
  readonly most?: number;
  /** Of `test` and `random`, 0 by default. */
  readonly seed?: number;
  /**
   * Clips in a batch; by default a tracklet's clips, however many, are one. It matters where a feature depends on the batch
   * (`minScope: batch` of FGReID).
   */
  readonly batch?: number;
}

function clipsOf({ positions }: Tracklet, index: number, frames: number, options: TestClips): number[][] {
  const { mode, most = 40, seed = 0 } = options;
  const random = new RandomStream(seed, 'test clips', index);
  const length = positions.length;
  const clips =
    mode === 'dense'
      ? denseClips(length, frames, most)
      : mode === 'test'
        ? spreadClips(length, frames, most, random)
        : [consecutiveClip(length, frames, random)];
  return clips.map((clip) => clip.map((i) => positions[i]!));
}

/** Clips that stand for each tracklet, tracklet by tracklet: the same in every epoch. */
export function testClipSampler(tracklets: readonly Tracklet[], frames: number, options: TestClips): Sampler {
  const perTracklet = tracklets.map((tracklet, index) => clipsOf(tracklet, index, frames, options));
  const { batch } = options;
  if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1)) {
    throw new RangeError(`testClipSampler: the batch size must be whole and positive, got ${batch}`);
  }
  const all = perTracklet.flat();
  const groups =
    batch === undefined
      ? perTracklet
      : Array.from({ length: Math.ceil(all.length / batch) }, (_, i) => all.slice(i * batch, (i + 1) * batch));
  const batches = groups.map((clips) => clips.flat());
  return { batches: () => batches, batchSize: batches.reduce((most, list) => Math.max(most, list.length), 0) };
}

export interface StratifiedSamplerOptions {
  /** Identity of each record; records below 0 are left out. */
  readonly labels: ArrayLike<number>;
  /** Identities in a batch. */
  readonly identities: number;
  /** Images of each, one of each stretch of its list. */
  readonly images: number;
  readonly seed: number;
  /** `false`: identities come in ascending order in every epoch, as in FGReID's release, so that the last ones never come. */
  readonly shuffle?: boolean;
}

/**
 * FGReID's batches of images: every identity once an epoch, in an order drawn anew, with one image of each of as many stretches of
 * its list; a batch that is not full is left out.
 *
 * @throws DatasetError when there are fewer identities than a batch needs
 */
export function stratifiedSampler(options: StratifiedSamplerOptions): Sampler {
  const { labels, identities, images, seed, shuffle = true } = options;
  const members = [...groupByLabel(labels).values()];
  if (members.length < identities) {
    throw new DatasetError(
      `A batch of ${identities} identities needs at least as many in the training set, which has ${members.length}. ` +
        `Choose at most ${members.length} identities a batch, or add identities.`,
    );
  }
  const batches = (epoch: number): BatchIndices[] => {
    const random = new RandomStream(seed, 'stratified sampler', epoch);
    const order = members.map((_, i) => i);
    if (shuffle) random.shuffle(order);
    const groups = order.map((i) => stratifiedClip(members[i]!.length, images, random).map((k) => members[i]![k]!));
    return Array.from({ length: Math.floor(groups.length / identities) }, (_, i) =>
      groups.slice(i * identities, (i + 1) * identities).flat(),
    );
  };
  return { batches, batchSize: identities * images };
}
