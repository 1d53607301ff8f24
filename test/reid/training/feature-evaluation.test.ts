import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic, DatasetError, type ImageRecord, type ReidDataset } from '../../../datasets/index.js';
import { RandomStream } from '../../../random/philox.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { jointPoints } from '../../../reid/metrics/reranking/joint-points.js';
import { matrixPoints } from '../../../reid/metrics/reranking/matrix-points.js';
import { rerank } from '../../../reid/metrics/reranking/rerank.js';
import { jointScore, walkShare } from '../../../reid/metrics/spatial-temporal.js';
import { evaluateFeatures } from '../../../reid/training/feature-evaluation.js';
import type { RetrievalSide } from '../../../reid/training/retrieval.js';
import { learnWalks } from '../../../reid/training/walks.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { walkers } from './walkers.js';

closeAfter(test);

const record = (index: number, identity: number, camera: number, more: Partial<ImageRecord> = {}): ImageRecord => ({
  path: `picture ${index}`,
  identity,
  camera,
  identityName: String(identity),
  ...more,
});

/** Features on a circle, by their angles in degrees. */
const side = (records: readonly ImageRecord[], angles: readonly number[]): RetrievalSide => ({
  records,
  features: {
    data: Float32Array.from(angles.flatMap((a) => [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)])),
    count: angles.length,
    dimension: 2,
  },
});

const query = side([record(0, 1, 0), record(1, 2, 1)], [0, 90]);
const gallery = side(
  [
    record(2, 1, 1, { tracklet: 0 }),
    record(3, 1, 1, { tracklet: 0 }),
    record(4, 2, 0, { tracklet: 1 }),
    record(5, 2, 0, { tracklet: 1 }),
    record(6, 3, 2, { tracklet: 2 }),
    record(7, 1, 0, { tracklet: 3 }),
  ],
  [50, 20, 30, 150, 10, 5],
);

test('veri-image-to-track: a track is as near as its nearest picture, and the own camera’s tracks are left out', async () => {
  const { report, gallery: tracks } = await evaluateFeatures(gpu, query, gallery, {
    distance: 'cosine',
    convention: 'veri-image-to-track',
  });
  assert.equal(
    tracks.map(({ path }) => path),
    ['picture 2', 'picture 4', 'picture 6', 'picture 7'],
  );
  // Query 0: 10° (other), 20° (match), 30° (other); its own camera's track is left out. Query 1: 40° (track 0), 60° (match).
  assert.equal([report.gallery, report.perQuery.map(({ firstMatch }) => firstMatch)], [4, [2, 2]]);
  const bare = side(query.records, [0, 90]);
  try {
    await evaluateFeatures(gpu, query, bare, { distance: 'cosine', convention: 'veri-image-to-track' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, DatasetError);
    assert.match((error as Error).message, 'tracks=yes');
  }
});

test('mars-official: queries are in the gallery, means by the trapezoid over all queries', async () => {
  const { report } = await evaluateFeatures(gpu, query, gallery, { distance: 'cosine', convention: 'mars-official' });
  const all = [...query.records, ...gallery.records];
  const angles = [0, 90, 50, 20, 30, 150, 10, 5];
  const distances = Float32Array.from(
    [0, 90].flatMap((q) => angles.map((g) => 1 - Math.cos(((q - g) * Math.PI) / 180))),
  );
  const labels = (records: readonly ImageRecord[]) => ({
    identities: records.map(({ identity }) => identity),
    cameras: records.map(({ camera }) => camera),
  });
  const want = evaluateRanking(distances, labels(query.records), labels(all), {
    averagePrecision: 'trapezoid',
    invalidQueries: 'zero',
  });
  assert.ok(Math.abs(report.means.zero.mAP.trapezoid - want.mAP) < 1e-6);
  assert.equal([report.gallery, report.averagePrecision, report.invalidQueries], [8, 'trapezoid', 'zero']);
});

test('vehicleid: the report is of the first draw, the figures are means over all', async () => {
  const options = { distance: 'cosine', convention: 'vehicleid', draws: 4 } as const;
  const { report, vehicleId, query: asked, gallery: drawn } = await evaluateFeatures(gpu, query, gallery, options);
  assert.equal([asked.length, drawn.length, vehicleId!.draws, vehicleId!.identities], [5, 3, 4, 3]);
  assert.is(vehicleId!.mAP.values[0], report.means.skip.mAP.rect);
  assert.is(new Set(drawn.map(({ identity }) => identity)).size, 3);
});

test('jointPoints: re-ranking of the joint score is that of its whole matrix', async () => {
  const random = new RandomStream(7, 'joint points');
  const count = 14;
  const data = Float32Array.from({ length: count * 4 }, () => random.normal());
  const cameras = Array.from({ length: count }, (_, i) => i % 3);
  const frames = Array.from({ length: count }, () => random.integer(4000));
  const shares = Float64Array.from({ length: 9 * 40 }, () => random.uniform() / 4);
  const histograms = { cameras: 3, bins: 40, interval: 100, shares };
  const points = featurePoints({ data, dimension: 4 }, { queries: 4, unit: true });
  const matrix = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    const squared = points.between(i, [...Array(count).keys()]);
    for (let j = 0; j < count; j++) {
      const [a, b] = i < j ? [i, j] : [j, i];
      const share = walkShare(histograms, cameras[a]!, frames[a]!, cameras[b]!, frames[b]!);
      matrix[i * count + j] = 2 - 2 * jointScore(1 - squared[j]! / 2, share);
    }
  }
  const options = { k1: 4, k2: 2 };
  const { rows: got } = await rerank(jointPoints(points, histograms, { cameras, frames }), options);
  const { rows: want } = await rerank(matrixPoints(matrix, 'sqeuclidean', 4), options);
  const [a, b] = [await got(0, 4), await want(0, 4)];
  assert.ok(a.every((value, i) => Math.abs(value - b[i]!) < 1e-5));
  assert.ok(a.some((value) => value < 0.9));
});

test('learnWalks: of a data set with a clock; without, the reason is told', () => {
  const histograms = learnWalks(walkers);
  assert.equal([histograms.cameras, histograms.bins], [3, 5000]);
  assert.ok(histograms.shares.some((share) => share > 0));
  const refuses = (dataset: ReidDataset, part: string) =>
    assert.throws(
      () => learnWalks(dataset),
      (error: Error) => error instanceof DatasetError && error.message.includes(part),
    );
  refuses(createSynthetic({ identities: 2, testIdentities: 2 }), 'no clock');
  const [first, ...others] = walkers.query;
  const { frame: _, ...untimed } = first!;
  refuses({ ...walkers, query: [untimed, ...others] }, `${untimed.path} has no frame number`);
  refuses({ ...walkers, train: walkers.train.filter(({ camera }) => camera === 0) }, 'no identity of the training set');
});

test.run();
