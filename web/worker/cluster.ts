import {
  type DensityGrouping,
  type GroupingProgress,
  groupFeatures,
  type LinkageGrouping,
  type MeansGrouping,
} from '../../reid/clustering/grouping.js';
import { largestFirst } from '../../reid/clustering/partition.js';
import { clusterScores, outliersApart } from '../../reid/metrics/cluster-scores.js';
import { centredByCamera } from '../../reid/training/unsupervised/cameras.js';
import { galleryOf } from './gallery-store.js';
import { type Handler, PageError } from './job.js';
import { alone, gpuOf } from './machine.js';

/** How pictures are grouped; the numbers are those of `cli/cluster.js`. */
export type Grouping =
  | (DensityGrouping & { readonly distance: 'jaccard'; readonly k1: number; readonly k2: number })
  | (LinkageGrouping & { readonly method: 'average' })
  | MeansGrouping;

/** What was grouped, row by row. */
export interface Grouped {
  readonly ids: Int32Array;
  /** The group of each, the largest 0; −1: in none. */
  readonly labels: Int32Array;
  /** Beside the identities, where some are known: pairs that are of one identity and in one group. */
  readonly known?: { readonly pictures: number; readonly precision: number; readonly recall: number };
}

/** @throws PageError that says what would be right */
function check(choice: Grouping, pictures: number): void {
  const say = (words: string) => new PageError(words);
  if (pictures < 2) throw say('There is nothing to group: add at least two pictures.');
  if (choice.method === 'dbscan') {
    const { eps, minSamples, k1, k2 } = choice;
    if (!(eps > 0 && eps < 1)) throw say(`The distance of neighbours is ${eps}; it must be above 0 and below 1.`);
    for (const [what, value] of [
      ['Pictures of a core', minSamples],
      ['The longer list', k1],
      ['The shorter list', k2],
    ] as const) {
      if (!(Number.isInteger(value) && value >= 1)) throw say(`${what}: ${value} is no whole number from 1.`);
    }
    return;
  }
  const { clusters } = choice;
  if (choice.method === 'average' && choice.threshold !== undefined) {
    if (!(choice.threshold > 0)) throw say(`The threshold is ${choice.threshold}; it must be above 0.`);
    return;
  }
  if (!(Number.isInteger(clusters) && clusters! >= 1 && clusters! <= pictures)) {
    throw say(`The number of groups is ${clusters}; it must be from 1 to ${pictures}, the number of pictures.`);
  }
}

/** Milliseconds between two tellings. */
const TELL_EVERY = 100;

/**
 * Groups the pictures of a gallery by their features, without labels.
 *
 * @throws AbortError when it was given up, between two pieces of work
 */
const cluster: Handler<
  { readonly gallery: string; readonly choice: Grouping; readonly centred: boolean },
  Grouped,
  GroupingProgress
> = async ({ gallery: name, choice, centred }, { tell, signal }) => {
  const gallery = await galleryOf(name);
  const { items } = gallery;
  check(choice, items.length);
  const plain = await gallery.features();
  let features = plain;
  if (centred) {
    const cameras = items.map(({ camera }) => camera);
    if (cameras.includes(undefined)) {
      throw new PageError('Not every picture has a camera, so that cameras cannot be taken out.');
    }
    features = centredByCamera(plain, cameras);
  }
  let told = Number.NEGATIVE_INFINITY;
  const onProgress = (far: GroupingProgress): void => {
    signal.throwIfAborted();
    if (performance.now() - told < TELL_EVERY && far.done < far.total) return;
    told = performance.now();
    tell(far);
  };
  const labels = await alone('grouping', async () =>
    groupFeatures(await gpuOf(), features, choice, (row) => items[row]!.path, onProgress),
  );
  // The last piece of work lets nobody in.
  await new Promise((resume) => setTimeout(resume, 0));
  signal.throwIfAborted();
  const partition = largestFirst(labels);
  return {
    ids: Int32Array.from(items, ({ id }) => id),
    labels: partition.labels,
    known: beside(items, partition.labels),
  };
};

function beside(items: readonly { readonly identity?: string }[], labels: Int32Array): Grouped['known'] {
  const rows = [...items.keys()].filter((i) => items[i]!.identity !== undefined);
  if (rows.length < 2) return undefined;
  const names = [...new Set(rows.map((i) => items[i]!.identity))];
  const scores = clusterScores(
    rows.map((i) => names.indexOf(items[i]!.identity)),
    outliersApart(rows.map((i) => labels[i]!)),
  );
  return { pictures: rows.length, precision: scores.pairPrecision, recall: scores.pairRecall };
}

export const clusterCalls = { cluster };
