import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DistanceCounts } from '../../../reid/metrics/distance-counts.js';
import { equalDensity, pairHistogram } from '../../../reid/metrics/pair-histogram.js';
import { MATCH, NON_MATCH, rankingTask } from '../../../reid/metrics/protocols.js';
import { verification } from '../../../reid/metrics/verification.js';
import { loadJson } from '../../fixture.js';
import { randomCase } from './random-case.js';
import { distances, gallery, query } from './worked-case.js';

const near = (actual: number | null, expected: number, tolerance = 1e-6) =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

function pairsOf(matrix: Float32Array, ...[q, g, protocol, junk]: Parameters<typeof rankingTask>) {
  const task = rankingTask(q, g, protocol, junk);
  const [genuine, impostor] = [new DistanceCounts(), new DistanceCounts()];
  const lists: { genuine: number[]; impostor: number[] } = { genuine: [], impostor: [] };
  for (let i = 0; i < task.queries; i++) {
    const row = matrix.subarray(i * task.gallery, (i + 1) * task.gallery);
    const { roles } = task.listOf(i);
    genuine.addRow(row, roles, MATCH);
    impostor.addRow(row, roles, NON_MATCH);
    row.forEach((distance, j) => {
      if (roles[j] === MATCH) lists.genuine.push(distance);
      if (roles[j] === NON_MATCH) lists.impostor.push(distance);
    });
  }
  return { genuine, impostor, lists };
}

/** Points (FPR, TPR) with impostors positive, from the largest distance on: a point between two equal steps is dropped. */
function sklearnCurve(genuine: number[], impostor: number[]): [number, number][] {
  const thresholds = [...new Set([...genuine, ...impostor])].sort((a, b) => b - a);
  const count = (list: number[], t: number) => list.filter((distance) => distance >= t).length;
  const points = thresholds.map((t) => [count(genuine, t), count(impostor, t)] as const);
  const kept = points.filter(([f, t], i) => {
    if (i === 0 || i === points.length - 1) return true;
    const [[f0, t0], [f1, t1]] = [points[i - 1], points[i + 1]];
    return f1 - 2 * f + f0 !== 0 || t1 - 2 * t + t0 !== 0;
  });
  return [[0, 0] as const, ...kept].map(([f, t]) => [f / genuine.length, t / impostor.length]);
}

test('the worked case', () => {
  const { genuine, impostor } = pairsOf(distances, query, gallery, 'market1501', -1);
  const result = verification(genuine, impostor, { rates: [0.01, 0.1, 0.3] });
  assert.equal([result.genuinePairs, result.impostorPairs], [7, 21]);
  near(result.auc, 0.619048);
  assert.equal(result.tarAtFar[0], { far: 0.01, tar: null, threshold: null, needs: 100 });
  near(result.tarAtFar[1].tar, 0.142857);
  near(result.tarAtFar[2].tar, 0.285714);
  near(result.impostorTprAtFpr[2].tpr, 0.619048);
});

