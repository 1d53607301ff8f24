import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageToTrackRows } from '../../../reid/metrics/image-to-track.js';
import { evaluateRankingByRows } from '../../../reid/metrics/ranking.js';
import { fill } from '../../golden/fill.js';
import { rowsOf } from './worked-case.js';

test('image to track: the nearest picture of each track', async () => {
  const pictures = fill('track pictures', [3 * 7], { kind: 'quant', levels: 50, offset: 0 });
  const trackOf = [0, 2, 1, 0, 2, 2, 1];
  const rows = imageToTrackRows(rowsOf(pictures, 7), trackOf, 3);
  const got = await rows(1, 2);
  for (const [i, q] of [1, 2].entries()) {
    for (const track of [0, 1, 2]) {
      const own = trackOf.flatMap((t, j) => (t === track ? [pictures[q * 7 + j]] : []));
      assert.is(got[i * 3 + track], Math.min(...own));
    }
  }
  // VeRi's rule: tracks of the query's identity and camera are left out.
  const result = await evaluateRankingByRows(
    rows,
    { identities: [5, 5, 6], cameras: [0, 1, 0] },
    { identities: [5, 6, 5], cameras: [0, 1, 1] },
  );
  assert.equal(
    result.perQuery.map(({ kept, matchRanks }) => [kept, matchRanks.length]),
    [
      [2, 1],
      [2, 1],
      [3, 1],
    ],
  );
  pictures[7 + 1] = Number.NaN;
  assert.ok(Number.isNaN((await rows(1, 1))[2]), 'a NaN stays one');
  assert.throws(() => imageToTrackRows(rowsOf(pictures, 7), trackOf, 4), /track 3 has no picture/);
});

test.run();
