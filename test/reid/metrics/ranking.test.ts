import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { averagePrecision, inverseNegativePenalty } from '../../../reid/metrics/average-precision.js';
import { evaluateRanking, evaluateRankingByRows, type RankingOptions } from '../../../reid/metrics/ranking.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';
import { distances, gallery, query } from './worked-case.js';

interface Scores {
  cmc: number[];
  mAP: number;
}
interface GoldenCase {
  num_query: number;
  num_gallery: number;
  q_pids: number[];
  g_pids: number[];
  q_cams: number[];
  g_cams: number[];
  dist: { cosine: { data: number[] } };
  argsort: { first_20_per_query: number[][] };
  results: {
    rga_cmc_market: number[];
    rga_mean_ap: number;
    fastreid_market1501: Scores & { AP: number[]; INP: number[]; mINP: number };
    torchreid_market1501: Scores;
    apnet_eval_func: Scores;
    fgreid_evaluate: Scores;
    fgreid_eval_vehicleid: Scores;
    fgreid_image_eval_trapezoid: Scores & { per_query_ap: (number | null)[] };
  };
  small_gallery_13: Partial<Scores>;
}
interface Golden {
  cases: GoldenCase[];
  average_precision_ties: { scores: number[]; labels: number[]; ap: number };
}

const golden = (await loadJson('eval-ranking.json')) as Golden;

const near = (actual: number | null, expected: number | null, message?: string, tolerance = 1e-6) => {
  if (actual === null || expected === null) assert.is(actual, expected, message);
  else assert.ok(Math.abs(actual - expected) <= tolerance, `${message ?? ''} ${actual} is not ${expected}`);
};
const nearAll = (actual: ArrayLike<number | null>, expected: ArrayLike<number | null>, message: string) => {
  for (let i = 0; i < expected.length; i++) near(actual[i], expected[i], `${message}[${i}]`);
};

/** One query of identity 1 whose list has the given matches in the given order. */
const listOf = (rel: number[], rank: (i: number) => number = (i) => i) =>
  [
    Float32Array.from(rel, (_, i) => rank(i)),
    { identities: [1], cameras: [0] },
    { identities: rel.map((r) => (r ? 1 : 2)), cameras: rel.map(() => 1) },
  ] as const;

test('AP and INP of single lists', () => {
  const cases: [number[], number, number, number][] = [
    [[0, 1, 0, 1, 1], 0.533333, 0.405556, 0.6],
    [[1, 1, 0, 1, 0, 0, 1], 0.830357, 0.811012, 0.571429],
    [[0, 0, 0, 1], 0.25, 0.125, 0.25],
    [[1, 1, 1], 1, 1, 1],
  ];
  for (const [rel, rect, trapezoid, inp] of cases) {
    const ranks = rel.flatMap((r, i) => (r ? [i + 1] : []));
    near(averagePrecision(ranks, 'rect'), rect);
    near(averagePrecision(ranks, 'trapezoid'), trapezoid);
    near(inverseNegativePenalty(ranks), inp);
    near(evaluateRanking(...listOf(rel)).mAP, rect);
    near(evaluateRanking(...listOf(rel), { averagePrecision: 'trapezoid' }).mAP, trapezoid);
    near(evaluateRanking(...listOf(rel), { averagePrecision: 'tied' }).mAP, rect);
    near(evaluateRanking(...listOf(rel)).mINP, inp);
    assert.equal(Array.from(evaluateRanking(...listOf(rel)).perQuery[0].matchRanks), ranks);
  }
});

