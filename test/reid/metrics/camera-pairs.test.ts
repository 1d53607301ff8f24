import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CameraPairs } from '../../../reid/metrics/camera-pairs.js';
import { rankingTask } from '../../../reid/metrics/protocols.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';
import { randomCase } from './random-case.js';

test('each cell is an evaluation of its own, restricted to two cameras', () => {
  const { matrix, query, gallery } = randomCase('cameras', 12, 60, 20);
  const size = 60;
  const task = rankingTask(query, gallery, 'market1501', 0);
  const pairs = new CameraPairs(task);
  for (let q = 0; q < 12; q++) pairs.visit(q, matrix.subarray(q * size, (q + 1) * size), task.listOf(q));
  const { queryCameras, galleryCameras, queries, cmc1, mAP } = pairs.matrix();
  assert.equal(
    [queryCameras, galleryCameras],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  );
  for (const a of queryCameras) {
    for (const b of galleryCameras) {
      if (a === b) {
        assert.equal([queries[a][b], cmc1[a][b], mAP[a][b]], [0, null, null]);
        continue;
      }
      const own = Array.from(query.cameras).flatMap((camera, i) => (camera === a ? [i] : []));
      const items = Array.from(gallery.cameras).flatMap((camera, i) => (camera === b ? [i] : []));
      const want = evaluateRanking(
        Float32Array.from(own.flatMap((q) => items.map((g) => matrix[q * size + g]))),
        { identities: own.map((q) => query.identities[q]), cameras: own.map(() => a) },
        { identities: items.map((g) => gallery.identities[g]), cameras: items.map(() => b) },
        { junkIdentity: 0 },
      );
      assert.is(queries[a][b], want.valid);
      assert.ok(Math.abs(cmc1[a][b]! - want.cmc[0]) < 1e-12);
      assert.ok(Math.abs(mAP[a][b]! - want.mAP) < 1e-12);
    }
  }
});

test('without cameras there is no matrix', () => {
  const task = rankingTask({ identities: [1] }, { identities: [1] }, 'no-camera', null);
  assert.throws(() => new CameraPairs(task), /need cameras/);
});

test.run();
