import type { ImageRecord } from '../../datasets/index.js';
import type { Gpu } from '../../engine/index.js';
import type { DistanceRows } from '../metrics/distance-rows.js';
import type { DistanceKind } from '../metrics/distances.js';
import { gpuDistances } from '../metrics/gpu-distances.js';
import { gpuPoints } from '../metrics/reranking/gpu-points.js';
import { jointPoints } from '../metrics/reranking/joint-points.js';
import { type RerankOptions, rerank } from '../metrics/reranking/rerank.js';
import { type Sightings, spatialTemporalRows, type TimeHistograms } from '../metrics/spatial-temporal.js';
import type { Features } from './features.js';

/** One side of a retrieval: its pictures, or tracklets as their middle frames, and their features, in the same order. */
export interface RetrievalSide {
  readonly records: readonly ImageRecord[];
  readonly features: Features;
}

/** What distances are made of besides features. */
export interface DistanceOptions {
  /** Fuses cosine similarity with where and when the pictures were taken: smoothed histograms of the time from camera to camera. */
  readonly walks?: TimeHistograms;
  /** Re-ranks by k-reciprocal encoding with these parameters; `{}` for the authors'. With cosine distance on unit features. */
  readonly rerank?: RerankOptions;
}

/** Distances of queries to the gallery, and how they were made, for reports. */
export interface RankedDistances {
  readonly rows: DistanceRows;
  readonly blockRows?: number;
  readonly distance: string;
  readonly reranking?: Readonly<Record<string, unknown>>;
  readonly seconds: Readonly<Record<string, number>>;
  release(): void;
}

/** When and where pictures were taken. */
export const sightingsOf = (records: readonly ImageRecord[]): Sightings => ({
  cameras: records.map(({ camera }) => camera),
  frames: records.map(({ frame }) => frame ?? Number.NaN),
});

/**
 * Distances on the GPU, a block of queries against a part of the gallery at a time: neither the whole matrix nor a tensor beyond
 * the adapter's limit is ever held. Plain ones, or the joint score of features and times, or either re-ranked.
 */
export async function rankedDistances(
  gpu: Gpu,
  kind: DistanceKind,
  query: RetrievalSide,
  gallery: RetrievalSide,
  { walks, rerank: parameters }: DistanceOptions = {},
): Promise<RankedDistances> {
  const distance = walks ? 'spatial-temporal' : kind;
  const plain = async () => {
    const made = await gpuDistances(gpu, walks ? 'cosine' : kind, query.features, gallery.features, {
      nameQuery: (i) => query.records[i]!.path,
      nameGallery: (i) => gallery.records[i]!.path,
    });
    if (!walks) return made;
    const rows = spatialTemporalRows(made.rows, walks, sightingsOf(query.records), sightingsOf(gallery.records));
    return { ...made, rows };
  };
  if (!parameters) {
    const { rows, blockRows, release } = await plain();
    return { rows, blockRows, distance, seconds: {}, release };
  }
  const records = [...query.records, ...gallery.records];
  const start = performance.now();
  const points = await gpuPoints(
    gpu,
    { data: joined(query.features.data, gallery.features.data), dimension: gallery.features.dimension },
    {
      queries: query.features.count,
      unit: walks !== undefined || kind === 'cosine',
      nameOf: (i) => records[i]!.path,
    },
  );
  // That form mixes in distances as they are.
  const unscaled = parameters.form === 'faiss' && parameters.lambda !== 0 ? await plain() : undefined;
  const release = () => {
    points.release();
    unscaled?.release();
  };
  try {
    const measured = walks ? jointPoints(points, walks, sightingsOf(records)) : points;
    const { rows, settings } = await rerank(measured, {
      ...parameters,
      unscaled: unscaled?.rows ?? parameters.unscaled,
    });
    const seconds = { reranking: (performance.now() - start) / 1000 };
    return { rows, distance: `re-ranked ${distance}`, reranking: { ...settings }, seconds, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Both lists as one: without a copy where one follows the other in memory, as features that were extracted together do. */
function joined(first: Float32Array, second: Float32Array): Float32Array {
  if (first.buffer === second.buffer && second.byteOffset === first.byteOffset + first.byteLength) {
    return new Float32Array(first.buffer, first.byteOffset, first.length + second.length);
  }
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