test('the worked case, queries without a match skipped', () => {
  const result = evaluateRanking(distances, query, gallery, { maxRank: 12 });
  nearAll(
    result.perQuery.map((q) => q.ap),
    [0.420635, 0.588889, 0.333333, null],
    'ap',
  );
  nearAll(
    result.perQuery.map((q) => q.inp),
    [0.428571, 0.6, 0.333333, null],
    'inp',
  );
  assert.equal(
    result.perQuery.map((q) => q.firstMatch),
    [3, 2, 3, null],
  );
  assert.equal(
    result.perQuery.map((q) => q.kept),
    [7, 7, 7, 7],
  );
  near(result.mAP, 0.447619);
  near(result.mINP, 0.453968);
  nearAll(result.cmc, [0, 1 / 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 'cmc');
  assert.is(result.cmc.length, 12);
  assert.is(result.valid, 3);
  assert.is(result.queries, 4);
  assert.equal(
    result.perQuery.map((q) => q.nearest.map((item) => item.gallery)),
    [
      [3, 5, 2, 1, 4, 6, 7],
      [5, 7, 2, 3, 0, 4, 6],
      [2, 5, 4, 6, 1, 0, 7],
      [0, 1, 2, 3, 4, 5, 7],
    ],
  );
  assert.equal(result.perQuery[0].nearest[2], { gallery: 2, distance: Math.fround(0.35), match: true });
  near(evaluateRanking(distances, query, gallery, { averagePrecision: 'trapezoid' }).mAP, 0.316402);
});

test('the worked case, queries without a match counted as zero', () => {
  const result = evaluateRanking(distances, query, gallery, { invalidQueries: 'zero' });
  near(result.mAP, 0.335714);
  nearAll(result.cmc, [0, 0.25, 0.75, 0.75], 'cmc');
  assert.is(result.invalidQueries, 'zero');
});

test('equal distances: by gallery index, or as one step', () => {
  // Scores .9 .5 .5 .1 with rel 1 0 1 0, and with the equal pair the other way round.
  const steps = [0, 1, 1, 2];
  near(evaluateRanking(...listOf([1, 0, 1, 0], (i) => steps[i]), { averagePrecision: 'tied' }).mAP, 0.833333);
  near(evaluateRanking(...listOf([1, 1, 0, 0], (i) => steps[i]), { averagePrecision: 'tied' }).mAP, 0.833333);
  near(evaluateRanking(...listOf([1, 0, 1, 0], (i) => steps[i])).mAP, 0.833333);
  near(evaluateRanking(...listOf([1, 1, 0, 0], (i) => steps[i])).mAP, 1);
  const { scores, labels, ap } = golden.average_precision_ties;
  near(evaluateRanking(...listOf(labels, (i) => -scores[i]), { averagePrecision: 'tied' }).mAP, ap);
});

test('no-camera ranks the whole gallery but the query itself', () => {
  const itself = { identities: [1, 1, 2], files: ['a', 'b', 'c'] };
  const square = Float32Array.from([0, 2, 1, 2, 0, 1, 1, 1, 0]);
  const result = evaluateRanking(square, itself, itself, { protocol: 'no-camera' });
  assert.equal(
    result.perQuery.map((q) => q.kept),
    [2, 2, 2],
  );
  assert.equal(
    result.perQuery.map((q) => q.firstMatch),
    [2, 2, null],
  );
  const unnamed = evaluateRanking(
    square,
    { identities: [1, 1, 2] },
    { identities: [1, 1, 2] },
    { protocol: 'no-camera' },
  );
  assert.equal(
    unnamed.perQuery.map((q) => q.firstMatch),
    [1, 1, 1],
  );
});

for (const [index, golden_] of golden.cases.entries()) {
  const queries = { identities: golden_.q_pids, cameras: golden_.q_cams };
  const items = { identities: golden_.g_pids, cameras: golden_.g_cams };
  const matrix = Float32Array.from(golden_.dist.cosine.data);
  const { results } = golden_;

  test(`golden case ${index}: the Market rule as five frameworks compute it`, () => {
    // These frameworks treat identity −1 as one more identity.
    const result = evaluateRanking(matrix, queries, items, { junkIdentity: null, maxRank: golden_.num_gallery });
    for (const framework of [
      results.fastreid_market1501,
      results.torchreid_market1501,
      results.apnet_eval_func,
      results.fgreid_evaluate,
      { cmc: results.rga_cmc_market, mAP: results.rga_mean_ap },
    ]) {
      nearAll(result.cmc, framework.cmc, 'cmc');
      near(result.mAP, framework.mAP);
    }
    const valid = result.perQuery.filter((q) => q.valid);
    nearAll(
      valid.map((q) => q.ap),
      results.fastreid_market1501.AP,
      'ap',
    );
    nearAll(
      valid.map((q) => q.inp),
      results.fastreid_market1501.INP,
      'inp',
    );
    near(result.mINP, results.fastreid_market1501.mINP);
    assert.is(result.valid, golden_.num_query - 2);
    assert.equal([result.perQuery[3].valid, result.perQuery[7].valid], [false, false]);
  });

  test(`golden case ${index}: trapezoid AP, junk removed, invalid queries counted as zero`, () => {
    const expected = results.fgreid_image_eval_trapezoid;
    const result = evaluateRanking(matrix, queries, items, { averagePrecision: 'trapezoid', invalidQueries: 'zero' });
    nearAll(
      result.perQuery.map((q) => q.ap),
      expected.per_query_ap,
      'ap',
    );
    near(result.mAP, expected.mAP);
    nearAll(result.cmc, expected.cmc.slice(0, 50), 'cmc');
  });

  test(`golden case ${index}: without cameras`, () => {
    const result = evaluateRanking(matrix, queries, items, { protocol: 'no-camera', junkIdentity: null });
    nearAll(result.cmc, results.fgreid_eval_vehicleid.cmc, 'cmc');
    near(result.mAP, results.fgreid_eval_vehicleid.mAP);
  });

  test(`golden case ${index}: the nearest items are the head of a stable sort`, () => {
    const alone = { identities: items.identities, cameras: items.cameras.map(() => 99) };
    const result = evaluateRanking(matrix, queries, alone, { junkIdentity: null, nearest: 20 });
    assert.equal(
      result.perQuery.map((q) => q.nearest.map((item) => item.gallery)),
      golden_.argsort.first_20_per_query,
    );
  });

  test(`golden case ${index}: a short list carries its CMC forward`, () => {
    const { cmc, mAP } = golden_.small_gallery_13;
    if (!cmc || mAP === undefined) return;
    const few = Float32Array.from(
      { length: golden_.num_query * 13 },
      (_, i) => matrix[Math.floor(i / 13) * golden_.num_gallery + (i % 13)],
    );
    const labels = { identities: golden_.g_pids.slice(0, 13), cameras: golden_.g_cams.slice(0, 13) };
    const result = evaluateRanking(few, queries, labels, { junkIdentity: null });
    nearAll(result.cmc.slice(0, 13), cmc, 'cmc');
    assert.ok(result.cmc.slice(12).every((share) => share === 1));
    near(result.mAP, mAP);
  });
}

test('random lists with many ties agree with sorting', () => {
  for (let round = 0; round < 30; round++) {
    const m = 4;
    const n = 60;
    const draw = (name: string, count: number, levels: number) =>
      fill(`${round}/${name}`, [count], { kind: 'quant', levels, offset: 0 });
    const matrix = draw('distance', m * n, 12);
    const q = { identities: draw('qi', m, 4), cameras: draw('qc', m, 3) };
    const g = { identities: draw('gi', n, 4), cameras: draw('gc', n, 3) };
    const options: RankingOptions = { junkIdentity: 0, nearest: 7 };
    const ranked = Array.from({ length: m }, (_, i) =>
      Array.from({ length: n }, (_, j) => j)
        .filter((j) => g.identities[j] !== 0)
        .filter((j) => !(g.identities[j] === q.identities[i] && g.cameras[j] === q.cameras[i]))
        .sort((a, b) => matrix[i * n + a] - matrix[i * n + b] || a - b),
    );
    const ranks = ranked.map((list, i) => list.flatMap((j, r) => (g.identities[j] === q.identities[i] ? [r + 1] : [])));
    const result = evaluateRanking(matrix, q, g, options);
    assert.equal(
      result.perQuery.map((p) => Array.from(p.matchRanks)),
      ranks,
    );
    assert.equal(
      result.perQuery.map((p) => p.nearest.map((item) => item.gallery)),
      ranked.map((list) => list.slice(0, 7)),
    );
    assert.equal(
      result.perQuery.map((p) => p.kept),
      ranked.map((list) => list.length),
    );
  }
});

test('row by row gives the same result as the whole matrix', async () => {
  const [first] = golden.cases;
  const n = first.num_gallery;
  const matrix = Float32Array.from(first.dist.cosine.data);
  const labels = [
    { identities: first.q_pids, cameras: first.q_cams },
    { identities: first.g_pids, cameras: first.g_cams },
  ] as const;
  const whole = evaluateRanking(matrix, ...labels);
  for (const blockRows of [1, 7, 40, undefined]) {
    const blocks = await evaluateRankingByRows(
      async (start, count) => matrix.slice(start * n, (start + count) * n),
      ...labels,
      { blockRows },
    );
    assert.equal(blocks, whole);
  }
});

test('the nearest non-match is known, however many items are kept', () => {
  const of = (rel: number[], nearest: number) =>
    evaluateRanking(...listOf(rel), { nearest }).perQuery[0].nearestNonMatch;
  for (const nearest of [0, 1, 2, 10]) {
    assert.is(of([1, 1, 0, 0], nearest), 2);
    assert.is(of([0, 1, 1, 0], nearest), 0);
    assert.is(of([1, 1], nearest), null);
  }
});

test('infinite distances rank last', () => {
  const [, one, items] = listOf([0, 1, 0]);
  const far = Float32Array.from([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1]);
  const { perQuery } = evaluateRanking(far, one, items);
  assert.equal(Array.from(perQuery[0].matchRanks), [3]);
  assert.equal(
    perQuery[0].nearest.map((item) => item.gallery),
    [2, 0, 1],
  );
});

test('errors say what is wrong', async () => {
  const fails = (change: () => unknown, ...words: RegExp[]) => {
    assert.throws(change, (error: Error) => {
      for (const word of words) assert.match(error.message, word);
      return true;
    });
  };
  const bad = distances.slice();
  bad[2 * 8 + 5] = Number.NaN;
  fails(() => evaluateRanking(bad, query, gallery), /query 2 /, /gallery item 5 /, /NaN/);
  const files = ['p', 'q', 'r', 's', 't', 'u', 'v', 'w'];
  fails(() => evaluateRanking(bad, { ...query, files: files.slice(4) }, { ...gallery, files }), /2 \(v\)/, /5 \(u\)/);
  fails(() => evaluateRanking(distances.subarray(1), query, gallery), /31 distances for 4 queries × 8/);
  fails(
    () => evaluateRanking(distances, { identities: query.identities }, gallery),
    /query has no cameras/,
    /no-camera/,
  );
  fails(() => evaluateRanking(distances, query, { ...gallery, cameras: [1] }), /1 gallery cameras for 8/);
  fails(() => evaluateRanking(distances, query, { ...gallery, files: ['a'] }), /1 gallery files for 8/);
  fails(() => evaluateRanking(distances, { ...query, identities: [1, 1, 2.5, 3] }, gallery), /identities\[2\] is 2.5/);
  fails(() => evaluateRanking(new Float32Array(0), { identities: [] }, gallery), /no query/);
  fails(() => evaluateRanking(new Float32Array(0), query, { identities: [] }), /gallery is empty/);
  fails(
    () => evaluateRanking(distances, { ...query, identities: [7, 8, 9, 7] }, gallery),
    /no query identity occurs/,
    /7, 8, 9/,
    /train/,
  );
  fails(
    () => evaluateRanking(distances, query, { ...gallery, identities: Array(8).fill(-1) }),
    /every gallery item is junk/,
  );
  fails(
    () =>
      evaluateRanking(distances, { ...query, cameras: Array(4).fill(6) }, { ...gallery, cameras: Array(8).fill(6) }),
    /every item has camera 6/,
  );
  fails(
    () =>
      evaluateRanking(
        distances,
        { identities: [1, 1, 1, 1], cameras: [0, 0, 0, 0] },
        { identities: [1, 2, 2, 2, 2, 2, 2, 2], cameras: [0, 1, 1, 1, 1, 1, 1, 1] },
      ),
    /every match has its query's camera/,
  );
  fails(() => evaluateRanking(distances, query, gallery, { maxRank: 0 }), /maxRank/);
  let message = '';
  await evaluateRankingByRows(() => new Float32Array(7), query, gallery, { blockRows: 1 }).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /7 distances for 1 queries × 8/);
});

test.run();
