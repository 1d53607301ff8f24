import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mean } from '../../../engine/ops/reduce.js';
import { flatten } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import { type ExtractOptions, extractFeatures, rawPixels } from '../../../reid/training/features.js';
import { drawRankedQueries } from '../../../reid/training/ranks.js';
import { evaluateRetrieval, metricsOf } from '../../../reid/training/retrieval.js';
import { DivergedError } from '../../../reid/training/trainer.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { dataset, tinyRecipe } from './tiny.js';

closeAfter(test);

const records = [...dataset.query, ...dataset.gallery];

const withRecipe = (...changes: readonly string[]): ExtractOptions => ({
  gpu,
  dataset,
  recipe: tinyRecipe(...changes),
});

const colours = (images: Tensor): Tensor => mean(images, [2, 3]);
const pixels = (images: Tensor): Tensor => flatten(images, 1);

test('features come in the order of the pictures, whatever the batch', async () => {
  const whole = await extractFeatures(colours, records, withRecipe());
  assert.equal([whole.count, whole.dimension, whole.data.length], [24, 3, 72]);
  const parts = await extractFeatures(colours, records, withRecipe('evaluation.batch=5'));
  assertClose(parts.data, whole.data, 1e-6, 'in batches of 5');
  const backwards = await extractFeatures(colours, [...records].reverse(), withRecipe());
  assertClose(backwards.data.subarray(0, 3), whole.data.subarray(69), 1e-6, 'the last picture');
});

test('with flip, those of the mirrored picture are added', async () => {
  const [plain, both] = [
    await extractFeatures(pixels, records.slice(0, 2), withRecipe()),
    await extractFeatures(pixels, records.slice(0, 2), withRecipe('evaluation.flip=true')),
  ];
  const width = 16;
  const want = plain.data.map((value, i) => value + plain.data[i - (i % width) + (width - 1 - (i % width))]!);
  assertClose(both.data, want, 1e-6, 'sum');
});

test('features that are not finite name the picture', async () => {
  const broken = (images: Tensor) =>
    tensor(Array.from({ length: images.shape[0]! }, (_, i) => [i === 3 ? Infinity : i]));
  let error: unknown;
  try {
    await extractFeatures(broken, records, withRecipe('evaluation.batch=10'));
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, DivergedError);
  assert.ok((error as Error).message.includes(records[3]!.path), (error as Error).message);
});

test('retrieval ranks by distances on the GPU as by plain loops', async () => {
  const { query, gallery } = dataset;
  const of = async (list: typeof query) => ({ records: list, features: await rawPixels(dataset, list) });
  const [q, g] = [await of(query), await of(gallery)];
  assert.is(q.features.dimension, 3 * 64 * 32);
  const row = ({ features: { data, dimension } }: typeof q, i: number) =>
    data.subarray(i * dimension, (i + 1) * dimension);
  const labels = (list: typeof query) => ({
    identities: list.map(({ identity }) => identity),
    cameras: list.map(({ camera }) => camera),
  });
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((total, value, i) => total + value * b[i]!, 0);
  const distances = {
    euclidean: (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!)),
    cosine: (a: Float32Array, b: Float32Array) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  };
  for (const kind of ['euclidean', 'cosine'] as const) {
    const matrix = query.flatMap((_, i) => gallery.map((_, j) => distances[kind](row(q, i), row(g, j))));
    const want = evaluateRanking(Float32Array.from(matrix), labels(query), labels(gallery));
    const got = await evaluateRetrieval(gpu, kind, q, g);
    assert.equal(metricsOf(got), metricsOf(want), kind);
    assert.equal(
      got.perQuery.map(({ nearest }) => nearest.map((item) => item.gallery)),
      want.perQuery.map(({ nearest }) => nearest.map((item) => item.gallery)),
    );
  }
});

test('ranks are drawn for some queries, from the best to the worst', async () => {
  const result = await evaluateRetrieval(
    gpu,
    'euclidean',
    { records: dataset.query, features: await rawPixels(dataset, dataset.query) },
    { records: dataset.gallery, features: await rawPixels(dataset, dataset.gallery) },
  );
  const { width, height, data } = await drawRankedQueries(dataset, result, 'raw pixels');
  assert.is(data.length, 3 * width * height);
  const found = new Set<number>();
  for (let i = 0; i < data.length; i += 3) found.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
  const [green, red] = [0x1a9342, 0xd62830];
  assert.ok(found.size > 100 && found.has(green) && found.has(red), `${found.size} colours`);
});

test('a gallery that no one tensor may hold is compared in parts', async () => {
  const features = await extractFeatures(pixels, records, withRecipe());
  const cut = dataset.query.length * features.dimension;
  const query = {
    records: dataset.query,
    features: { ...features, data: features.data.subarray(0, cut), count: dataset.query.length },
  };
  const gallery = {
    records: dataset.gallery,
    features: { ...features, data: features.data.subarray(cut), count: dataset.gallery.length },
  };
  const small = Object.create(gpu, {
    limits: { value: { maxStorageBufferBindingSize: 4 * features.dimension * 5 } },
  }) as typeof gpu;
  const whole = await evaluateRetrieval(gpu, 'cosine', query, gallery);
  const parts = await evaluateRetrieval(small, 'cosine', query, gallery);
  assert.equal(
    parts.perQuery.map(({ nearest }) => nearest.map((item) => item.gallery)),
    whole.perQuery.map(({ nearest }) => nearest.map((item) => item.gallery)),
  );
  assert.ok(dataset.gallery.length > 5, 'more than one part');
  assert.is(parts.mAP, whole.mAP);
});

test.run();
