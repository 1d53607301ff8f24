import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateRankingByRows } from '../../../reid/metrics/ranking.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { rerank } from '../../../reid/metrics/reranking/rerank.js';
import { evaluateRetrieval, type RetrievalSide, reportRetrieval } from '../../../reid/training/retrieval.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { fill } from '../../golden/fill.js';
import { dataset } from './tiny.js';

closeAfter(test);

const dimension = 10;
const side = (name: string, records: RetrievalSide['records']): RetrievalSide => {
  const data = fill(`retrieval/${name}`, [records.length, dimension], { kind: 'signed', scale: 1 });
  records.forEach(({ identity }, i) => {
    data[i * dimension + (identity % dimension)] += 1;
  });
  return { records, features: { data, count: records.length, dimension } };
};
const query = side('query', dataset.query);
const gallery = side('gallery', dataset.gallery);

test('the report of a retrieval agrees with its evaluation', async () => {
  const { mAP, cmc } = await evaluateRetrieval(gpu, 'cosine', query, gallery);
  const report = await reportRetrieval(gpu, 'cosine', query, gallery, { facts: { flip: true } });
  assert.is(report.means.skip.mAP.rect, mAP);
  assert.equal(report.means.skip.cmc, cmc);
  assert.equal(report.facts, { flip: true, distance: 'cosine' });
  assert.is(report.perQuery[0].file, dataset.query[0]!.path);
});

test('re-ranked on the GPU as by plain loops, and the report says so', async () => {
  const data = Float32Array.from([...query.features.data, ...gallery.features.data]);
  const points = featurePoints({ data, dimension }, { queries: query.records.length, unit: true });
  const parameters = { k1: 4, k2: 2 };
  const { rows } = await rerank(points, parameters);
  const labels = ({ records }: RetrievalSide) => ({
    identities: records.map(({ identity }) => identity),
    cameras: records.map(({ camera }) => camera),
  });
  const want = await evaluateRankingByRows(rows, labels(query), labels(gallery));
  const report = await reportRetrieval(gpu, 'cosine', query, gallery, { rerank: parameters });
  assert.ok(Math.abs(report.means.skip.mAP.rect - want.mAP) < 1e-6);
  // Features that lie one after the other are not copied.
  const cut = query.features.data.length;
  const together = ({ records, features }: RetrievalSide, from: number) => ({
    records,
    features: { ...features, data: data.subarray(from, from + features.data.length) },
  });
  const same = await reportRetrieval(gpu, 'cosine', together(query, 0), together(gallery, cut), { rerank: parameters });
  assert.equal({ ...same, seconds: {} }, { ...report, seconds: {} });
  assert.is(report.facts.distance, 're-ranked cosine');
  assert.equal([report.facts.reranking!.k1, report.facts.reranking!.lambda], [4, 0.3]);
  assert.ok(report.seconds.reranking > 0);
});

test('a broken feature names its picture', async () => {
  const broken = { ...gallery, features: { ...gallery.features, data: gallery.features.data.slice() } };
  broken.features.data[2 * dimension] = Number.NaN;
  for (const options of [{}, { rerank: {} }]) {
    let message = '';
    await reportRetrieval(gpu, 'euclidean', query, broken, options).catch((error: Error) => {
      message = error.message;
    });
    assert.ok(message.includes(`${dataset.gallery[2]!.path} is NaN`), message);
  }
});

test.run();
