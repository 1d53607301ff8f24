import type { TransformConfig } from '../../datasets/index.js';
import type { Schedule } from '../../engine/optim/index.js';
import type { LossWeights } from '../losses/identity-triplet.js';
import type { EncoderSpec, GAMSpec, ModelSpec } from './model-spec.js';
import type { UnsupervisedRecipe } from './unsupervised.js';

/** What every recipe has, with or without labels. */
export interface RecipeBase {
  readonly name: string;
  /** A line for `node cli/train.js --help`. */
  readonly about: string;
  readonly model: ModelSpec | GAMSpec | EncoderSpec;
  /** Size of the network's input, and what is done to training pictures. */
  readonly input: Pick<TransformConfig, 'height' | 'width' | 'mean' | 'std'>;
  readonly augment: Pick<TransformConfig, 'flip' | 'pad' | 'crop' | 'erase' | 'jitter' | 'move'>;
  readonly optimiser: {
    readonly kind: 'adam' | 'adamw' | 'sgd';
    readonly lr: number;
    readonly weightDecay: number;
    /** Of sgd. */
    readonly momentum: number;
  };
  /** Course of the learning rate; counted in epochs. */
  readonly schedule: Schedule;
  readonly epochs: number;
  readonly evaluation: {
    readonly batch: number;
    readonly distance: 'cosine' | 'euclidean';
    /** Average with the mirrored picture's features. */
    readonly flip: boolean;
    /** Evaluate every so many epochs during training; 0: only at the end. */
    readonly every: number;
  };
}

/**
 * A recipe is a value: everything that a run depends on besides its data and its seed. It is printed, changed from the command
 * line (`--set optimiser.lr=0.001`), and saved with the checkpoint.
 */
export interface Recipe extends RecipeBase {
  readonly model: ModelSpec;
  /** P identities with K images each make a batch; an epoch covers every image or every identity once. */
  readonly sampler: { readonly identities: number; readonly images: number; readonly cover: 'images' | 'identities' };
  readonly loss: LossWeights & { readonly labelSmoothing: number };
  /** `float16` stores activations in half the bytes and scales the loss; adapters with `shader-f16`. Default float32. */
  readonly precision?: 'float32' | 'float16';
}

/** A recipe for training with labels or without. */
export type AnyRecipe = Recipe | UnsupervisedRecipe;

/** Whether a recipe trains without labels. */
export const isUnsupervised = (recipe: AnyRecipe): recipe is UnsupervisedRecipe => 'method' in recipe;
