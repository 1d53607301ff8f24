import {
  DatasetError,
  type ImageStore,
  Loader,
  shuffledSampler,
  testTransform,
  trainTransform,
  type UnlabelledDataset,
} from '../../../datasets/index.js';
import { backward, type Gpu, slice, stack, tensor } from '../../../engine/index.js';
import { add, mul } from '../../../engine/ops/arithmetic.js';
import { type GroupOptions, type Optimiser, SGD } from '../../../engine/optim/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import { mergeStep } from '../../clustering/index.js';
import { clusteringLoss, updateClusterTable } from '../../losses/acl.js';
import { instanceLoss, publishedInstanceLoss } from '../../losses/idl.js';
import type { GAM } from '../../models/gam.js';
import type { GAMRecipe } from '../../recipes/unsupervised.js';
import { Batches } from './batches.js';
import type { Method } from './method.js';

/** What a method is made for. */
export interface MethodContext<R, M> {
  readonly gpu: Gpu;
  readonly dataset: UnlabelledDataset;
  readonly recipe: R;
  readonly seed: number;
  readonly model: M;
  readonly store: ImageStore;
}

/** Shares of decimal fractions, such as 0.29 · 100, are not to fall below the whole number that they mean. */
const ROUNDING = 1e-9;

/** Clusters that each step takes away, of so many pictures. */
export const mergesOf = ({ clustering }: GAMRecipe, pictures: number): number =>
  Math.floor(pictures * clustering.mergePercent + ROUNDING);

/** Number of training steps, each followed by merging. */
export const roundsOf = ({ clustering }: GAMRecipe): number => Math.floor(1 / clustering.mergePercent + ROUNDING) - 1;

/**
 * The step whose figures are published, known before any of them: the last one that trains with at least the recipe's share of clusters
 * to pictures.
 */
export function publishedRound(recipe: GAMRecipe, pictures: number): number {
  const merges = mergesOf(recipe, pictures);
  const enough = (round: number) => pictures - merges * round >= recipe.publishAt * pictures;
  const rounds = Array.from({ length: roundsOf(recipe) }, (_, round) => round);
  return rounds.findLast(enough) ?? rounds.length - 1;
}

/** A new optimiser for a step of training; the trunk has a rate of its own. */
export function buildGAMOptimiser({ optimiser, later }: GAMRecipe, model: GAM, round: number): Optimiser<GroupOptions> {
  const { kind, lr: first, momentum, weightDecay, nesterov, trunk } = optimiser;
  if (kind !== 'sgd') throw new RangeError(`gam trains with sgd, not ${kind}: take --set optimiser.kind=sgd`);
  const lr = round === 0 ? first : later.lr;
  const groups = [
    { parameters: model.CNN.parameters(), lr: lr * trunk },
    { parameters: model.avg_pooling.parameters(), lr },
  ];
  return new SGD(groups, { lr, momentum, nesterov, weightDecay }) as unknown as Optimiser<GroupOptions>;
}

/** Clustering and instance loss of one batch, and what is minimised. */
export function gamLosses(
  { loss }: Pick<GAMRecipe, 'loss'>,
  { unit, dropped }: { readonly unit: Tensor; readonly dropped: Tensor },
  labels: Tensor,
  memory: Tensor,
): { readonly acl: Tensor; readonly idl: Tensor; readonly total: Tensor } {
  const { aclSharpness, aclWeight, idlTau: temperature, idlWeight, idlForm } = loss;
  const acl = clusteringLoss(dropped, labels, memory, aclSharpness);
  const half = unit.shape[0]! / 2;
  // The published form is a sum over the pictures; its mean weighs as the symmetric one does.
  const published = () =>
    mul(publishedInstanceLoss(slice(unit, 0, 0, half), slice(unit, 0, half), { temperature }), 1 / half);
  const idl = idlForm === 'symmetric' ? instanceLoss(unit, { temperature }) : published();
  return { acl, idl, total: add(mul(acl, aclWeight), mul(idl, idlWeight)) };
}

/** One step of {@link gamMethod}, on the pictures' first views and then their second. */
export const gamStep =
  ({ recipe, model }: { readonly recipe: GAMRecipe; readonly model: GAM }): Method['step'] =>
  (images, labels, memory, optimiser) => {
    const embedding = model.embed(images);
    const { acl, idl, total } = gamLosses(recipe, embedding, labels, memory);
    backward(total);
    optimiser.step();
    optimiser.zeroGrad();
    updateClusterTable(memory, embedding.dropped, labels);
    return stack([acl, idl, total]);
  };

/**
 * GAM's training: both losses on two views of each picture; after each step of training some clusters are merged, the table is emptied
 * and the optimiser made anew.
 *
 * @throws DatasetError where there are too few pictures to merge
 */
export function gamMethod(context: MethodContext<GAMRecipe, GAM>): Method {
  const { gpu, dataset, recipe, seed, model, store } = context;
  const { pictures } = dataset;
  const { input, augment, batch, twoRandomViews, later, epochs, clustering } = recipe;
  const merges = mergesOf(recipe, pictures.length);
  if (merges < 1 || pictures.length < batch) {
    throw new DatasetError(
      `${dataset.name} has ${pictures.length} pictures: too few to merge ${clustering.mergePercent} of them a step in batches of ` +
        `${batch}. Add pictures, or take a smaller --set batch= and a larger --set clustering.mergePercent=.`,
    );
  }
  const augmented = trainTransform({ pad: undefined, erase: undefined, flip: undefined, ...input, ...augment });
  const width = model.avg_pooling.embeding.weight.shape[0]!;
  return {
    rounds: roundsOf(recipe),
    begins: 'train',
    losses: ['aclLoss', 'idlLoss', 'loss'],
    epochs: (round) =>
      round === 0 ? { first: 0, count: epochs } : { first: epochs + later.epochs * (round - 1), count: later.epochs },
    optimiser: (round) => buildGAMOptimiser(recipe, model, round),
    schedule: (round) => ({ course: round === 0 ? recipe.schedule : { kind: 'constant' }, from: 'round' }),
    batches: ({ labels }) => {
      const options = { sampler: shuffledSampler(pictures.length, batch, seed), labels, store };
      const second = new Loader(dataset, pictures, { ...options, transform: augmented, seed });
      const first = twoRandomViews
        ? new Loader(dataset, pictures, { ...options, transform: augmented, seed: ~seed >>> 0 })
        : new Loader(dataset, pictures, { ...options, transform: testTransform(input) });
      return new Batches([first, second]);
    },
    // Zeros: rows from the step before would belong to other clusters, and tell of whom they are.
    memory: ({ clusters }) => tensor(new Float32Array(clusters * width), [clusters, width], { gpu }),
    step: gamStep({ recipe, model }),
    cluster: async (points, { labels }) => {
      const { merged, ...step } = await mergeStep(points, labels, { merges, sizePenalty: clustering.sizePenalty });
      return { labels: step.labels, clusters: step.clusters, merged: merged.flatMap(({ i, j }) => [i, j]) };
    },
  };
}
