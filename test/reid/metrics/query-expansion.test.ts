import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expandQueries } from '../../../reid/metrics/query-expansion.js';
import { gpuPoints } from '../../../reid/metrics/reranking/gpu-points.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { loadJson } from '../../fixture.js';
import type { GoldenValue } from '../../parity/case.js';
import { nearRecord } from '../../parity/evaluation-checks.js';
import { centredFeatures } from '../../parity/evaluation-golden.js';

closeAfter(test);

const { aqe } = (await loadJson('eval-protocols.json')) as {
  aqe: { seed: number; qe_times: number; qe_k: number; alpha: number; query: GoldenValue; gallery: GoldenValue }[];
};
const { cases } = (await loadJson('eval-ranking.json')) as {
  cases: { dim: number; q_pids: number[]; g_pids: number[]; features: { q_noise: string } }[];
};

aqe.forEach(({ seed, qe_times: times, qe_k: k, alpha, query: wantQuery, gallery: wantGallery }, i) => {
  const { dim, q_pids, g_pids, features } = cases[i];
  const scale = Number(/scale ([\d.]+)/.exec(features.q_noise)![1]);
  const query = { data: centredFeatures(seed, q_pids, dim, 'q_feat', scale), dimension: dim };
  const gallery = { data: centredFeatures(seed, g_pids, dim, 'g_feat', scale), dimension: dim };

  test(`golden expansion of seed ${seed}, by plain loops and on the GPU`, async () => {
    for (const points of [undefined, (rows: Parameters<typeof gpuPoints>[1]) => gpuPoints(gpu, rows, { unit: true })]) {
      const got = await expandQueries(query, gallery, { k, alpha, times, points });
      assert.is(nearRecord(got.query, wantQuery, 1e-5).reason, undefined);
      assert.is(nearRecord(got.gallery, wantGallery, 1e-5).reason, undefined);
    }
  });
});

test('alpha 0 is the plain mean; k 1 weighs by a similarity of one', async () => {
  const query = { data: Float32Array.of(1, 0), dimension: 2 };
  const gallery = { data: Float32Array.of(4, 3, 0, -2), dimension: 2 };
  const mean = await expandQueries(query, gallery, { k: 2, alpha: 0 });
  assert.equal(Array.from(mean.query), [2.5, 1.5]);
  const same = await expandQueries(query, gallery, { k: 1 });
  assert.equal([...same.query, ...same.gallery], [1, 0, 4, 3, 0, -2]);
  // Of the far point nothing is left: its cosine is negative.
  const far = await expandQueries(query, { data: Float32Array.of(-1, 0), dimension: 2 }, { k: 2, alpha: 0.5 });
  assert.equal(Array.from(far.query), [0.5, 0]);
});

test('wrong options are refused', async () => {
  const one = { data: Float32Array.of(1, 0), dimension: 2 };
  for (const [options, words] of [
    [{ k: 0 }, /k is 0/],
    [{ times: 1.5 }, /times is 1.5/],
    [{ alpha: -1 }, /alpha .* -1/],
  ] as const) {
    let message = '';
    await expandQueries(one, one, options).catch((error: Error) => {
      message = error.message;
    });
    assert.match(message, words);
  }
});

test.run();
