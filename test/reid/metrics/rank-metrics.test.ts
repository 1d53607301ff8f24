import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  allShotsCurve,
  averagePrecisionAt,
  averagePrecisionAtR,
  precisionAt,
  reciprocalRank,
  rPrecision,
} from '../../../reid/metrics/rank-metrics.js';
import { fill } from '../../golden/fill.js';

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} ${expected}`);

test('against plain loops over the list', () => {
  for (let round = 0; round < 40; round++) {
    const rel = Array.from(fill(`${round}/rel`, [12], { kind: 'quant', levels: 2, offset: 0 }));
    const ranks = rel.flatMap((r, i) => (r ? [i + 1] : []));
    const matches = ranks.length;
    const precision = (r: number) => rel.slice(0, r).filter(Boolean).length / r;
    for (const k of [1, 3, 5, 12]) {
      const found = rel.slice(0, k).filter(Boolean).length;
      near(precisionAt(ranks, k), found / k);
      near(precisionAt(ranks, k, true), matches === 0 ? 0 : found / Math.min(k, matches));
      let sum = 0;
      for (let r = 1; r <= k; r++) sum += rel[r - 1] * precision(r);
      near(averagePrecisionAt(ranks, k), matches === 0 ? 0 : sum / Math.min(k, matches));
    }
    near(rPrecision(ranks), matches === 0 ? 0 : precision(matches));
    near(reciprocalRank(ranks), matches === 0 ? 0 : 1 / (rel.indexOf(1) + 1));
    let sum = 0;
    for (let r = 1; r <= matches; r++) sum += rel[r - 1] * precision(r);
    near(averagePrecisionAtR(ranks), matches === 0 ? 0 : sum / matches);
  }
});

test('mAP@R is not the AP of the whole list', () => {
  // rel 0 1 0 1 1: within the first three there is one match, at rank 2.
  near(averagePrecisionAtR([2, 4, 5]), 1 / 2 / 3);
});

test('all shots: each match counts at its rank among the non-matches', () => {
  // rel 1 0 1 1 0 1: the matches stand behind 0, 1, 1 and 2 non-matches.
  assert.equal(allShotsCurve([[1, 3, 4, 6]], 4, 1), [0.25, 0.75, 1, 1]);
  assert.equal(allShotsCurve([[1], [2]], 2, 2), [0.5, 1]);
});

test.run();
