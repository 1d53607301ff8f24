import { currentGpu } from '../../engine/index.js';
import { init, Parameter } from '../../engine/nn/index.js';
import { type GroupOptions, type Optimiser, SGD } from '../../engine/optim/index.js';
import { empty, type Tensor } from '../../engine/tensor.js';
import { CENTER_WEIGHT, type FGReIDLosses, type FGReIDLossOptions, fgreidLoss } from '../losses/fgreid/fgreid.js';
import { identityTripletLoss } from '../losses/identity-triplet.js';
import { FGReID } from '../models/fgreid/fgreid.js';
import type { ReidModel, TrainingOutput } from '../models/model.js';
import { type FGReIDRecipe, isFGReID, type Recipe } from '../recipes/recipe.js';

/** A part of the loss in a run's log, such as `idLoss`. */
export type LossName = `${string}Loss`;

/** Parameters that a loss has beside the model's, and what moves them, after the model. */
export interface Beside {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly optimiser: Optimiser<GroupOptions>;
}

/** What a recipe for training with labels minimises. */
export interface Objective {
  /** Names of the parts of the loss. */
  readonly names: readonly LossName[];
  /**
   * @param labels int32 [N]: rows of the classifier
   * @returns the loss, and its parts in the order of the names
   */
  losses(output: TrainingOutput, labels: Tensor): { readonly parts: readonly Tensor[]; readonly total: Tensor };
  readonly beside?: Beside;
}

/** The objective of a recipe, for a model that was built by it. */
export function objectiveOf(recipe: Recipe, model: ReidModel): Objective {
  if (isFGReID(recipe)) return fgreidObjective(recipe, model);
  return {
    names: ['idLoss', 'tripletLoss'],
    losses: (output, labels) => {
      const { id, triplet, total } = identityTripletLoss(output, labels, recipe.loss);
      return { parts: [id, triplet], total };
    },
  };
}

/** The weights of FGReID's loss, from the names of the original's option files. */
export function fgreidLossOptions({ loss, centers }: FGReIDRecipe): FGReIDLossOptions {
  return {
    alpha: loss.alpha,
    sigma: loss.sigma,
    lambda: loss.l,
    margin: loss.margin,
    beta: loss.beta_ratio,
    varianceWeight: loss.var_weight,
    rankingWeight: loss.lsr_weight,
    consistencyWeight: loss.lcn_weight,
    centerGradMode: centers.gradMode,
  };
}

/**
 * The original's n, by which the variance about the prototypes is divided: ⌊(s − 1) · b / s⌋ of its command line, where a batch is b
 * identities of s pictures, or b clips of s frames.
 */
export function prototypeCount({ sampler, clips }: FGReIDRecipe): number {
  const { identities, images } = sampler;
  const [size, batch] = clips ? [clips.frames, identities * images] : [images, identities];
  return Math.max(1, Math.floor(((size - 1) * batch) / size));
}

const PARTS = [
  'id',
  'triplet',
  'center',
  'osm',
  'variance',
  'ranking',
  'consistency',
] as const satisfies readonly (keyof FGReIDLosses)[];

/**
 * FGReID's loss with its centres, N(0, 1) at first. Their gradient is divided by the weight of the centre loss, and they are moved by
 * plain gradient descent at a rate that stays: both is one rate.
 */
function fgreidObjective(recipe: FGReIDRecipe, model: ReidModel): Objective {
  if (!(model instanceof FGReID)) throw new TypeError(`${recipe.name}: its loss needs the model FGReID.`);
  const [classes, channels] = model.classifier.weight.shape as [number, number];
  const centers = new Parameter(init.normal_(empty(currentGpu(), [classes, 2 * channels], 'float32', 'centers')));
  const options = fgreidLossOptions(recipe);
  const count = prototypeCount(recipe);
  return {
    names: PARTS.map((part): LossName => `${part}Loss`),
    losses: (output, labels) => {
      const losses = fgreidLoss(output, labels, centers, count, options);
      return { parts: PARTS.map((part) => losses[part]), total: losses.total };
    },
    beside: {
      parameters: new Map([['centers', centers]]),
      optimiser: new SGD([centers], {
        lr: recipe.centers.lr / CENTER_WEIGHT,
      }) as unknown as Optimiser<GroupOptions>,
    },
  };
}
