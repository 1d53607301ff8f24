import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { areTracklets, unreadOf } from '../../web/worker/unread.js';

test('kinds of the command line are named, with a pattern where one reads them', () => {
  const prid = unreadOf('prid2011:photos/data/prid', 'photos')!;
  assert.match(prid.what, 'PRID-2011');
  assert.match(prid.advice, '--data prid2011:photos/data/prid');
  assert.is(prid.pattern, 'data/prid/single_shot/cam_{camera}/person_{id}.png');
  assert.is(unreadOf('prid2011:prid', 'prid')!.pattern, 'single_shot/cam_{camera}/person_{id}.png');
  const mars = unreadOf('mars:mars', 'mars')!;
  assert.match(mars.advice, 'a folder for each identity, or a table');
  assert.is(mars.pattern, undefined);
  assert.is(unreadOf('market1501:market', 'market'), undefined);
});

test('frames of tracklets lie two folders down, several in each', () => {
  const walk = (tracklet: string) => [1, 2, 3].map((frame) => `${tracklet}/${frame}.jpg`);
  assert.ok(areTracklets([...walk('anna/1'), ...walk('bert/1')]));
  assert.not(areTracklets(['anna/1/1.jpg', 'bert/1/1.jpg']), 'one picture in each folder');
  assert.not(areTracklets([...walk('anna/1'), 'bert/1.jpg']), 'another depth');
  assert.not(areTracklets([]));
});

test.run();
