import { RandomStream } from '../random/philox.js';
import { DatasetError } from './error.js';

/** One batch: positions in the list of records. */
export type BatchIndices = readonly number[];

/**
 * Decides which records make up which batch. A pure function of the epoch's number, so a run that stopped at (epoch, batch)
 * continues exactly from these two numbers.
 */
export interface Sampler {
  /** The batches of an epoch, in order. */
  batches(epoch: number): readonly BatchIndices[];
  /** The largest batch. */
  readonly batchSize: number;
}

export interface IdentitySamplerOptions {
  /** Identity of each record; records below 0 (junk, noise of a clustering) are left out. */
  readonly labels: ArrayLike<number>;
  /** P: identities in a batch. */
  readonly identities: number;
  /** K: images of each of them. */
  readonly images: number;
  readonly seed: number;
  /**
   * What an epoch goes through. `images` (default): about every image once: an identity with many images comes several
   * times. `identities`: every identity once, with K of its images.
   */
  readonly cover?: 'images' | 'identities';
  /**
   * How an identity with fewer than K images fills its group. `repeat` (default): all of them, then some again. `replacement`: K
   * draws of which several may be the same, as torchreid has it.
   */
  readonly shortage?: 'repeat' | 'replacement';
}

/** Positions of each label, in ascending order of the label. */
export function groupByLabel(labels: ArrayLike<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0) continue;
    const group = groups.get(label);
    if (group) group.push(i);
    else groups.set(label, [i]);
  }
  return new Map([...groups].sort(([a], [b]) => a - b));
}

/** Shuffles an identity's images and cuts them into groups of K; fewer than K are repeated, a rest of fewer is left out. */
function cutIntoGroups(
  members: readonly number[],
  size: number,
  random: RandomStream,
  shortage: 'repeat' | 'replacement',
): number[][] {
  if (members.length < size && shortage === 'replacement')
    return [Array.from({ length: size }, () => random.choice(members))];
  const order = random.shuffle([...members]);
  while (order.length < size) order.push(...random.shuffle([...members]).slice(0, size - order.length));
  const groups: number[][] = [];
  for (let at = 0; at + size <= order.length; at += size) groups.push(order.slice(at, at + size));
  return groups;
}

/**
 * The P x K sampler of Hermans et al. ("In defense of the triplet loss", 2017): each batch holds P identities with K images
 * each, all of an identity's images side by side.
 *
 * @throws DatasetError when there are fewer than P identities
 *
 * @example
 *   const sampler = identitySampler({ labels: dataset.train.map((r) => r.identity), identities: 16, images: 4, seed: 1 });
 *   sampler.batches(0).length;   // batches of the first epoch
 */
export function identitySampler(options: IdentitySamplerOptions): Sampler {
  const { labels, identities, images, seed, cover = 'images', shortage = 'repeat' } = options;
  if (!(Number.isInteger(identities) && identities >= 1 && Number.isInteger(images) && images >= 1)) {
    throw new RangeError(`identitySampler: P and K must be whole and positive, got P = ${identities}, K = ${images}`);
  }
  const members = groupByLabel(labels);
  if (members.size < identities) {
    throw new DatasetError(
      `A batch of ${identities} identities needs at least as many in the training set, which has ${members.size}. ` +
        `Choose at most ${members.size} identities a batch, or add identities.`,
    );
  }
  const batches = (epoch: number): BatchIndices[] => {
    const random = new RandomStream(seed, 'sampler', epoch);
    const waiting: number[][][] = [];
    for (const list of members.values()) {
      const groups = cutIntoGroups(list, images, random, shortage);
      waiting.push(cover === 'images' ? groups : groups.slice(0, 1));
    }
    const result: BatchIndices[] = [];
    let live = waiting;
    while (live.length >= identities) {
      // A partial Fisher-Yates shuffle: the first P places are a fair draw of P different identities.
      for (let place = 0; place < identities; place++) {
        const other = place + random.integer(live.length - place);
        [live[place], live[other]] = [live[other]!, live[place]!];
      }
      result.push(live.slice(0, identities).flatMap((groups) => groups.pop()!));
      live = live.filter((groups) => groups.length > 0);
    }
    return result;
  };
  return { batches, batchSize: identities * images };
}

/** All records in order, for evaluation; the last batch may be smaller. The same in every epoch. */
export function sequentialSampler(count: number, batchSize: number): Sampler {
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new RangeError(`sequentialSampler: the batch size must be whole and positive, got ${batchSize}`);
  }
  const batches: number[][] = [];
  for (let from = 0; from < count; from += batchSize) {
    batches.push(Array.from({ length: Math.min(batchSize, count - from) }, (_, i) => from + i));
  }
  return { batches: () => batches, batchSize };
}

/** The batches of another sampler with each record several times, side by side: so that a loader augments it anew each time. */
export function repeatingSampler(sampler: Sampler, times: number): Sampler {
  if (!(Number.isInteger(times) && times >= 1)) {
    throw new RangeError(`repeatingSampler: records are taken a whole number of times, at least once, not ${times}`);
  }
  const batches = (epoch: number): BatchIndices[] =>
    sampler.batches(epoch).map((batch) => batch.flatMap((member) => new Array<number>(times).fill(member)));
  return { batches, batchSize: times * sampler.batchSize };
}

/** All records shuffled anew in each epoch; with `dropLast`, a smaller last batch is left out. */
export function shuffledSampler(count: number, batchSize: number, seed: number, dropLast = true): Sampler {
  const cut = sequentialSampler(count, batchSize).batches(0);
  const kept = dropLast ? cut.filter((batch) => batch.length === batchSize) : cut;
  const batches = (epoch: number): BatchIndices[] => {
    const order = new RandomStream(seed, 'sampler', epoch).shuffle(Array.from({ length: count }, (_, i) => i));
    return kept.map((batch) => batch.map((place) => order[place]!));
  };
  return { batches, batchSize };
}
