import { DatasetError, type ImageRecord, type ReidDataset } from '../../datasets/index.js';
import { smoothHistograms, type TimeHistograms, timeHistograms } from '../metrics/spatial-temporal.js';

export interface WalkOptions {
  /** Of 100 frames each. Default 5,000. */
  readonly bins?: number;
  /** Of the Gaussian that smoothes, in bins. Default 50. */
  readonly sigma?: number;
}

/**
 * Learns from a data set's training pictures how long people or vehicles take from camera to camera, smoothed, for the fusion of
 * st-ReID with the features of its test pictures.
 *
 * @throws DatasetError in words where the data set has no clock, or its training set tells nothing of the cameras of its queries
 */
export function learnWalks(dataset: ReidDataset, { bins, sigma }: WalkOptions = {}): TimeHistograms {
  const { name, train, query, gallery, cameras, timed } = dataset;
  const untimed = [...train, ...query, ...gallery].find(({ frame }) => frame === undefined);
  if (!timed || untimed) {
    const lacking = timed && untimed ? ` (${untimed.path} has no frame number)` : '';
    throw new DatasetError(
      `${name} has no clock that its cameras share${lacking}: times from camera to camera can not be learnt. Market-1501, ` +
        'DukeMTMC-reID, VeRi-776 and the drawn sets of vehicles and tracklets have one.',
    );
  }
  const numbersOf = (of: (record: ImageRecord) => number) => train.map(of);
  const histograms = timeHistograms(
    numbersOf(({ identity }) => identity),
    { cameras: numbersOf(({ camera }) => camera), frames: numbersOf(({ frame }) => frame!) },
    cameras,
    { bins },
  );
  const asked = new Set(query.map(({ camera }) => camera));
  const size = histograms.bins;
  const knows = histograms.shares.some((share, at) => {
    const pair = Math.floor(at / size);
    return share > 0 && (asked.has(pair % cameras) || asked.has(Math.floor(pair / cameras)));
  });
  if (!knows) {
    throw new DatasetError(
      `${name}: no identity of the training set was seen by two cameras that the queries know, within ${histograms.bins} bins of ` +
        `${histograms.interval} frames: times from camera to camera can not be learnt from it.`,
    );
  }
  return smoothHistograms(histograms, sigma);
}
