import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import { evaluationReport } from '../../../reid/metrics/report.js';
import { reportTable } from '../../../reid/metrics/report-table.js';
import { randomCase } from './random-case.js';
import { distances, gallery, query, rowsOf } from './worked-case.js';

const facts = {
  distance: 'euclidean',
  data: { name: 'made up', check: ['nothing to find'] },
  checkpoint: { file: 'model.safetensors', sha256: 'abc' },
};
const report = (options = {}) => evaluationReport(rowsOf(distances, 8), query, gallery, { facts, ...options });
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} ${expected}`);

test('the worked case with all conventions side by side', async () => {
  const { headline, means, verification, openSet, cameras, perQuery, ...rest } = await report();
  assert.equal([rest.queries, rest.valid, rest.gallery], [4, 3, 8]);
  assert.equal(headline, { 'R-1': 0, 'R-5': 100, 'R-10': 100, 'R-20': 100, mAP: 44.76, mINP: 45.4 });
  near(means.skip.mAP.rect, 0.447619);
  near(means.zero.mAP.rect, 0.335714);
  near(means.skip.mAP.trapezoid, 0.316402);
  near(means.skip.mINP, 0.453968);
  near(means.skip.mrr, (1 / 3 + 1 / 2 + 1 / 3) / 3);
  near(means.zero.cmc[2], 0.75);
  near(verification!.auc, 0.619048);
  assert.is(openSet!.unknownBy, 'left-out');
  assert.is(openSet!.neither, 1);
  assert.is(cameras!.mAP[0][0], null);
  assert.equal(perQuery[3].ap, null);
  assert.equal(perQuery[1].nearest[0], {
    gallery: 5,
    file: undefined,
    identity: 0,
    camera: 2,
    distance: Math.fround(0.1),
    match: false,
  });
});

test('means agree with the ranking of each convention and policy', async () => {
  const { matrix, query: q, gallery: g } = randomCase('report', 10, 60, 20);
  const { means } = await evaluationReport(rowsOf(matrix, 60), q, g, { facts });
  for (const averagePrecision of ['rect', 'trapezoid', 'tied'] as const) {
    for (const invalidQueries of ['skip', 'zero'] as const) {
      const want = evaluateRanking(matrix, q, g, { averagePrecision, invalidQueries });
      near(means[invalidQueries].mAP[averagePrecision], want.mAP);
      assert.equal(means[invalidQueries].cmc, want.cmc);
    }
  }
});

test('apart from its times the same report every time, and plain JSON', async () => {
  const strip = (value: object) => JSON.stringify({ ...value, seconds: {} });
  const [a, b] = [await report(), await report({ blockRows: 1 })];
  assert.is(strip(a), strip(b));
  assert.equal(Object.keys(a.seconds), ['distances', 'ranking', 'metrics']);
  assert.equal(Object.keys((await report({ seconds: { extraction: 3 } })).seconds)[0], 'extraction');
  assert.equal(JSON.parse(JSON.stringify(a)).means.skip.cmc, a.means.skip.cmc);
});

test('parts can be left out', async () => {
  const without = await evaluationReport(
    rowsOf(distances, 8),
    { identities: query.identities },
    { identities: gallery.identities },
    { facts, pairs: false, protocol: 'no-camera', nearest: 0 },
  );
  assert.equal([without.verification, without.cameras], [null, null]);
  assert.equal(without.perQuery[0].nearest, []);
  let message = '';
  await report({ ks: [0] }).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /precision at 0/);
});

test('the table says what was measured, and by which conventions', async () => {
  const text = reportTable(await report({ facts: { ...facts, reranking: { k1: 20 } } }));
  for (const words of [
    /^protocol market1501, junk identity -1, euclidean distance$/m,
    /^4 queries, 3 of them valid, 8 in the gallery$/m,
    /^checkpoint: model.safetensors \(SHA-256 abc\)$/m,
    /R-1 0\.00 {2}R-5 100\.00/,
    /^mAP trapezoid +31\.64 +23\.73$/m,
    /^0\.0001 +needs ≥ 10000 pairs/m,
    /3 known queries, 3 unknown .*, 1 neither/,
    /other queries as unlabelled points/,
  ]) {
    assert.match(text, words);
  }
});

test.run();
