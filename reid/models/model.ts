import type { Module } from '../../engine/nn/index.js';
import type { Tensor } from '../../engine/tensor.js';

/** What a model for re-identification gives in training. The first of each list is of the whole picture, others of its parts. */
export interface TrainingOutput {
  /** [N, C] each: for metric losses. */
  readonly features: readonly Tensor[];
  /** [N, identities] each: for the identity loss. */
  readonly logits: readonly Tensor[];
}

/** A model that retrieves. */
export interface RetrievalModel extends Module {
  /** Images [N, 3, H, W] → what retrieval compares [N, C]. */
  forward(images: Tensor): Tensor;
}

/** A model that can be trained with identity and metric losses, and that retrieves. */
export interface ReidModel extends RetrievalModel {
  /** Images [N, 3, H, W] → what the losses see. */
  losses(images: Tensor): TrainingOutput;
}
