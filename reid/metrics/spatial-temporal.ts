import type { DistanceRows } from './distance-rows.js';
import { valueAt } from './groups.js';

/** When and where a picture was taken: its camera, from 0, and its frame number. */
export interface Sightings {
  readonly cameras: ArrayLike<number>;
  readonly frames: ArrayLike<number>;
}

/**
 * How long people take from camera to camera: `shares[(later · cameras + earlier) · bins + b]` is the share of walks that took
 * b intervals of frames (Wang et al., "Spatial-Temporal Person Re-identification", AAAI 2019).
 */
export interface TimeHistograms {
  readonly cameras: number;
  readonly bins: number;
  /** Frames of a bin. */
  readonly interval: number;
  readonly shares: Float64Array;
}

export interface TimeHistogramOptions {
  /** Default 5,000. */
  readonly bins?: number;
  /** Default 100. */
  readonly interval?: number;
}

/** Added to sums that shares are taken of. */
const EPSILON = 1e-7;

/**
 * Learns the histograms from training pictures: the mean frame of each identity in each camera, and for each pair of its cameras
 * the difference, in the row of the later one. What is beyond the last bin is left out.
 *
 * @throws when lists have different lengths, or a camera is not below `cameras`
 */
export function timeHistograms(
  identities: ArrayLike<number>,
  { cameras: cameraOf, frames }: Sightings,
  cameras: number,
  { bins = 5000, interval = 100 }: TimeHistogramOptions = {},
): TimeHistograms {
  const count = identities.length;
  checkSightings('training', { cameras: cameraOf, frames }, count, cameras);
  const sums = new Map<number, { frames: Float64Array; count: Int32Array }>();
  for (let i = 0; i < count; i++) {
    const sum = valueAt(sums, identities[i], () => ({
      frames: new Float64Array(cameras),
      count: new Int32Array(cameras),
    }));
    sum.frames[cameraOf[i]] += frames[i];
    sum.count[cameraOf[i]]++;
  }
  const shares = new Float64Array(cameras * cameras * bins);
  for (const sum of sums.values()) {
    const mean = (camera: number) => sum.frames[camera] / sum.count[camera];
    for (let a = 0; a < cameras; a++) {
      for (let b = a + 1; b < cameras; b++) {
        if (sum.count[a] === 0 || sum.count[b] === 0) continue;
        const [later, earlier] = mean(a) > mean(b) ? [a, b] : [b, a];
        const bin = Math.floor((mean(later) - mean(earlier)) / interval);
        if (bin < bins) shares[(later * cameras + earlier) * bins + bin]++;
      }
    }
  }
  return normalised({ cameras, bins, interval, shares });
}

/**
 * Each histogram smoothed by a Gaussian of `sigma` bins, cut off beyond 3σ (nothing comes in from beyond the ends), and divided by
 * its sum again.
 */
export function smoothHistograms(histograms: TimeHistograms, sigma = 50): TimeHistograms {
  const { cameras, bins } = histograms;
  const shares = new Float64Array(histograms.shares.length);
  for (let pair = 0; pair < cameras * cameras; pair++) {
    shares.set(gaussianSmooth(histograms.shares.subarray(pair * bins, (pair + 1) * bins), sigma), pair * bins);
  }
  return normalised({ ...histograms, shares });
}

/** Σ_j w(i − j) x[j] with w the density of a Gaussian of `sigma`, for |i − j| ≤ 3σ. */
export function gaussianSmooth(values: ArrayLike<number>, sigma: number): Float64Array {
  const reach = Math.floor(3 * sigma);
  const weights = Float64Array.from(
    { length: reach + 1 },
    (_, k) => Math.exp((-k * k) / (2 * sigma * sigma)) / (sigma * Math.sqrt(2 * Math.PI)),
  );
  const out = new Float64Array(values.length);
  for (let j = 0; j < values.length; j++) {
    if (values[j] === 0) continue;
    const last = Math.min(values.length - 1, j + reach);
    for (let i = Math.max(0, j - reach); i <= last; i++) out[i] += weights[Math.abs(i - j)] * values[j];
  }
  return out;
}

function normalised(histograms: TimeHistograms): TimeHistograms {
  const { cameras, bins, shares } = histograms;
  for (let pair = 0; pair < cameras * cameras; pair++) {
    const histogram = shares.subarray(pair * bins, (pair + 1) * bins);
    const sum = histogram.reduce((total, share) => total + share, 0) + EPSILON;
    for (let b = 0; b < bins; b++) histogram[b] /= sum;
  }
  return histograms;
}

/** How likely a walk of that many frames is from camera to camera; 0 beyond the last bin. */
export function walkShare(
  { cameras, bins, interval, shares }: TimeHistograms,
  queryCamera: number,
  queryFrame: number,
  galleryCamera: number,
  galleryFrame: number,
): number {
  const bin = Math.floor(Math.abs(queryFrame - galleryFrame) / interval);
  const [later, earlier] = queryFrame > galleryFrame ? [queryCamera, galleryCamera] : [galleryCamera, queryCamera];
  return bin < bins ? shares[(later * cameras + earlier) * bins + bin] : 0;
}

/** 1/(1 + e^(−α s)) · 1/(1 + 2 e^(−α p)) of a cosine similarity s and the share p of such walks. */
export const jointScore = (similarity: number, share: number, alpha = 5): number =>
  1 / (1 + Math.exp(-alpha * similarity)) / (1 + 2 * Math.exp(-alpha * share));

/**
 * Distances 1 − joint score, for rankings: by features and by where and when people were seen.
 *
 * @param rows cosine distances
 * @throws when a side's lists are too short, or a camera is unknown to the histograms
 */
export function spatialTemporalRows(
  rows: DistanceRows,
  histograms: TimeHistograms,
  query: Sightings,
  gallery: Sightings,
  alpha = 5,
): DistanceRows {
  const size = gallery.frames.length;
  checkSightings('query', query, query.frames.length, histograms.cameras);
  checkSightings('gallery', gallery, size, histograms.cameras);
  return async (first, count) => {
    const cosine = await rows(first, count);
    if (cosine.length !== count * size) {
      throw new Error(`spatial-temporal: ${cosine.length} distances for ${count} queries × ${size} gallery items`);
    }
    const out = new Float32Array(cosine.length);
    for (let i = 0; i < count; i++) {
      const [camera, frame] = [query.cameras[first + i], query.frames[first + i]];
      for (let j = 0; j < size; j++) {
        const share = walkShare(histograms, camera, frame, gallery.cameras[j], gallery.frames[j]);
        out[i * size + j] = 1 - jointScore(1 - cosine[i * size + j], share, alpha);
      }
    }
    return out;
  };
}

function checkSightings(side: string, { cameras, frames }: Sightings, count: number, known: number): void {
  if (cameras.length !== count || frames.length !== count) {
    throw new Error(
      `spatial-temporal: ${cameras.length} ${side} cameras and ${frames.length} frames for ${count} items`,
    );
  }
  for (let i = 0; i < count; i++) {
    if (!Number.isInteger(cameras[i]) || cameras[i] < 0 || cameras[i] >= known) {
      throw new RangeError(`spatial-temporal: ${side} camera ${i} is ${cameras[i]}, of ${known}`);
    }
    if (!Number.isFinite(frames[i])) throw new RangeError(`spatial-temporal: ${side} frame ${i} is ${frames[i]}`);
  }
}
