import type { ReidDataset } from '../datasets/index.js';
import type { NamedArray } from '../engine/io/arrays.js';
import { toFloat32 } from '../engine/io/arrays.js';
import type { RetrievalModel } from '../reid/models/model.js';
import type { PointRows } from '../reid/report/embedding/pca.js';
import { featureMaps } from '../reid/report/evidence/feature-map.js';
import { rowMaps } from '../reid/report/evidence/row-maps.js';
import type { Scatter } from '../reid/report/plot/scatter.js';
import { type EvaluationContext, modelSide } from '../reid/training/evaluation.js';
import { evenly } from './ranked-pictures.js';
import type { TrainedModel } from './trained-model.js';

/** A row of maps with a name for its file. */
export interface MapGroup {
  readonly name: 'identities' | 'centers' | 'classifier';
  readonly title: string;
  readonly scatters: readonly Scatter[];
  /** Share of the variance along each of the first components. */
  readonly shares?: readonly number[];
}

/** Identities whose pictures are mapped. */
const IDENTITIES = 40;

const CLASSIFIER = /(^|\.)(classifier|cls|fc)\.weight$/;

function rowsOf({ shape, ...array }: NamedArray, name: string): PointRows {
  const [count, dimension] = shape as [number, number];
  return { data: toFloat32({ shape, ...array }, name), count, dimension };
}

/** The names of the training identities, where the data is what the model was trained with. */
function namesOf({ train, identities }: ReidDataset, rows: number): string[] {
  const names = new Map(train.map(({ identity, identityName }) => [identity, identityName]));
  const known = identities === rows;
  return Array.from({ length: rows }, (_, i) => (known ? `identity ${names.get(i) ?? i}` : `row ${i}`));
}

/**
 * Maps of what a model knows: the features of some identities of the test set, the centres that it was trained with where there
 * are any, the rows of its classifier.
 *
 * @param model with its weights
 */
export async function mapsOfModel(
  trained: TrainedModel,
  model: RetrievalModel,
  context: EvaluationContext,
  seed: number,
): Promise<MapGroup[]> {
  const { dataset, recipe } = context;
  const groups: MapGroup[] = [];
  const people = [...new Set(dataset.query.map(({ identity }) => identity))].filter((identity) => identity > 0);
  const chosen = new Set(evenly(people, IDENTITIES));
  const some = (records: ReidDataset['query']) => records.filter(({ identity }) => chosen.has(identity));
  const [query, gallery] = [some(dataset.query), some(dataset.gallery)];
  if (query.length > 0 && gallery.length > 0) {
    const sides = [await modelSide(model, query, context), await modelSide(model, gallery, context)] as const;
    const unit = recipe.evaluation.distance === 'cosine';
    groups.push({ name: 'identities', title: 'Identities', scatters: await featureMaps(...sides, { unit, seed }) });
  }
  const rows: (readonly [MapGroup['name'], string, PointRows])[] = [];
  const centers = trained.run?.beside?.parameters.get('centers');
  if (centers) rows.push(['centers', 'Centres', rowsOf(centers, 'centers')]);
  const arrays = await model.stateArrays();
  const classifier = [...arrays].find(([name, { shape }]) => CLASSIFIER.test(name) && shape.length === 2);
  if (classifier) rows.push(['classifier', 'Rows of the classifier', rowsOf(classifier[1], classifier[0])]);
  for (const [name, title, points] of rows) {
    const maps = await rowMaps(points, { title, names: namesOf(dataset, points.count), seed });
    if (maps) groups.push({ name, title, ...maps });
  }
  return groups.filter(({ scatters }) => scatters.length > 0);
}
