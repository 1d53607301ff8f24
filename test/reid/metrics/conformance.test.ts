import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distanceMatrix } from '../../../reid/metrics/distances.js';
import { evaluateRanking, evaluateRankingByRows } from '../../../reid/metrics/ranking.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { type RerankOptions, rerank } from '../../../reid/metrics/reranking/rerank.js';
import { uniforms } from '../../golden/portable.js';

/** The retrieval fixture of the specifications of RGA (17.4) and APNet (19.3): unit features about ten centres. */
const [QUERIES, GALLERY, DIMENSION] = [6, 80, 8];

const query = {
  identities: Array.from({ length: QUERIES }, (_, i) => i % 8),
  cameras: Array.from({ length: QUERIES }, (_, i) => i % 3),
};
const gallery = {
  identities: Array.from({ length: GALLERY }, (_, i) => (i >= 70 ? 9 : (3 * i) % 8)),
  cameras: Array.from({ length: GALLERY }, (_, i) => Math.floor(i / 2) % 3),
};

const centres = uniforms('cent', 10 * DIMENSION).map((u) => 2 * u - 1);

function features(name: string, identities: readonly number[]): Float32Array {
  const noise = uniforms(name, identities.length * DIMENSION);
  const out = new Float32Array(noise.length);
  for (const [i, identity] of identities.entries()) {
    const row = Array.from({ length: DIMENSION }, (_, k) => {
      return centres[identity * DIMENSION + k]! + 0.9 * (2 * noise[i * DIMENSION + k]! - 1);
    });
    const length = Math.hypot(...row);
    out.set(
      row.map((value) => value / length),
      i * DIMENSION,
    );
  }
  return out;
}

const q = { data: features('q', query.identities), dimension: DIMENSION };
const g = { data: features('g', gallery.identities), dimension: DIMENSION };

function near(got: ArrayLike<number>, want: readonly number[], tolerance: number): void {
  for (const [i, value] of want.entries()) {
    assert.ok(Math.abs(got[i]! - value) <= tolerance, `${i}: ${got[i]} is not ${value}`);
  }
}

test('distances, first matches and both average precisions are those of float64', () => {
  const distances = distanceMatrix('euclidean', q, g);
  near(distances, [0.9850726, 1.20033965, 1.16004296, 1.72821534, 1.39562975], 1e-6);
  // Identity 0 is a person here, and nobody is junk.
  for (const [averagePrecision, mean, each] of [
    ['rect', 0.4696154999, [0.579906, 0.164838, 0.648942, 0.440634, 0.487209, 0.496164]],
    ['trapezoid', 0.4301353072, [0.505752, 0.134095, 0.61235, 0.411146, 0.453233, 0.464237]],
  ] as const) {
    const result = evaluateRanking(distances, query, gallery, { averagePrecision, junkIdentity: null });
    near([result.mAP, result.cmc[0]!, result.cmc[4]!, result.cmc[9]!], [mean, 2 / 3, 5 / 6, 1], 1e-6);
    near(
      result.perQuery.map(({ ap }) => ap!),
      each,
      1e-6,
    );
  }
});

/** First rows and sums of the re-ranked distances, and what comes of them. */
const RERANKED: readonly (readonly [RerankOptions, readonly number[], number, number, number])[] = [
  [{}, [0.2799465, 0.56265926, 0.5037854, 0.8821546, 0.7881068, 0.8259293], 326.0821, 0.5693110195, 0],
  [
    { k1: 6, k2: 3 },
    [0.43078092, 0.677869, 0.7612562, 0.9328502, 0.8518523, 0.8803811],
    395.1978,
    0.4504813486,
    0.4145433422,
  ],
];

test('re-ranked distances are the original’s', async () => {
  const points = featurePoints(
    { data: Float32Array.of(...q.data, ...g.data), dimension: DIMENSION },
    { queries: QUERIES },
  );
  for (const [options, first, sum, rect, trapezoid] of RERANKED) {
    const { rows } = await rerank(points, options);
    const all = await rows(0, QUERIES);
    near(all, first, 2e-6);
    if (rect > 0.5) near(all.subarray(-4), [0.79793626, 0.6952367, 0.7460308, 0.7366594], 2e-6);
    near([all.reduce((total, value) => total + value, 0)], [sum], 2e-4);
    const plain = await evaluateRankingByRows(rows, query, gallery, { junkIdentity: null });
    near([plain.mAP], [rect], 1e-6);
    if (rect > 0.5) near([plain.cmc[0]!, plain.cmc[4]!], [5 / 6, 1], 1e-9);
    if (trapezoid === 0) continue;
    const other = { junkIdentity: null, averagePrecision: 'trapezoid' } as const;
    near([(await evaluateRankingByRows(rows, query, gallery, other)).mAP], [trapezoid], 1e-6);
  }
});

test.run();
