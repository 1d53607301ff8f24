import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/index.js';
import { tensor } from '../../../engine/tensor.js';
import { RandomStream } from '../../../random/philox.js';
import { multiLabelLoss, multiLabelWeights, predictMultiLabels } from '../../../reid/losses/gcl/multi-label.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { sparseJaccard } from '../../../reid/metrics/reranking/jaccard.js';
import { reciprocalVectors } from '../../../reid/metrics/reranking/rerank.js';
import { clusterMemory, epsOfShare, prototypesOf } from '../../../reid/training/gcl/clusters.js';
import { drawMix, RowDraws } from '../../../reid/training/gcl/draws.js';
import { closeAfter } from '../../engine/device.js';
import { uniforms } from '../../golden/gcl-numbers.js';

closeAfter(test);

const normalised = (rows: number, width: number, of: (i: number) => number): Float32Array => {
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: width }, (_, k) => of(row * width + k));
    const length = Math.hypot(...values);
    out.set(
      values.map((value) => value / length),
      row * width,
    );
  }
  return out;
};

/** The features of the specification's worked example: forty about five centres. */
const [centres, noise] = [uniforms(80, 1100), uniforms(640, 1101)];
const features = normalised(40, 16, (i) => {
  const [row, k] = [Math.floor(i / 16), i % 16];
  return 2 * centres[(row % 5) * 16 + k]! - 1 + 0.8 * (2 * noise[i]! - 1);
});
const points = () => featurePoints({ data: features, dimension: 16 }, { unit: true });

const scoresOf = async (rows: readonly number[]) => {
  const out = new Float32Array(rows.length * 40);
  for (const [b, row] of rows.entries()) {
    for (let j = 0; j < 40; j++) {
      let dot = 0;
      for (let k = 0; k < 16; k++) dot += features[row * 16 + k]! * features[j * 16 + k]!;
      out[b * 40 + j] = dot;
    }
  }
  return out;
};

test('multi-labels of the worked example, and the loss over them', async () => {
  const targets = [0, 1, 2, 3, 17];
  const positives = await predictMultiLabels(targets, 40, scoresOf, 0.6);
  assert.equal(positives, [
    [0, 10, 15, 20, 25, 35],
    [1, 36],
    [2, 7, 12, 27, 32, 37],
    [3, 8, 13, 23, 28, 31, 33, 36, 38],
    [7, 17, 22, 27],
  ]);
  const { hard, most, apart, positives: weights } = multiLabelWeights(positives, 40, 0.1);
  const draw = uniforms(80, 1102);
  const q = tensor(
    normalised(5, 16, (i) => 2 * draw[i]! - 1),
    [5, 16],
    { requiresGrad: true },
  );
  const loss = multiLabelLoss(q, tensor(features, [40, 16]), {
    positives: tensor(weights, [5, 40]),
    apart: tensor(apart, [5, 40]),
    hard: tensor(hard, [5, most]),
  });
  const value = await loss.item();
  assert.ok(Math.abs(value - 7.913824) < 2e-5, `${value}`);
  const [gradient] = grad([loss], [q]);
  assert.ok((await gradient!.read()).some((x) => Math.abs(x) > 1e-3));
});

test('clusters of the worked example: by eps, and eps as the mean of a share of the smallest distances', async () => {
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 2e-6, `${a}, not ${b}`);
  const vectors = await reciprocalVectors(points(), { k1: 10, k2: 3, form: 'faiss' });
  // Eight pairs are of equal vectors; the original's rounding left three of them a little above 0, and counted them.
  const { offsets, indices, values } = sparseJaccard(vectors, 1);
  const above: number[] = [];
  for (let i = 0; i < 40; i++) {
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++)
      if (indices[k]! > i && values[k]! > 1e-6) above.push(values[k]!);
  }
  above.sort((x, y) => x - y);
  const sumOf = (count: number) => above.slice(0, count).reduce((sum, d) => sum + d, 0);
  near(sumOf(16 - 3) / 16, 0.0918205);
  near(sumOf(78 - 3) / 78, 0.2052235);
  near(epsOfShare(vectors, 0.02), sumOf(15) / 15);
  const half = epsOfShare(vectors, 0.6);
  near(half, (sumOf(above.length) + (463 - above.length)) / 463);
  const settings = { k1: 10, k2: 3, minSamples: 4, rule: 'eps', eps: 0.3, rho: 0.1 } as const;
  const { labels, clusters } = await clusterMemory(points(), settings);
  const want = '0 -1 1 2 3 0 2 1 2 3 0 2 1 2 3 0 -1 1 2 3 0 -1 1 2 3 0 2 1 2 3 0 2 1 2 3 0 -1 1 2 3';
  assert.is(Array.from(labels).join(' '), want);
  assert.is(clusters, 4);
  near((await clusterMemory(points(), { ...settings, rule: 'rho' })).eps, sumOf(77) / 77);
  const prototypes = prototypesOf(
    { labels: Int32Array.of(1, 0, 1, -1), clusters: 2 },
    Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    2,
  );
  assert.equal([...prototypes], [3, 4, 3, 4]);
});

test('draws: shares of Beta(0.6, 0.6) folded to at least a half; positives of the cluster, negatives of others and of none', () => {
  const random = new RandomStream(1, 'draws');
  const shares = Array.from({ length: 4000 }, () => drawMix(random, 0.6, 1).share);
  assert.ok(shares.every((share) => share >= 0.5 && share <= 1));
  // E max(x, 1 − x) by numbers of the same distribution.
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  assert.ok(Math.abs(mean - 0.8) < 0.02, `${mean}`);
  const { partner } = drawMix(random, 0.6, 6);
  assert.equal([...partner].sort(), [0, 1, 2, 3, 4, 5]);
  const labels = Int32Array.of(0, 0, 0, 1, 1, -1, -1);
  const draws = new RowDraws(labels, 8192);
  assert.is(draws.negatives, 4);
  for (let i = 0; i < 20; i++) {
    const rows = Int32Array.of(0, 4);
    const { positiveOfView, positiveOfPhoto, negatives } = draws.draw(random, rows);
    for (const [b, row] of rows.entries()) {
      for (const positive of [positiveOfView[b]!, positiveOfPhoto[b]!]) assert.is(labels[positive], labels[row]);
      const own = Array.from(negatives.subarray(4 * b, 4 * b + 4));
      assert.is(new Set(own).size, 4);
      assert.ok(own.every((other) => labels[other] !== labels[row]));
    }
  }
});

test.run();
