import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../random/philox.js';
import { firstCentres } from '../../../reid/clustering/first-centres.js';
import { kMeans } from '../../../reid/clustering/k-means.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { clustered } from './clustered.js';

closeAfter(test);

const squared = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);

test('the end of Lloyd’s steps: centres are means, points are with the nearest; the same again from the same seed', async () => {
  const [n, dimension, clusters] = [900, 10, 11];
  const features = { data: clustered('k-means', n, dimension, clusters, 0.4), dimension };
  const { labels, centres, inertia, converged, iterations } = await kMeans(gpu, features, { clusters, seed: 3 });
  assert.ok(converged && iterations > 1);
  const point = (i: number) => features.data.subarray(i * dimension, (i + 1) * dimension);
  const centre = (c: number) => centres.subarray(c * dimension, (c + 1) * dimension);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const own = squared(point(i), centre(labels[i]));
    sum += own;
    for (let c = 0; c < clusters; c++) assert.ok(own <= squared(point(i), centre(c)) + 1e-5, `point ${i}, centre ${c}`);
  }
  assert.ok(Math.abs(sum - inertia) < 1e-3, `${sum} is not ${inertia}`);
  for (let c = 0; c < clusters; c++) {
    const members = Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] === c);
    for (let k = 0; k < dimension; k++) {
      const mean = members.reduce((total, i) => total + point(i)[k], 0) / members.length;
      assert.ok(Math.abs(mean - centre(c)[k]) < 1e-6);
    }
  }
  const again = await kMeans(gpu, features, { clusters, seed: 3 });
  assert.equal([again.labels, again.centres], [labels, centres]);
});

test('groups far apart are found; of unit length the direction alone counts', async () => {
  const [n, dimension, clusters] = [300, 6, 6];
  const data = new Float32Array(n * dimension);
  for (let i = 0; i < n; i++) data[i * dimension + (i % clusters)] = 1 + i;
  const { labels, centres, inertia } = await kMeans(gpu, { data, dimension }, { clusters, unit: true });
  for (let i = 0; i < n; i++) assert.is(labels[i], labels[i % clusters]);
  assert.ok(inertia < 1e-6 && Math.abs(centres.reduce((sum, value) => sum + value, 0) - clusters) < 1e-6);
});

/** k-means++ with every point compared with every centre. */
function plainFirstCentres(data: Float32Array, dimension: number, clusters: number, seed: number): number[] {
  const random = new RandomStream(seed, 'k-means++');
  const points = Array.from({ length: data.length / dimension }, (_, i) =>
    data.subarray(i * dimension, (i + 1) * dimension),
  );
  const chosen = [random.integer(points.length)];
  while (chosen.length < clusters) {
    const weights = points.map((point) => Math.min(...chosen.map((centre) => squared(point, points[centre]))));
    const target = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    chosen.push(
      weights.findIndex((weight) => {
        sum += weight;
        return weight > 0 && sum > target;
      }),
    );
  }
  return chosen;
}

test('first centres: as when every point is compared with every centre, none twice', () => {
  const [n, dimension] = [400, 5];
  for (const noise of [0.1, 2]) {
    const data = clustered('first', n, dimension, 12, noise);
    const chosen = firstCentres({ data, dimension }, false, 40, 5);
    assert.equal(chosen, plainFirstCentres(data, dimension, 40, 5));
    assert.is(new Set(chosen).size, 40);
  }
  const doubles = { data: new Float32Array(20).fill(2), dimension: 2 };
  assert.is(new Set(firstCentres(doubles, false, 10, 1)).size, 10);
});

test('more clusters than different points, one cluster, mistakes', async () => {
  const data = Float32Array.from([1, 1, 1, 4, 4]);
  const { labels } = await kMeans(gpu, { data, dimension: 1 }, { clusters: 4 });
  assert.is(new Set(labels).size, 4, 'no cluster is empty');
  const one = await kMeans(gpu, { data, dimension: 1 }, { clusters: 1 });
  assert.ok(Math.abs(one.centres[0] - 2.2) < 1e-6 && Math.abs(one.inertia - 10.8) < 1e-5);
  const refused = await kMeans(gpu, { data, dimension: 1 }, { clusters: 6 }).catch((error: Error) => error.message);
  assert.match(refused as string, /6 clusters of 5 points/);
});

test.run();
