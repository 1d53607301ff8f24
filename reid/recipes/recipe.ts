import type { TestClips, TransformConfig } from '../../datasets/index.js';
import type { Schedule } from '../../engine/optim/index.js';
import type { LossWeights } from '../losses/identity-triplet.js';
import type { GCLRecipe } from './gcl.js';
import type { EncoderSpec, FGReIDSpec, GAMSpec, GCLSpec, IdentityModelSpec, ModelSpec } from './model-spec.js';
import type { UnsupervisedRecipe } from './unsupervised.js';

/** What every recipe has, with or without labels. */
export interface RecipeBase {
  readonly name: string;
  /** A line for `node cli/train.js --help`. */
  readonly about: string;
  readonly model: ModelSpec | GAMSpec | EncoderSpec | GCLSpec;
  /** Size of the network's input, and what is done to training pictures. */
  readonly input: Pick<TransformConfig, 'height' | 'width' | 'mean' | 'std' | 'resize'>;
  readonly augment: Pick<TransformConfig, 'flip' | 'enlarge' | 'pad' | 'crop' | 'erase' | 'jitter' | 'move'>;
  /** Of models of clips: without it, pictures are trained on and compared one by one. */
  readonly clips?: ClipSpec;
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

/** How tracklets become clips. */
export interface ClipSpec {
  /** Frames of a clip. */
  readonly frames: number;
  /** Which clips stand for a tracklet in a test, and how many clips (`dense`) or frames (`test`) at most. */
  readonly mode: TestClips['mode'];
  readonly most: number;
}

/** What recipes for training with labels share. */
interface LabelledRecipe extends RecipeBase {
  readonly model: ModelSpec;
  /** `float16` stores activations in half the bytes and scales the loss; adapters with `shader-f16`. Default float32. */
  readonly precision?: 'float32' | 'float16';
}

/** Training with an identity loss and a triplet loss. */
export interface IdentityRecipe extends LabelledRecipe {
  readonly model: IdentityModelSpec;
  /** P identities with K images each make a batch; an epoch covers every image or every identity once. */
  readonly sampler: { readonly identities: number; readonly images: number; readonly cover: 'images' | 'identities' };
  readonly loss: LossWeights & { readonly labelSmoothing: number };
}

/** Training as FGReID: its own loss, with a centre for each identity that is moved by plain gradient descent. */
export interface FGReIDRecipe extends LabelledRecipe {
  readonly model: FGReIDSpec;
  /** P identities with K pictures, or K tracklets of one clip each. */
  readonly sampler: {
    readonly identities: number;
    readonly images: number;
    /** `false`: identities of pictures come in ascending order, as released, so that the last ones never come. */
    readonly shuffleIds: boolean;
  };
  /** Named as in the original's option files. */
  readonly loss: {
    /** α, σ and λ of the soft mining. */
    readonly alpha: number;
    readonly sigma: number;
    readonly l: number;
    readonly margin: number;
    /** β: the share of the soft mining; the triplet loss has 1 − β. */
    readonly beta_ratio: number;
    /** Of the variance about the prototypes, the branches' ranking and their consistency. */
    readonly var_weight: number;
    readonly lsr_weight: number;
    readonly lcn_weight: number;
  };
  readonly centers: {
    readonly lr: number;
    /**
     * `reference`: the soft mining moves them too, 2000 times as strongly as its weight says; `clean`: the centre loss alone
     * (`detachOsm`).
     */
    readonly gradMode: 'reference' | 'clean';
  };
}

/**
 * A recipe is a value: everything that a run depends on besides its data and its seed. It is printed, changed from the command
 * line (`--set optimiser.lr=0.001`), and saved with the checkpoint. These train with labels; the model's kind tells them apart.
 */
export type Recipe = IdentityRecipe | FGReIDRecipe;

/** Whether a recipe trains as FGReID does. */
export const isFGReID = (recipe: Recipe): recipe is FGReIDRecipe => recipe.model.kind === 'fgreid';

/** A recipe for training with labels or without. */
export type AnyRecipe = Recipe | UnsupervisedRecipe | GCLRecipe;

/** Whether a recipe trains without labels, in rounds of training and clustering. */
export const isUnsupervised = (recipe: AnyRecipe): recipe is UnsupervisedRecipe =>
  'method' in recipe && recipe.method !== 'gcl';

/** Whether a recipe trains as GCL does, in stages. */
export const isGCL = (recipe: AnyRecipe): recipe is GCLRecipe => 'method' in recipe && recipe.method === 'gcl';
