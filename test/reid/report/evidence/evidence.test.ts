import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic, type ImageRecord } from '../../../../datasets/index.js';
import { manualSeed, mean, relu, type Tensor } from '../../../../engine/index.js';
import { Conv2d, Module } from '../../../../engine/nn/index.js';
import { distanceMatrix, distanceRows } from '../../../../reid/metrics/distances.js';
import { evaluateRanking } from '../../../../reid/metrics/ranking.js';
import { evaluationReport } from '../../../../reid/metrics/report.js';
import { evidenceOf } from '../../../../reid/report/evidence/evidence.js';
import { evenly, rankedListsOf, worstFirst } from '../../../../reid/report/evidence/ranked-lists.js';
import { conventionFigures, summariseDataset } from '../../../../reid/report/evidence/summaries.js';
import { renderReport } from '../../../../reid/report/render.js';
import { closeAfter, gpu } from '../../../engine/device.js';

closeAfter(test);

const dataset = createSynthetic({
  identities: 2,
  testIdentities: 4,
  images: 2,
  cameras: 3,
  distractors: 5,
  height: 32,
  width: 16,
});

/** Features that say nothing: drawn from the place in the list. */
const featuresOf = (records: readonly ImageRecord[]) => {
  const dimension = 6;
  const data = Float32Array.from({ length: records.length * dimension }, (_, i) => Math.sin(7 * i + records.length));
  return { data, count: records.length, dimension };
};
const [query, gallery] = [featuresOf(dataset.query), featuresOf(dataset.gallery)];
const labels = (records: readonly ImageRecord[]) => ({
  identities: records.map(({ identity }) => identity),
  cameras: records.map(({ camera }) => camera),
});
const evaluated = (queryLabels = labels(dataset.query), more: object = {}) =>
  evaluationReport(distanceRows('cosine', query, gallery), queryLabels, labels(dataset.gallery), {
    facts: { distance: 'cosine' },
    nearest: 5,
    ...more,
  });
const report = await evaluated();

class Net extends Module {
  readonly conv = new Conv2d(3, 6, 3, { padding: 1, stride: 4 });

  forward(x: Tensor): Tensor {
    return mean(relu(this.conv.forward(x)), [2, 3]);
  }
}

test('a few entries at even steps', () => {
  assert.equal(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), [0, 4, 8]);
  assert.equal(evenly([1, 2], 5), [1, 2]);
  assert.equal(evenly([1, 2, 3], 1), [1]);
  assert.equal(evenly([], 3), []);
});

test('the worst queries first, then others, each with its nearest pictures', async () => {
  const ordered = worstFirst(report);
  assert.ok(ordered.every(({ ap }, i) => i === 0 || ap >= ordered[i - 1]!.ap));
  const [worst, spread] = await rankedListsOf(dataset, report, { worst: 3, spread: 2 });
  assert.equal(
    worst!.lists.map(({ ap }) => ap),
    ordered.slice(0, 3).map(({ ap }) => ap),
  );
  assert.is(spread!.lists[0]!.ap, ordered.at(-1)!.ap, 'the best one');
  const [list] = worst!.lists;
  const { nearest, query: index, firstMatch } = ordered[0]!;
  assert.is(list!.query.identity, dataset.query[index]!.identityName);
  assert.equal(
    list!.nearest.map(({ match, identity, distance }) => [match, identity, distance]),
    nearest.map(({ match, gallery: g, distance }) => [match, dataset.gallery[g]!.identityName, distance]),
  );
  assert.is(list!.firstMatch, firstMatch);
  assert.match(list!.nearest[0]!.picture.alt, /^Rank 1: identity \d+, camera \d, (right|wrong)$/);
  assert.equal([list!.query.picture.width, list!.query.picture.height], [16, 32]);
});

test('conventions: three of average precision, and two of queries without a match', async () => {
  const { rows, note } = conventionFigures(report);
  const distances = distanceMatrix('cosine', query, gallery);
  const same = (row: (typeof rows)[number], queryLabels: ReturnType<typeof labels>, options: object) => {
    const own = evaluateRanking(distances, queryLabels, labels(dataset.gallery), options);
    assert.ok(Math.abs(row.mAP - own.mAP) < 1e-12 && Math.abs(row.mINP! - own.mINP) < 1e-12, row.name);
    for (const k of [1, 5, 10]) assert.ok(Math.abs(row.cmc[k]! - own.cmc[k - 1]!) < 1e-12, row.name);
  };
  assert.is(rows.length, 3);
  for (const [i, averagePrecision] of (['rect', 'trapezoid', 'tied'] as const).entries()) {
    same(rows[i]!, labels(dataset.query), { averagePrecision });
  }
  assert.match(note!, /own: AP by rectangles\.$/);
  // A query whose person is nowhere else: left out, or counted as 0.
  const lonely = labels(dataset.query);
  lonely.identities[0] = 999;
  const six = conventionFigures(await evaluated(lonely)).rows;
  assert.is(six.length, 6);
  same(six[0]!, lonely, { invalidQueries: 'skip' });
  same(six[3]!, lonely, { invalidQueries: 'zero' });
  assert.match(six[3]!.name, /without a match as 0/);
});

test('a data set, counted', () => {
  const { splits } = summariseDataset(dataset);
  assert.equal(
    splits.map(({ name, images, identities, cameras, distractors }) => [
      name,
      images,
      identities,
      cameras,
      distractors,
    ]),
    [
      ['train', 12, 2, 3, 0],
      ['query', 12, 4, 3, 0],
      ['gallery', 17, 4, 3, 5],
    ],
  );
});

test('all parts of a report from an evaluation and a model; the model is left as it was', async () => {
  manualSeed(6);
  const model = new Net().train();
  const input = { height: 32, width: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
  const told: string[] = [];
  const parts = await evidenceOf({
    dataset,
    report,
    features: { query, gallery },
    looks: { gpu, model, input, count: 2 },
    shown: { worst: 2, spread: 1 },
    onProgress: (what) => told.push(what),
  });
  assert.ok(model.training && model.conv.training);
  assert.is(told.length, 3);
  const [grid, ...more] = parts.looks!;
  assert.equal(more, [], 'no attention modules');
  assert.is(grid!.rows.length, 2);
  for (const { maps, picture } of grid!.rows) {
    assert.equal(
      maps.map((map) => map !== null && [map.width, map.height]),
      Array(4).fill([112, 224]),
    );
    assert.equal([picture.width, picture.height], [112, 224]);
  }
  assert.equal(
    parts.maps!.map(({ points }) => points.length),
    [12 + 17, 12 + 17],
  );
  assert.is(parts.maps![0]!.points.filter(({ ring }) => ring).length, 12);
  assert.is(new Set(parts.maps![0]!.points.map(({ group }) => group)).size, 5, 'four people, and distractors without');
  const page = renderReport({ title: 'Test', ...parts });
  for (const heading of ['Queries', 'What it looked at', 'Features', 'Cameras', 'Verification', 'Data']) {
    assert.match(page, `<h2>${heading}</h2>`);
  }
  assert.ok(page.length < 600_000, `${page.length}`);
});

test('an evaluation alone makes a report too', async () => {
  const parts = await evidenceOf({ dataset, report, shown: { worst: 1, spread: 0 } });
  assert.equal([parts.looks, parts.maps, parts.ranked!.length], [undefined, undefined, 1]);
});

test.run();
