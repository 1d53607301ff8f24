import { add } from '../../../engine/ops/arithmetic.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { TrainingOutput } from '../../models/model.js';
import { centerLoss } from '../center.js';
import { identityLoss } from '../identity.js';
import { batchHardTriplet } from '../triplet.js';
import { branchLosses } from './branches.js';
import { osmCAALoss } from './osm-caa.js';
import { prototypeVariance } from './prototypes.js';

/** Weights of FGReID's loss; names in brackets are those of the original's option files. */
export interface FGReIDLossOptions {
  /** α of the soft mining (`alpha`). */
  readonly alpha: number;
  /** σ of the soft mining (`sigma`). */
  readonly sigma: number;
  /** λ of the soft mining (`l`). */
  readonly lambda: number;
  readonly margin: number;
  /** β: the share of the soft mining; the triplet loss has 1 − β (`beta_ratio`). */
  readonly beta: number;
  /** Of the prototypes (`var_weight`). */
  readonly varianceWeight: number;
  /** Of the branches' ranking (`lsr_weight`). */
  readonly rankingWeight: number;
  /** Of the branches' consistency (`lcn_weight`). */
  readonly consistencyWeight: number;
  /**
   * `reference` (default): the centres' gradient is that of the whole loss times 1 / 0.0005, which undoes the weight of the centre
   * loss and makes that of the soft mining 2000 times as large. `clean`: the soft mining does not move the centres.
   */
  readonly centerGradMode?: 'reference' | 'clean';
}

/** The one section of the original's option file that was released. */
export const FGREID_LOSS: FGReIDLossOptions = {
  alpha: 2.0708620427781153,
  sigma: 0.1985923780643122,
  lambda: 0.483491099945938,
  margin: 0.00020750171830713216,
  beta: 0.14033231327559872,
  varianceWeight: 0.0006818137374953562,
  rankingWeight: 1,
  consistencyWeight: 1,
};

/** Of the centre loss; what the centres' gradient is divided by. */
export const CENTER_WEIGHT = 0.0005;
const LABEL_SMOOTHING = 0.1;

export interface FGReIDLosses {
  readonly id: Tensor;
  readonly triplet: Tensor;
  readonly center: Tensor;
  readonly osm: Tensor;
  /** Weighted already, as the original reports it. */
  readonly variance: Tensor;
  readonly ranking: Tensor;
  readonly consistency: Tensor;
  readonly total: Tensor;
}

/**
 * The whole loss of FGReID: the mean of both branches' smoothed cross entropies + (1 − β) · batch-hard triplet on cosine similarities
 * + 0.0005 · centre loss + β · soft mining (OSM-CAA) + variance about the prototypes + ranking and consistency of the branches.
 *
 * @param output features [N, 2C] and the logits [N, K] of both branches
 * @param labels int32 [N]
 * @param centers [K, 2C]
 * @param count see prototypeVariance
 */
export function fgreidLoss(
  { features, logits }: TrainingOutput,
  labels: Tensor,
  centers: Tensor,
  count: number,
  options: FGReIDLossOptions = FGREID_LOSS,
): FGReIDLosses {
  const [f] = features as [Tensor];
  const [first, second] = logits as [Tensor, Tensor];
  const { beta, margin, centerGradMode = 'reference' } = options;
  const smoothed = (y: Tensor) => identityLoss(y, labels, { labelSmoothing: LABEL_SMOOTHING });
  const id = mulScalar(add(smoothed(first), smoothed(second)), 1 / 2);
  const triplet = batchHardTriplet(f, labels, margin, { metric: 'cosine' });
  const center = centerLoss(f, labels, centers);
  const osm = osmCAALoss(f, labels, centerGradMode === 'clean' ? centers.detach() : centers, options);
  const variance = mulScalar(prototypeVariance(f, labels, count), options.varianceWeight);
  const { ranking, consistency } = branchLosses(first, second, labels);
  const total = [
    id,
    mulScalar(triplet, 1 - beta),
    mulScalar(center, CENTER_WEIGHT),
    mulScalar(osm, beta),
    variance,
    mulScalar(ranking, options.rankingWeight),
    mulScalar(consistency, options.consistencyWeight),
  ].reduce((a, b) => add(a, b));
  return { id, triplet, center, osm, variance, ranking, consistency, total };
}