test('random pairs with many ties against plain loops', () => {
  for (let round = 0; round < 20; round++) {
    const { matrix, query: q, gallery: g } = randomCase(round, 6, 60, round % 2 === 0 ? 12 : 1000);
    const { genuine, impostor, lists } = pairsOf(matrix, q, g, 'market1501', 0);
    const rates = [0.02, 0.1, 0.4];
    const result = verification(genuine, impostor, { rates });
    let wins = 0;
    for (const a of lists.genuine) for (const b of lists.impostor) wins += a < b ? 1 : a === b ? 0.5 : 0;
    near(result.auc, wins / lists.genuine.length / lists.impostor.length, 1e-12);
    const within = (list: number[], t: number) => list.filter((d) => d <= t).length / list.length;
    const thresholds = [...new Set([...lists.genuine, ...lists.impostor])];
    rates.forEach((far, k) => {
      const allowed = thresholds.filter((t) => within(lists.impostor, t) <= far);
      near(result.tarAtFar[k].tar, Math.max(0, ...allowed.map((t) => within(lists.genuine, t))), 1e-12);
      if (allowed.length > 0) assert.is(result.tarAtFar[k].threshold, Math.max(...allowed));
    });
    const curve = sklearnCurve(lists.genuine, lists.impostor);
    rates.forEach((rate, k) => {
      const gaps = curve.map(([fpr]) => Math.abs(fpr - rate));
      near(result.impostorTprAtFpr[k].tpr, curve[gaps.indexOf(Math.min(...gaps))][1], 1e-12);
    });
    // On the polyline of the ROC the rate is the only point where FAR is FRR.
    const points = [
      [0, 1],
      ...thresholds.sort((a, b) => a - b).map((t) => [within(lists.impostor, t), 1 - within(lists.genuine, t)]),
    ];
    const { rate } = result.eer;
    const k = points.findIndex(([far, frr]) => far >= frr);
    const [[f0, r0], [f1, r1]] = [points[k - 1], points[k]];
    assert.ok(f0 <= rate && rate <= f1 && r1 <= rate + 1e-12 && rate <= r0 + 1e-12, `${rate}`);
    near((rate - f0) * (r1 - r0), (rate - r0) * (f1 - f0), 1e-12);
  }
});

test("fast-reid's figures on the golden cases", async () => {
  const { roc } = (await loadJson('eval-protocols.json')) as {
    roc: { seed: number; count: number; num_positive_pairs: number; auc: number; tpr_at_fpr: Record<string, number> }[];
  };
  const { cases } = (await loadJson('eval-ranking.json')) as {
    cases: (Record<'q_pids' | 'g_pids' | 'q_cams' | 'g_cams', number[]> & { dist: { cosine: { data: number[] } } })[];
  };
  cases.forEach((golden, i) => {
    const { genuine, impostor } = pairsOf(
      Float32Array.from(golden.dist.cosine.data),
      { identities: golden.q_pids, cameras: golden.q_cams },
      { identities: golden.g_pids, cameras: golden.g_cams },
      'market1501',
      null,
    );
    const want = roc[i];
    assert.equal([genuine.total + impostor.total, genuine.total], [want.count, want.num_positive_pairs]);
    const rates = Object.keys(want.tpr_at_fpr).map(Number);
    const result = verification(genuine, impostor, { rates });
    near(result.auc, want.auc);
    result.impostorTprAtFpr.forEach(({ fpr, tpr }) => {
      near(tpr, want.tpr_at_fpr[String(fpr)]);
    });
  });
});

test('histogram and equal density', () => {
  const [genuine, impostor] = [new DistanceCounts(), new DistanceCounts()];
  genuine.add(Float32Array.of(0, 1, 1, 1, 2, 2, 3));
  impostor.add(Float32Array.of(2, 3, 4, 4, 4, 4, 5, 5, 5, 10, Infinity));
  const histogram = pairHistogram(genuine, impostor, 10);
  assert.equal([histogram.from, histogram.to], [0, 10]);
  assert.equal(histogram.genuine, [1, 3, 2, 1, 0, 0, 0, 0, 0, 0]);
  assert.equal(histogram.impostor, [0, 0, 1, 1, 4, 3, 0, 0, 0, 1]);
  // Densities are 2/7 and 1/10 in bin 2, 1/7 and 1/10 in bin 3, 0 and 4/10 in bin 4.
  near(equalDensity(histogram), 3.5 + (1 / 7 - 1 / 10) / (1 / 7 - 1 / 10 + 4 / 10));
  assert.is(equalDensity(pairHistogram(impostor, genuine, 10)), null);
});

test('what can not be computed is refused', () => {
  const [some, none] = [new DistanceCounts(), new DistanceCounts()];
  some.add(Float32Array.of(1));
  assert.throws(() => verification(some, none), /1 genuine and 0 impostor/);
  assert.throws(() => verification(some, some, { rates: [0] }), /between 0 and 1, got 0/);
});

test.run();
