import * as distance from '../../engine/ops/distance.js';
import * as loss from '../../engine/ops/loss.js';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import type { Tensor } from '../../engine/tensor.js';
import type { OpArguments, OpRunner, OpRunners } from './case.js';

const reduction = ({ attrs }: OpArguments) => attrs.reduction as loss.Reduction;

const toTarget =
  (f: (x: Tensor, target: Tensor, options: loss.LossOptions) => Tensor): OpRunner =>
  (args) =>
    f(args.tensors.x!, args.tensors.target!, { reduction: reduction(args) });

const pairs =
  (f: (x: Tensor, y: Tensor) => Tensor): OpRunner =>
  ({ tensors }) =>
    f(tensors.x!, tensors.y!);

/** Losses and distances. */
export const losses: OpRunners = {
  cross_entropy: (args) =>
    loss.crossEntropy(args.tensors.x!, args.tensors.target!, {
      labelSmoothing: args.attrs.label_smoothing as number,
      ignoreIndex: args.attrs.ignore_index as number,
      reduction: reduction(args),
    }),
  nll_loss: ({ tensors }) => loss.nllLoss(logSoftmax(tensors.x!, 1), tensors.target!),
  bce_with_logits: (args) =>
    loss.bceWithLogits(args.tensors.x!, args.tensors.target!, {
      posWeight: args.tensors.pos_weight,
      reduction: reduction(args),
    }),
  bce: (args) => loss.bce(args.tensors.p!, args.tensors.target!, { reduction: reduction(args) }),
  mse_loss: toTarget(loss.mseLoss),
  l1_loss: toTarget(loss.l1Loss),
  smooth_l1_loss: (args) =>
    loss.smoothL1Loss(args.tensors.x!, args.tensors.target!, {
      beta: args.attrs.beta as number,
      reduction: reduction(args),
    }),
  kl_div: (args) =>
    loss.klDiv(logSoftmax(args.tensors.x!, 1), softmax(args.tensors.y!, 1), { reduction: reduction(args) }),
  margin_ranking_loss: ({ tensors, attrs }) =>
    loss.marginRankingLoss(tensors.a!, tensors.b!, attrs.target as number, { margin: attrs.margin as number }),
  soft_margin_loss: ({ tensors, attrs }) => loss.softMarginLoss(tensors.a!, attrs.target as number),
  triplet_margin_loss: ({ tensors, attrs }) =>
    loss.tripletMarginLoss(tensors.a!, tensors.p!, tensors.n!, {
      margin: attrs.margin as number,
      p: attrs.p as number,
    }),
  cosine_embedding_loss: ({ tensors, attrs }) =>
    loss.cosineEmbeddingLoss(tensors.a!, tensors.b!, tensors.y!, { margin: attrs.margin as number }),
  l2_normalize: ({ tensors, attrs }) =>
    distance.l2Normalize(tensors.x!, attrs.dim as number, { p: attrs.p as number, eps: attrs.eps as number }),
  cdist: ({ tensors, attrs }) => distance.cdist(tensors.x!, tensors.y!, attrs.p as number),
  squared_euclidean: pairs(distance.squaredEuclidean),
  euclidean: pairs(distance.euclidean),
  cosine_distance: pairs(distance.cosineDistance),
  cosine_similarity: ({ tensors, attrs }) => distance.cosineSimilarity(tensors.x!, tensors.y!, attrs.dim as number),
};
