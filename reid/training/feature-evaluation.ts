import { DatasetError, DISTRACTOR, groupTracklets, type ImageRecord, JUNK } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { DistanceKind } from '../metrics/distances.js';
import { marsOfficial } from '../metrics/mars.js';
import { multiQueryFeatures } from '../metrics/multi-query.js';
import type { ItemLabels } from '../metrics/protocols.js';
import { expandQueries, type QueryExpansionOptions } from '../metrics/query-expansion.js';
import type { EvaluationReport } from '../metrics/report.js';
import { gpuPoints } from '../metrics/reranking/gpu-points.js';
import { evaluateSingleShot, type SingleShotResult } from '../metrics/single-shot.js';
import { drawVehicleGallery, evaluateVehicleId, type VehicleIdResult } from '../metrics/vehicle-id.js';
import type { RetrievalSides } from './evaluation.js';
import { rankedDistances } from './ranked-distances.js';
import { type GalleryTracks, type RetrievalReportOptions, type RetrievalSide, reportRetrieval } from './retrieval.js';

/**
 * What is ranked, and how figures are counted, where that is more than a rule of what a query leaves out.
 *
 * - `vehicleid`: one picture of each identity, drawn, is the gallery and all others are queries; means over draws
 * - `veri-image-to-track`: queries rank the gallery's tracks
 * - `mars-official`: the gallery holds the queries too; trapezoid average precision, over all queries
 * - `mars-split`: as other data sets, under the name that papers give it
 */
export type Convention = 'vehicleid' | 'veri-image-to-track' | 'mars-official' | 'mars-split';

/** What is done with features before and while they are compared. */
export interface FeatureEvaluation extends Omit<RetrievalReportOptions, 'tracks'> {
  readonly distance: DistanceKind;
  readonly convention?: Convention;
  /** Averages every feature with its neighbours' first. */
  readonly expansion?: QueryExpansionOptions;
  /** Each query's feature becomes the mean over the pictures with its identity and camera here. */
  readonly multiQuery?: RetrievalSide;
  /**
   * CMC with one gallery picture of each identity too: draws for each query, or the expectation over all. By `vehicleid` the number
   * of galleries that are drawn, 10 by default.
   */
  readonly draws?: number | 'exact';
}

/** An evaluation, and the records that its numbers of queries and of gallery items are those of. */
export interface FeatureEvaluationResult {
  readonly report: EvaluationReport;
  readonly singleShot?: SingleShotResult;
  readonly vehicleId?: VehicleIdResult;
  readonly query: readonly ImageRecord[];
  readonly gallery: readonly ImageRecord[];
}

const labelsOf = (records: readonly ImageRecord[]): ItemLabels => ({
  identities: records.map(({ identity }) => identity),
  cameras: records.map(({ camera }) => camera),
  files: records.map(({ path }) => path),
});

/**
 * Evaluates features by every convention: multi-query pooling, then query expansion, then fusion with times, then re-ranking, each only
 * where it is asked for. The single-gallery-shot curve is of the distances without re-ranking.
 *
 * @throws as evaluationReport; DatasetError where a convention needs what the data set lacks
 */
export async function evaluateFeatures(
  gpu: Gpu,
  query: RetrievalSide,
  gallery: RetrievalSide,
  { convention, expansion, multiQuery, draws, ...options }: FeatureEvaluation,
): Promise<FeatureEvaluationResult> {
  const seconds: Record<string, number> = { ...options.seconds };
  let sides: RetrievalSides = { query, gallery };
  if (multiQuery) {
    const { records, features } = multiQuery;
    const data = multiQueryFeatures(labelsOf(query.records), features, labelsOf(records));
    sides = { ...sides, query: { ...query, features: { ...query.features, data } } };
  }
  if (expansion) {
    const start = performance.now();
    sides = await expanded(gpu, sides, expansion);
    seconds.expansion = (performance.now() - start) / 1000;
  }
  if (convention === 'vehicleid') {
    return evaluateVehicles(gpu, sides, { ...options, seconds, draws: draws === 'exact' ? undefined : draws });
  }
  const counting = convention === 'mars-official' ? withQueries(sides) : { sides, options: {} };
  const tracks = convention === 'veri-image-to-track' ? tracksOf(sides.gallery.records) : undefined;
  const { distance, ...asked } = { ...options, ...counting.options, seconds, tracks };
  const { query: asking, gallery: ranked } = counting.sides;
  const report = await reportRetrieval(gpu, distance, asking, ranked, asked);
  const result = { report, query: asking.records, gallery: tracks?.records ?? ranked.records };
  if (draws === undefined) return result;
  const { rows, blockRows, release } = await rankedDistances(gpu, distance, asking, ranked, { walks: options.walks });
  try {
    const { protocol, junkIdentity, maxRank } = options;
    const shot = { protocol, junkIdentity, maxRank, draws, blockRows };
    const singleShot = await evaluateSingleShot(rows, labelsOf(asking.records), labelsOf(ranked.records), shot);
    return { ...result, singleShot };
  } finally {
    release();
  }
}

