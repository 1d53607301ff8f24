import { l2Normalize } from '../../engine/ops/distance.js';
import type { Tensor } from '../../engine/tensor.js';
import { clusteringLoss } from './acl.js';
import { updateMemoryTable } from './memory-table.js';

export interface ClusterContrastOptions {
  /** τ; default 0.05. */
  readonly temperature?: number;
}

/**
 * The loss of cluster contrast (Dai et al., "Cluster contrast for unsupervised person re-identification", ACCV 2022): InfoNCE of
 * features over their lengths against the centres of all clusters, averaged over the batch.
 *
 * @param features [N, D]
 * @param labels int32 [N]: clusters
 * @param centres [K, D], rows of length 1: a constant, which {@link updateCentres} moves after the gradient was computed
 */
export const clusterContrastLoss = (
  features: Tensor,
  labels: Tensor,
  centres: Tensor,
  { temperature = 0.05 }: ClusterContrastOptions = {},
): Tensor => clusteringLoss(l2Normalize(features), labels, centres, 1 / temperature);

export interface CentreUpdate {
  /** What a centre keeps of itself; default 0.1. */
  readonly momentum?: number;
  /** Each centre moves once, towards its least alike feature; default false: towards each, in the batch's order. */
  readonly hard?: boolean;
}

/** Moves the centres towards the features of a batch over their lengths. */
export const updateCentres = (
  centres: Tensor,
  features: Tensor,
  labels: Tensor,
  { momentum = 0.1, hard = false }: CentreUpdate = {},
): void => updateMemoryTable(centres, l2Normalize(features.detach()), labels, { momentum, hardest: hard });
