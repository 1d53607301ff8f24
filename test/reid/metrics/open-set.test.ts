import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openSet } from '../../../reid/metrics/open-set.js';
import { rankingTask } from '../../../reid/metrics/protocols.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import { fill } from '../../golden/fill.js';
import { randomCase } from './random-case.js';

function setup(unknownShare: boolean) {
  const { matrix, gallery } = randomCase('open', 40, 60, 500);
  const levels = unknownShare ? 8 : 4;
  const query = {
    identities: fill('open/identities', [40], { kind: 'quant', levels, offset: 1 }),
    cameras: fill('open/cameras', [40], { kind: 'quant', levels: 3, offset: 0 }),
  };
  const result = evaluateRanking(matrix, query, gallery, { nearest: 60, junkIdentity: 0 });
  return { result, task: rankingTask(query, gallery, 'market1501', 0) };
}

test('people whom the gallery does not hold are the unknown ones', () => {
  const { result, task } = setup(true);
  const rates = [0.1, 0.25, 0.5];
  const open = openSet(result.perQuery, task, rates);
  const unknown = result.perQuery
    .filter(({ query }) => task.queryIdentities[query] > 4)
    .map((q) => q.nearest[0].distance);
  const known = result.perQuery.filter(({ valid }) => valid);
  assert.is(open.unknownBy, 'labels');
  assert.equal([open.known, open.unknown], [known.length, unknown.length]);
  assert.is(open.neither, 40 - known.length - unknown.length);
  const candidates = [...unknown, ...known.map((q) => q.nearest[0].distance)];
  rates.forEach((far, k) => {
    const share = (t: number) => unknown.filter((d) => d <= t).length / unknown.length;
    const allowed = candidates.filter((t) => share(t) <= far);
    const rate = (t: number) =>
      known.filter((q) => q.nearest[0].match && q.nearest[0].distance <= t).length / known.length;
    assert.is(open.dirAtFar[k].dir, Math.max(0, ...allowed.map(rate)));
    assert.ok(share(open.dirAtFar[k].threshold!) <= far);
  });
});

test('without them each query is left out of the gallery once', () => {
  const { result, task } = setup(false);
  const open = openSet(result.perQuery, task, [0.2, 0.001]);
  assert.is(open.unknownBy, 'left-out');
  const nearest = result.perQuery
    .filter(({ valid }) => valid)
    .map((q) => q.nearest.find(({ match }) => !match)!.distance)
    .sort((a, b) => a - b);
  assert.is(open.unknown, nearest.length);
  const limit = nearest[Math.floor(0.2 * nearest.length)];
  const known = result.perQuery.filter(({ valid }) => valid);
  const found = known.filter((q) => q.nearest[0].match && q.nearest[0].distance < limit);
  assert.is(open.dirAtFar[0].dir, found.length / known.length);
  assert.equal(open.dirAtFar[1], { far: 0.001, dir: null, threshold: null, needs: 1000 });
});

test('a ranking that kept nothing is refused', () => {
  const { matrix, query, gallery } = randomCase(1);
  const { perQuery } = evaluateRanking(matrix, query, gallery, { nearest: 0 });
  assert.throws(() => openSet(perQuery, rankingTask(query, gallery, 'market1501', -1)), /nearest 1 or more/);
});

test.run();
