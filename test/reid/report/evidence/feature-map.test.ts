import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FeaturedRecords, featureMaps } from '../../../../reid/report/evidence/feature-map.js';

/** Pictures of three people, each around a corner of its own. */
function side(name: string, count: number): FeaturedRecords {
  const records = Array.from({ length: count }, (_, i) => ({
    path: `${name}${i}`,
    identity: 1 + (i % 3),
    camera: i % 2,
    identityName: String(1 + (i % 3)),
  }));
  const data = Float32Array.from({ length: count * 4 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4), i % 4];
    return (column === row % 3 ? 5 : 0) + Math.sin(7 * i);
  });
  return { records, features: { data, count, dimension: 4 } };
}

test('of many pictures some are shown, at even steps, and the map says so', async () => {
  const [few] = await featureMaps(side('q', 6), side('g', 90), { points: 24 });
  assert.is(few!.points.length, 24);
  assert.match(few!.note!, 'All 3 people, 24 of their 96 pictures,');
  const groups = new Set(few!.points.map(({ group }) => group));
  assert.is(groups.size, 3);
  const [all] = await featureMaps(side('q', 6), side('g', 18));
  assert.is(all!.points.length, 24);
  assert.not.match(all!.note!, 'of their');
});

test.run();
