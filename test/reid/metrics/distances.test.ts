import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distanceMatrix, distanceRows } from '../../../reid/metrics/distances.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';

interface Stored {
  data?: number[];
  first?: number[];
  samples?: number[];
}
interface GoldenCase {
  seed: number;
  num_query: number;
  num_gallery: number;
  dim: number;
  q_pids: number[];
  g_pids: number[];
  features: { q_noise: string };
  dist: { squared_euclidean: Stored; cosine: Stored; apnet_euclidean_of_normalised: Stored };
}
const golden = (await loadJson('eval-ranking.json')) as { cases: GoldenCase[] };

function compare(actual: Float32Array, { data, first, samples }: Stored) {
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-5 + 1e-5 * Math.abs(b), `${a} is not ${b}`);
  data?.forEach((value, i) => {
    near(actual[i], value);
  });
  first?.forEach((value, i) => {
    near(actual[i], value);
  });
  samples?.forEach((value, k) => {
    near(actual[Math.floor((k * actual.length) / 48)], value);
  });
}

for (const c of golden.cases) {
  const scale = Number(/scale ([\d.]+)/.exec(c.features.q_noise)?.[1]);
  const features = (side: string, pids: number[]) => {
    const noise = fill(`${c.seed}/${side}_feat`, [pids.length, c.dim], { kind: 'signed', scale });
    pids.forEach((pid, i) => {
      fill(`${c.seed}/center/${pid}`, [c.dim], { kind: 'signed', scale: 1 }).forEach((centre, k) => {
        noise[i * c.dim + k] += centre;
      });
    });
    return { data: noise, dimension: c.dim };
  };
  const normalised = ({ data }: { data: Float32Array }) => ({
    data: data.map((value, i) => {
      const start = i - (i % c.dim);
      return value / Math.hypot(...data.subarray(start, start + c.dim));
    }),
    dimension: c.dim,
  });
  const query = features('q', c.q_pids);
  const gallery = features('g', c.g_pids);

  test(`golden case of seed ${c.seed}`, () => {
    compare(distanceMatrix('sqeuclidean', query, gallery), c.dist.squared_euclidean);
    compare(distanceMatrix('cosine', query, gallery), c.dist.cosine);
    compare(distanceMatrix('euclidean', normalised(query), normalised(gallery)), c.dist.apnet_euclidean_of_normalised);
  });

  test(`blocks of rows are the rows of the matrix, seed ${c.seed}`, () => {
    const whole = distanceMatrix('cosine', query, gallery);
    const n = gallery.data.length / c.dim;
    assert.equal(distanceRows('cosine', query, gallery)(3, 5), whole.slice(3 * n, 8 * n));
  });
}

test('a zero vector is at cosine distance 1, and equal vectors at 0', () => {
  const a = { data: Float32Array.of(0, 0, 3, 4), dimension: 2 };
  assert.equal(Array.from(distanceMatrix('cosine', a, a)), [1, 1, 1, 0]);
  assert.equal(Array.from(distanceMatrix('euclidean', a, a)), [0, 5, 5, 0]);
});

test('sizes that do not fit are errors', () => {
  const a = { data: new Float32Array(6), dimension: 3 };
  assert.throws(() => distanceMatrix('cosine', a, { ...a, dimension: 2 }), /3 values, gallery features 2/);
  assert.throws(() => distanceMatrix('cosine', { ...a, dimension: 4 }, a), /6 query values are no rows of 4/);
  assert.throws(() => distanceRows('cosine', a, a)(1, 2), /rows 1 to 3 of 2/);
});

test.run();
