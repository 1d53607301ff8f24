import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { marsOfficial, marsSplit } from '../../../reid/metrics/mars.js';
import { evaluateRanking } from '../../../reid/metrics/ranking.js';

test('the two conventions of MARS', () => {
  // Tracklets 0 and 3 are queries; 5 is junk. Person 2 is seen besides its query only by the other query's camera.
  const tracklets = { identities: [1, 1, 2, 2, 1, -1], cameras: [0, 1, 0, 1, 0, 2] };
  const official = marsOfficial(tracklets, [0, 3]);
  assert.equal(official.gallery, [0, 1, 2, 3, 4, 5]);
  const split = marsSplit(tracklets, [0, 3]);
  assert.equal(split.gallery, [1, 2, 4]);
  assert.equal(split.galleryLabels.cameras, [1, 0, 0]);
  // Distance 0 to itself: the query tracklet must not be its own match.
  const matrix = Float32Array.from([...[0, 3, 1, 2, 1, 0.5], ...[1, 2, 3, 0, 4, 0.5]]);
  const all = evaluateRanking(matrix, official.queryLabels, official.galleryLabels, official.options);
  assert.equal([all.averagePrecision, all.invalidQueries], ['trapezoid', 'zero']);
  assert.equal(
    all.perQuery.map(({ kept, matchRanks }) => [kept, Array.from(matchRanks)]),
    [
      [3, [3]],
      [4, [3]],
    ],
  );
  const part = Float32Array.from([3, 1, 1, 2, 3, 4]);
  const some = evaluateRanking(part, split.queryLabels, split.galleryLabels, split.options);
  assert.equal(
    some.perQuery.map(({ kept, matchRanks }) => [kept, Array.from(matchRanks)]),
    [
      [2, [2]],
      [3, [2]],
    ],
  );
  assert.throws(() => marsSplit(tracklets, [9]), /query 9 is none of the 6/);
});

test.run();
test.run();
