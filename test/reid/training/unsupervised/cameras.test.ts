import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { camerasFor, centredByCamera } from '../../../../reid/training/unsupervised/cameras.js';
import { assertClose } from '../../../engine/close.js';
import { closeAfter } from '../../../engine/device.js';
import { eventsUntil, tinyContrast, tinyUnsupervised, unlabelled } from './tiny.js';

closeAfter(test);

test('from each unit feature goes the mean of its camera', () => {
  const data = Float32Array.of(3, 4, 0, 2, 5, 0, -7, 0);
  const { data: centred } = centredByCamera({ data, count: 4, dimension: 2 }, Int32Array.of(0, 0, 2, 2));
  assertClose(centred, [0.3, -0.1, -0.3, 0.1, 1, 0, -1, 0], 1e-6, 'centred');
});

test('what all pictures of a camera share makes no neighbours', async () => {
  const recipe = (mode: string) => tinyContrast('epochs=1', 'clustering.eps=0.7', `clustering.cameras=${mode}`);
  const found: string[] = [];
  for (const mode of ['ignored', 'centred']) {
    const trainer = tinyUnsupervised(recipe(mode));
    const [first] = await eventsUntil(trainer, ({ kind }) => kind === 'clustered');
    if (first?.kind === 'clustered') found.push(first.labels.join());
    await trainer.close();
  }
  assert.is(found.length, 2);
  assert.is.not(found[0], found[1]);
});

test('data that name no cameras are refused in words', () => {
  const { cameras, ...unnamed } = unlabelled;
  assert.is(camerasFor('ignored', unnamed), undefined);
  assert.is(camerasFor('centred', unlabelled), cameras);
  assert.throws(() => camerasFor('centred', unnamed), /does not say which camera.*clustering\.cameras=ignored/);
});

test.run();