/** Some rows of a side. */
function rowsOf({ records, features }: RetrievalSide, rows: readonly number[]): RetrievalSide {
  const { data, dimension } = features;
  const taken = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { records: rows.map((row) => records[row]!), features: { data: taken, count: rows.length, dimension } };
}

/** Query and gallery as one. */
function together({ query, gallery }: RetrievalSides): RetrievalSide {
  const data = new Float32Array(query.features.data.length + gallery.features.data.length);
  data.set(query.features.data);
  data.set(gallery.features.data, query.features.data.length);
  const records = [...query.records, ...gallery.records];
  return { records, features: { data, count: records.length, dimension: query.features.dimension } };
}

/** MARS by its authors: the gallery is all test tracklets, those of the queries too. */
function withQueries(sides: RetrievalSides) {
  const all = together(sides);
  const queries = sides.query.records.map((_, i) => i);
  const { gallery, options } = marsOfficial(labelsOf(all.records), queries);
  return { sides: { query: sides.query, gallery: rowsOf(all, gallery) }, options };
}

/**
 * The tracks of gallery pictures, each shown as its first; a picture of no track is one by itself.
 *
 * @throws DatasetError where there are none
 */
export function tracksOf(records: readonly ImageRecord[]): GalleryTracks {
  if (records.every(({ tracklet }) => tracklet === undefined)) {
    throw new DatasetError(
      'veri-image-to-track ranks the tracks of the gallery, which has none. VeRi-776 has them in test_track.txt: veri:DIR?tracks=yes.',
    );
  }
  const tracks = groupTracklets(records);
  const of = new Int32Array(records.length);
  tracks.forEach(({ positions }, track) => {
    for (const position of positions) of[position] = track;
  });
  return { of, records: tracks.map(({ frames }) => frames[0]!) };
}

/** VehicleID's protocol: means over several drawn galleries, and the report of the first. */
async function evaluateVehicles(
  gpu: Gpu,
  sides: RetrievalSides,
  { distance, draws, ...options }: Omit<FeatureEvaluation, 'draws'> & { readonly draws?: number },
): Promise<FeatureEvaluationResult> {
  const whole = together(sides);
  // Nobody knows who these are, so none of them can be looked for.
  const known = whole.records.flatMap(({ identity }, i) => (identity === JUNK || identity === DISTRACTOR ? [] : [i]));
  const all = rowsOf(whole, known);
  const labels = labelsOf(all.records);
  if (new Set(all.records.map(({ identity }) => identity)).size === known.length) {
    throw new DatasetError('vehicleid looks for an identity’s other pictures, and no test identity has two.');
  }
  const { rows, blockRows, release } = await rankedDistances(gpu, distance, all, all);
  let vehicleId: VehicleIdResult;
  try {
    vehicleId = await evaluateVehicleId(rows, labels.identities, { draws, files: labels.files, blockRows });
  } finally {
    release();
  }
  const drawn = new Set(drawVehicleGallery(labels.identities, 0).values());
  const [gallery, query] = [true, false].map((isDrawn) =>
    rowsOf(
      all,
      all.records.flatMap((_, i) => (drawn.has(i) === isDrawn ? [i] : [])),
    ),
  ) as [RetrievalSide, RetrievalSide];
  const report = await reportRetrieval(gpu, distance, query, gallery, { ...options, protocol: 'no-camera' });
  return { report, vehicleId, query: query.records, gallery: gallery.records };
}

async function expanded(
  gpu: Gpu,
  { query, gallery }: RetrievalSides,
  options: QueryExpansionOptions,
): Promise<RetrievalSides> {
  const files = [...query.records, ...gallery.records].map(({ path }) => path);
  const nameOf = (i: number) => files[i]!;
  const data = await expandQueries(query.features, gallery.features, {
    points: (features) => gpuPoints(gpu, features, { unit: true, nameOf }),
    ...options,
  });
  return {
    query: { ...query, features: { ...query.features, data: data.query } },
    gallery: { ...gallery, features: { ...gallery.features, data: data.gallery } },
  };
}
