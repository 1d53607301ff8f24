import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distanceMatrix } from '../../../reid/metrics/distances.js';
import { gpuDistances } from '../../../reid/metrics/gpu-distances.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

const dimension = 12;
const query = { data: fill('gpu/q', [9, dimension], { kind: 'signed', scale: 1 }), dimension };
const gallery = { data: fill('gpu/g', [70, dimension], { kind: 'signed', scale: 1 }), dimension };

test('every kind of distance as by plain loops, whole and in parts', async () => {
  const limited = Object.create(gpu, {
    limits: { value: { maxStorageBufferBindingSize: 4 * dimension * 16 } },
  }) as typeof gpu;
  for (const kind of ['euclidean', 'sqeuclidean', 'cosine'] as const) {
    const want = distanceMatrix(kind, query, gallery);
    for (const on of [gpu, limited]) {
      const { rows, release } = await gpuDistances(on, kind, query, gallery);
      const got = [...(await rows(0, 4)), ...(await rows(4, 5))];
      want.forEach((distance, i) => {
        assert.ok(Math.abs(got[i] - distance) < 1e-5, `${kind} ${i}: ${got[i]} is not ${distance}`);
      });
      release();
    }
  }
});

test('features that are not finite are named, on a GPU nothing else would tell', async () => {
  const broken = gallery.data.slice();
  broken[3 * dimension + 5] = Number.NaN;
  let message = '';
  await gpuDistances(gpu, 'euclidean', query, { data: broken, dimension }, { nameGallery: (i) => `g${i}.jpg` }).catch(
    (error: Error) => {
      message = error.message;
    },
  );
  assert.match(message, /gallery item g3\.jpg is NaN at 5/);
});

test.run();
