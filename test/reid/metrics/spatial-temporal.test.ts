import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  gaussianSmooth,
  jointScore,
  smoothHistograms,
  spatialTemporalRows,
  timeHistograms,
  walkShare,
} from '../../../reid/metrics/spatial-temporal.js';
import { loadJson } from '../../fixture.js';
import { fusionCases } from '../../parity/evaluation-fusion.js';
import type { GoldenFusion } from '../../parity/evaluation-golden.js';

const { st_reid: golden } = (await loadJson('eval-protocols.json')) as { st_reid: GoldenFusion };

for (const [name, check] of Object.entries(fusionCases(golden))) {
  test(`golden ${name}`, async () => {
    for (const [part, { reason }] of Object.entries(await check())) assert.is(reason, undefined, `${part}: ${reason}`);
  });
}

test('a histogram of two people, and where a walk falls in it', () => {
  const learnt = timeHistograms([1, 1, 1, 2, 2], { cameras: [0, 0, 1, 1, 0], frames: [100, 300, 650, 0, 120] }, 2, {
    bins: 6,
    interval: 100,
  });
  // Person 1: camera 0 at 200 on average, camera 1 at 650: 4 intervals. Person 2: camera 0 is the later one by 120.
  const share = (later: number, bin: number) => learnt.shares[(later * 2 + 1 - later) * 6 + bin];
  assert.ok(Math.abs(share(1, 4) - 1) < 1e-6);
  assert.ok(Math.abs(share(0, 1) - 1) < 1e-6);
  assert.is(walkShare(learnt, 1, 450, 0, 0), share(1, 4));
  assert.is(walkShare(learnt, 0, 0, 1, 450), share(1, 4));
  assert.is(walkShare(learnt, 0, 450, 1, 0), 0);
  assert.is(walkShare(learnt, 1, 700, 0, 0), 0, 'beyond the last bin');
  const smooth = smoothHistograms(learnt, 1).shares.subarray(2 * 6, 3 * 6);
  assert.ok(Math.abs(smooth.reduce((sum, x) => sum + x, 0) - 1) < 1e-6);
  assert.is(smooth[0], 0, 'more than three sigma away');
  assert.ok(smooth[4] > smooth[3] && smooth[3] > smooth[2] && smooth[1] > 0);
});

test('smoothing is a sum over a window of three sigma', () => {
  const density = (k: number) => Math.exp((-k * k) / 8) / (2 * Math.sqrt(2 * Math.PI));
  const got = gaussianSmooth([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2], 2);
  got.forEach((value, i) => {
    const from = (j: number, x: number) => (Math.abs(i - j) <= 6 ? x * density(i - j) : 0);
    assert.ok(Math.abs(value - from(2, 1) - from(10, 2)) < 1e-12, `${i}`);
  });
});

test('joint distances, and lists that do not fit', async () => {
  const learnt = timeHistograms([1, 1], { cameras: [0, 1], frames: [0, 50] }, 2, { bins: 2 });
  const gallery = { cameras: [1, 1], frames: [60, 900] };
  const rows = spatialTemporalRows(() => Float32Array.of(0.25, 0.25), learnt, { cameras: [0], frames: [0] }, gallery);
  const got = await rows(0, 1);
  assert.ok(Math.abs(got[0] - (1 - jointScore(0.75, 1 / (1 + 1e-7)))) < 1e-6);
  assert.ok(Math.abs(got[1] - (1 - jointScore(0.75, 0))) < 1e-6);
  assert.throws(
    () => spatialTemporalRows(() => got, learnt, { cameras: [2], frames: [0] }, gallery),
    /query camera 0 is 2, of 2/,
  );
  assert.throws(() => timeHistograms([1, 1], { cameras: [0], frames: [0, 50] }, 2), /1 training cameras/);
});

test.run();
