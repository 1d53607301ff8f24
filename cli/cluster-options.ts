import { nearestName } from '../datasets/nearest.js';
import type { Grouping } from '../reid/clustering/grouping.js';
import { UsageError, wholeNumber } from './command.js';
import { choiceOf } from './evaluation-options.js';

/** How pictures may be grouped, for help texts and `list`. */
export const METHODS = {
  dbscan: 'groups of any number and shape by density, with outliers',
  average: 'agglomerative, by the mean distance of two clusters',
  complete: 'agglomerative, by the largest distance of two clusters',
  single: 'agglomerative, by the smallest distance of two clusters',
  ward: 'agglomerative, by the spread that joining two clusters adds',
  kmeans: 'so many clusters around their means',
} as const;

export type Method = keyof typeof METHODS;

/** In what distances are measured. */
export const CLUSTER_DISTANCES = {
  jaccard: 'of k-reciprocal neighbours, from 0 to 1; dbscan alone has it',
  cosine: '1 − the cosine of the angle (ward and kmeans: Euclidean, of features of length 1)',
  euclidean: 'the length of the difference',
} as const;

export type DistanceName = keyof typeof CLUSTER_DISTANCES;

/** The options of the methods, as `readArguments` takes them. */
export const METHOD_OPTIONS = {
  method: { type: 'string' },
  distance: { type: 'string' },
  eps: { type: 'string' },
  'min-samples': { type: 'string' },
  k1: { type: 'string' },
  k2: { type: 'string' },
  clusters: { type: 'string' },
  threshold: { type: 'string' },
  seed: { type: 'string' },
} as const;

export type MethodValues = { readonly [name in keyof typeof METHOD_OPTIONS]?: string };

const DENSITY = ['eps', 'min-samples', 'k1', 'k2'] as const;

/** Which options a method has besides `distance`. */
const OPTIONS_OF: Readonly<Record<Method, readonly (keyof MethodValues)[]>> = {
  dbscan: DENSITY,
  average: ['clusters', 'threshold'],
  complete: ['clusters', 'threshold'],
  single: ['clusters', 'threshold'],
  ward: ['clusters', 'threshold'],
  kmeans: ['clusters', 'seed'],
};

function distanceAbove0(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`--${name} must be a number above 0, not "${text}".`);
  }
  return value;
}

function countFrom1(name: string, text: string | undefined, otherwise: number): number {
  const value = wholeNumber(name, text, otherwise);
  if (value < 1) throw new UsageError(`--${name} must be at least 1, not ${value}.`);
  return value;
}

/**
 * Reads and checks what the command line says of the method.
 *
 * @throws UsageError that says what would be right
 */
export function clusterChoices(values: MethodValues, pictures: number): Grouping {
  const method = choiceOf('method', values.method, Object.keys(METHODS) as Method[]) ?? 'dbscan';
  const named = Object.keys(values) as (keyof MethodValues)[];
  for (const name of named.filter((one) => !['method', 'distance'].includes(one))) {
    if (OPTIONS_OF[method].includes(name)) continue;
    const owners = (Object.keys(METHODS) as Method[]).filter((one) => OPTIONS_OF[one].includes(name));
    throw new UsageError(`--${name} is of --method ${owners.join(', ')}, and the method is ${method}.`);
  }
  const all = Object.keys(CLUSTER_DISTANCES) as DistanceName[];
  const distance = choiceOf('distance', values.distance, all) ?? (method === 'dbscan' ? 'jaccard' : 'cosine');
  const clusters = values.clusters === undefined ? undefined : countFrom1('clusters', values.clusters, 1);
  if (clusters !== undefined && clusters > pictures) {
    throw new UsageError(`--clusters ${clusters}: there are ${pictures} pictures.`);
  }
  if (method === 'dbscan') return densityChoices(values, distance);
  if (distance === 'jaccard') {
    throw new UsageError(`--distance jaccard is of --method dbscan. ${nearestName('cosine', ['cosine', 'euclidean'])}`);
  }
  if (method === 'kmeans') {
    if (clusters === undefined) throw new UsageError('--method kmeans needs --clusters N.');
    return { method, distance, clusters, seed: wholeNumber('seed', values.seed, 1) };
  }
  const threshold = values.threshold === undefined ? undefined : distanceAbove0('threshold', values.threshold);
  if ((clusters === undefined) === (threshold === undefined)) {
    throw new UsageError(
      `--method ${method} needs --clusters N or --threshold DISTANCE: one of them says where to stop.`,
    );
  }
  return { method, distance, clusters, threshold };
}

function densityChoices(values: MethodValues, distance: DistanceName): Grouping {
  const minSamples = countFrom1('min-samples', values['min-samples'], 4);
  const eps = values.eps === undefined ? undefined : distanceAbove0('eps', values.eps);
  if (distance === 'jaccard') {
    const [k1, k2] = [countFrom1('k1', values.k1, 30), countFrom1('k2', values.k2, 6)];
    if (eps !== undefined && eps >= 1) throw new UsageError(`--eps ${eps}: Jaccard distances are at most 1.`);
    return { method: 'dbscan', distance, eps: eps ?? 0.6, minSamples, k1, k2 };
  }
  for (const name of ['k1', 'k2'] as const) {
    if (values[name] !== undefined) throw new UsageError(`--${name} is of --distance jaccard, not of ${distance}.`);
  }
  if (eps === undefined) throw new UsageError(`--distance ${distance} needs --eps: how far apart neighbours may be.`);
  return { method: 'dbscan', distance, eps, minSamples };
}
