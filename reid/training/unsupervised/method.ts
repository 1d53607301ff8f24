import type { Tensor } from '../../../engine/index.js';
import type { GroupOptions, Optimiser, Schedule } from '../../../engine/optim/index.js';
import type { PointDistances } from '../../metrics/reranking/point-distances.js';
import type { Features } from '../features.js';
import type { Batches } from './batches.js';

/** Clusters instead of identities. */
export interface PseudoLabels {
  /** The cluster of each picture, from 0 on without gaps; -1 where it is in none. */
  readonly labels: Int32Array;
  readonly clusters: number;
}

/** What clustering gave. */
export interface Clustering extends PseudoLabels {
  /** Pictures whose nearness joined two clusters: `[i, j, i, j …]`; of methods that merge. */
  readonly merged?: readonly number[];
}

/** Epochs of a round, counted from the beginning of the run. */
export interface EpochRange {
  readonly first: number;
  readonly count: number;
}

/** What differs between ways of training without labels. Rounds of training and clustering take turns. */
export interface Method {
  readonly rounds: number;
  /** Whether a run begins with training (every picture a cluster of its own) and ends with clustering, or the other way around. */
  readonly begins: 'train' | 'cluster';
  /** Names of what `step` returns, the loss that was minimised last. */
  readonly losses: readonly string[];
  epochs(round: number): EpochRange;
  /** A new optimiser for the round, or undefined where the one before goes on. */
  optimiser(round: number): Optimiser<GroupOptions> | undefined;
  /** The course of the rate, by epochs of the round, or of the run where one optimiser makes all of it. */
  schedule(round: number): { readonly course: Schedule; readonly from: 'round' | 'run' };
  batches(pseudo: PseudoLabels): Batches;
  /** The table that a round begins with. `features` are those that were clustered, where a round begins so. */
  memory(pseudo: PseudoLabels, features: Features | undefined): Tensor;
  /** Forward, backward, update of weights and table: the same work for every batch, so that it can be a static step. */
  step(images: Tensor, labels: Tensor, memory: Tensor, optimiser: Optimiser<GroupOptions>): Tensor;
  /** New clusters, from the features' distances and the clusters so far. */
  cluster(points: PointDistances, before: PseudoLabels): Promise<Clustering>;
}
