import type { ImageRecord } from '../../../datasets/index.js';
import { clusterScores } from '../../metrics/cluster-scores.js';
import type { Metrics } from '../retrieval.js';
import type { RoundClustered } from './trainer.js';

/** Figures of a round by both ways to count average precision. */
export interface RoundMetrics extends Metrics {
  /** Mean average precision by trapezoids, as Market-1501's own code counts it. */
  readonly trapezoid: number;
}

/** What is known of a round once it is over. */
export interface RoundRecord {
  readonly round: number;
  /** Clusters with which it trains. */
  readonly clusters: number;
  /** Pictures of the largest cluster. */
  readonly largest: number;
  /** Pictures in no cluster. */
  readonly outliers: number;
  /** Share of the pairs that were merged before the round which show one identity. */
  readonly sharedPairs?: number;
  /** Share of the clustered pictures whose identity is the most frequent of their cluster. */
  readonly purity?: number;
  readonly metrics?: RoundMetrics;
}

/** A largest cluster of more than this share of all pictures is a chain of people most likely. */
export const TOO_LARGE = 0.05;

/** How many pictures each cluster has. */
export function sizesOf({ labels, clusters }: { readonly labels: Int32Array; readonly clusters: number }): Int32Array {
  const sizes = new Int32Array(clusters);
  for (const label of labels) if (label >= 0) sizes[label]!++;
  return sizes;
}

/** The identity of each picture, in the order of their numbers, where the data set knows it. For looking back alone. */
export function identitiesOf(
  pictures: readonly { readonly path: string }[],
  records: readonly ImageRecord[],
): Int32Array | undefined {
  const known = new Map(records.map(({ path, identity }) => [path, identity]));
  const identities = pictures.map(({ path }) => known.get(path));
  return identities.every((identity) => identity !== undefined) ? Int32Array.from(identities) : undefined;
}

/** The share of pictures in clusters whose identity is the most frequent one of their cluster; 0 where there are none. */
export function purityOf(labels: Int32Array, identities: Int32Array): number {
  const clustered = Array.from(labels.keys()).filter((i) => labels[i]! >= 0);
  const of = (numbers: Int32Array) => clustered.map((i) => numbers[i]!);
  return clustered.length > 0 ? clusterScores(of(identities), of(labels)).purity : 0;
}

/** The share of merged pairs that show one identity. */
export function sharedPairsOf(merged: readonly number[], identities: Int32Array): number {
  let shared = 0;
  for (let at = 0; at < merged.length; at += 2)
    shared += Number(identities[merged[at]!] === identities[merged[at + 1]!]);
  return merged.length > 0 ? (2 * shared) / merged.length : 0;
}

/** The record of a round that was just clustered. `identities` are known to whoever watches, never to the training. */
export function recordOf(event: RoundClustered, identities: Int32Array | undefined): RoundRecord {
  const { round, clusters, labels, merged } = event;
  return {
    round,
    clusters,
    largest: sizesOf(event).reduce((most, size) => Math.max(most, size), 0),
    outliers: labels.reduce((count, label) => count + Number(label < 0), 0),
    ...(identities && merged ? { sharedPairs: sharedPairsOf(merged, identities) } : {}),
    ...(identities ? { purity: purityOf(labels, identities) } : {}),
  };
}
