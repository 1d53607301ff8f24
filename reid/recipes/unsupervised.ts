import type { EncoderSpec, GAMSpec } from './model-spec.js';
import type { RecipeBase } from './recipe.js';

/**
 * Whether clustering knows which camera took a picture: not at all (as published), or it takes from each feature what all of its
 * camera's have in common.
 */
export type CameraMode = 'ignored' | 'centred';

/**
 * The training of GAM (Nikhal and Riggan, WACV 2021, as reconstructed): steps of training with as many clusters as there are, each
 * followed by merging some. `epochs`, `schedule` and `optimiser.lr` are those of the first step, `later` those of the others.
 */
export interface GAMRecipe extends RecipeBase {
  readonly method: 'gam';
  readonly model: GAMSpec;
  readonly optimiser: RecipeBase['optimiser'] & {
    readonly nesterov: boolean;
    /** What the trunk's rate is multiplied by: 0.1 fine-tunes, 1 trains from random weights. */
    readonly trunk: number;
  };
  readonly later: { readonly epochs: number; readonly lr: number };
  /** Pictures of a batch; each comes in two views. */
  readonly batch: number;
  /** Whether the first view is augmented too, and not only resized. */
  readonly twoRandomViews: boolean;
  readonly loss: {
    /** t: the logits are t V·u. */
    readonly aclSharpness: number;
    /** 0 leaves the clustering loss out. */
    readonly aclWeight: number;
    /** τ of the instance loss. */
    readonly idlTau: number;
    /** λ of the instance loss; 0 leaves it out. */
    readonly idlWeight: number;
    readonly idlForm: 'symmetric' | 'paper';
  };
  readonly clustering: {
    /** Share of the pictures' number by which the clusters become fewer in each step. */
    readonly mergePercent: number;
    /** λ: times the sizes of both clusters, added to the squared distance. */
    readonly sizePenalty: number;
    readonly cameras: CameraMode;
  };
  /** The step whose figures are the run's: the last with at least this share of clusters to pictures. */
  readonly publishAt: number;
}

/**
 * Cluster contrast (Dai et al., "Cluster contrast for unsupervised person re-identification", ACCV 2022): each epoch clusters all
 * pictures anew by DBSCAN on Jaccard distances and trains against a memory of the clusters' centres.
 */
export interface ContrastRecipe extends RecipeBase {
  readonly method: 'cluster-contrast';
  readonly model: EncoderSpec;
  /** P clusters with K pictures each make a batch. */
  readonly sampler: { readonly identities: number; readonly images: number };
  readonly loss: {
    /** τ: the logits are V·f / τ. */
    readonly temperature: number;
    /** What a centre keeps of itself at each update. */
    readonly momentum: number;
    /** Centres move towards the hardest picture of a batch, not towards each. */
    readonly hard: boolean;
  };
  readonly clustering: {
    /** Neighbours of the k-reciprocal sets, and of their averages. */
    readonly k1: number;
    readonly k2: number;
    /** Two pictures are neighbours up to this Jaccard distance. */
    readonly eps: number;
    /** Pictures in the neighbourhood of one that makes a cluster, itself included. */
    readonly minSamples: number;
    /**
     * Pictures in no cluster are left out of the epoch (`drop`, as published), or each is a cluster of its own (`own`, as in SpCL), which
     * also trains a network that knows nothing yet.
     */
    readonly outliers: 'drop' | 'own';
    readonly cameras: CameraMode;
  };
}

export type UnsupervisedRecipe = GAMRecipe | ContrastRecipe;
