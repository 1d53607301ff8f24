import { DatasetError, identitySampler, Loader, trainTransform } from '../../../datasets/index.js';
import { backward, reshape, tensor } from '../../../engine/index.js';
import { jaccardDbscan } from '../../clustering/index.js';
import { clusterContrastLoss, updateCentres } from '../../losses/cluster-contrast.js';
import type { Encoder } from '../../models/encoder.js';
import type { ContrastRecipe } from '../../recipes/unsupervised.js';
import { type Features, normalisedFeatures } from '../features.js';
import { buildOptimiser } from '../model.js';
import { Batches } from './batches.js';
import type { MethodContext } from './gam-method.js';
import type { Method, PseudoLabels } from './method.js';

/** The normalised mean of the normalised features of each cluster: [clusters, dimension]. */
export function centresOf({ labels, clusters }: PseudoLabels, features: Features): Float32Array {
  const { data, dimension } = normalisedFeatures(features);
  const sums = new Float64Array(clusters * dimension);
  for (const [i, label] of labels.entries()) {
    if (label < 0) continue;
    for (let k = 0; k < dimension; k++) sums[label * dimension + k]! += data[i * dimension + k]!;
  }
  return normalisedFeatures({ data: Float32Array.from(sums), count: clusters, dimension }).data;
}

/** Each picture in no cluster as a cluster of its own, behind the others. */
export function withOutliers({ labels, clusters }: PseudoLabels): PseudoLabels {
  let next = clusters;
  return { labels: labels.map((label) => (label < 0 ? next++ : label)), clusters: next };
}

/** One step of {@link contrastMethod}. */
export const contrastStep =
  ({ recipe, model }: { readonly recipe: ContrastRecipe; readonly model: Encoder }): Method['step'] =>
  (images, labels, memory, optimiser) => {
    const { temperature, momentum, hard } = recipe.loss;
    const features = model.forward(images);
    const value = clusterContrastLoss(features, labels, memory, { temperature });
    backward(value);
    optimiser.step();
    optimiser.zeroGrad();
    updateCentres(memory, features, labels, { momentum, hard });
    return reshape(value, [1]);
  };

/**
 * Cluster contrast: each epoch begins with clusters by DBSCAN on Jaccard distances and with a memory of their centres; pictures in no
 * cluster are left out of the epoch.
 */
export function contrastMethod(context: MethodContext<ContrastRecipe, Encoder>): Method {
  const { gpu, dataset, recipe, seed, model, store } = context;
  const { input, augment, sampler, clustering } = recipe;
  return {
    rounds: recipe.epochs,
    begins: 'cluster',
    losses: ['loss'],
    epochs: (round) => ({ first: round, count: 1 }),
    optimiser: (round) => (round === 0 ? buildOptimiser(recipe, model) : undefined),
    schedule: () => ({ course: recipe.schedule, from: 'run' }),
    batches: ({ labels, clusters }) => {
      if (clusters < 2) {
        throw new DatasetError(
          `DBSCAN finds ${clusters === 0 ? 'no cluster' : 'one cluster only'} in the ${labels.length} pictures of ${dataset.name}, so there is ` +
            `nothing to tell apart. Take ${clusters === 0 ? 'a larger' : 'a smaller'} --set clustering.eps= (now ${clustering.eps}).`,
        );
      }
      const identities = Math.min(sampler.identities, clusters);
      const loader = new Loader(dataset, dataset.pictures, {
        sampler: identitySampler({ labels, identities, images: sampler.images, seed }),
        transform: trainTransform({ erase: undefined, ...input, ...augment }),
        seed,
        labels,
        store,
      });
      return new Batches([loader]);
    },
    memory: (pseudo, features) => {
      const centres = centresOf(pseudo, features!);
      return tensor(centres, [pseudo.clusters, centres.length / pseudo.clusters], { gpu });
    },
    step: contrastStep({ recipe, model }),
    cluster: async (points) => {
      const { labels, clusters } = await jaccardDbscan(points, clustering);
      return clustering.outliers === 'own' ? withOutliers({ labels, clusters }) : { labels, clusters };
    },
  };
}
