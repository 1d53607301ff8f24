import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClusterScores, clusterScores, outliersApart } from '../../../reid/metrics/cluster-scores.js';
import { fill } from '../../golden/fill.js';

const near = (got: ClusterScores, want: Partial<ClusterScores>) => {
  for (const [name, value] of Object.entries(want)) {
    const found = got[name as keyof ClusterScores];
    assert.ok(Math.abs(found - value) < 1e-6, `${name} is ${found}, not ${value}`);
  }
};

test('the worked example', () => {
  const scores = clusterScores([0, 0, 0, 1, 1, 1, 2, 2, 2, 3], [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  near(scores, {
    points: 10,
    classes: 4,
    clusters: 3,
    mutualInformation: 0.863966,
    nmi: 0.729469,
    nmiGeometric: 0.733866,
    ami: 0.586583,
    ari: 0.52381,
    rand: 0.822222,
    homogeneity: 0.657591,
    completeness: 0.818987,
    vMeasure: 0.729469,
    fowlkesMallows: 0.64715,
    purity: 0.8,
    inversePurity: 0.9,
    pairPrecision: 7 / 13,
    pairRecall: 7 / 9,
    pairF: 0.636364,
    bcubedPrecision: 0.7,
    bcubedRecall: 0.866667,
    bcubedF: 0.774468,
  });
});

test('one group, all alone, one against all', () => {
  const perfect = { nmi: 1, nmiGeometric: 1, ami: 1, ari: 1, vMeasure: 1, purity: 1 };
  near(clusterScores([5, 5, 5], [2, 2, 2]), perfect);
  near(clusterScores([1, 2, 3], [9, 8, 7]), perfect);
  near(clusterScores([4], [0]), perfect);
  const nothing = { nmi: 0, nmiGeometric: 0, ami: 0, ari: 0, vMeasure: 0 };
  near(clusterScores([0, 0, 0, 0], [0, 1, 2, 3]), nothing);
  near(clusterScores([0, 1, 2, 3], [0, 0, 0, 0]), nothing);
  assert.throws(() => clusterScores([1], [1, 2]), /1 true labels and 2/);
  assert.throws(() => clusterScores([], []), /0 true labels/);
});

test('chance scores 0 once it is taken off', () => {
  const n = 4000;
  const draw = (name: string, levels: number) => fill(name, [n], { kind: 'quant', levels, offset: 0 });
  const { ami, ari, nmi } = clusterScores(draw('chance/a', 300), draw('chance/b', 200));
  assert.ok(Math.abs(ami) < 0.01 && Math.abs(ari) < 0.01, `${ami}, ${ari}`);
  assert.ok(nmi > 0.4, `${nmi}: what chance gives many small clusters`);
});

test('outliers get clusters of their own', () => {
  assert.equal(Array.from(outliersApart([-1, 0, 3, -1, 3])), [4, 0, 3, 5, 3]);
});

test.run();
