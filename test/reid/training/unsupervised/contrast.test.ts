import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { centresOf, withOutliers } from '../../../../reid/training/unsupervised/contrast-method.js';
import type { RoundClustered, UnsupervisedStep } from '../../../../reid/training/unsupervised/trainer.js';
import { assertClose } from '../../../engine/close.js';
import { closeAfter } from '../../../engine/device.js';
import { eventsUntil, tinyContrast, tinyUnsupervised } from './tiny.js';

closeAfter(test);

test('centres are the normalised means of normalised features; outliers count nowhere', () => {
  const data = Float32Array.of(3, 4, 0, 2, 5, 0, 7, 7);
  const centres = centresOf({ labels: Int32Array.of(0, 0, 1, -1), clusters: 2 }, { data, count: 4, dimension: 2 });
  const [x, y] = [0.6, 0.8 + 1];
  const length = Math.hypot(x, y);
  assertClose(centres, [x / length, y / length, 1, 0], 1e-6, 'centres');
});

test('pictures in no cluster can be clusters of their own', () => {
  const { labels, clusters } = withOutliers({ labels: Int32Array.of(-1, 1, 0, -1, 1), clusters: 2 });
  assert.equal([[...labels], clusters], [[2, 1, 0, 3, 1], 4]);
});

test('each epoch clusters anew and trains on what is in a cluster', async () => {
  const trainer = tinyUnsupervised(tinyContrast('epochs=2', 'clustering.eps=0.7'));
  const events = await eventsUntil(trainer);
  await trainer.close();
  const order = events.map(({ kind, round }) => `${kind} ${round}`).filter((text, i, all) => text !== all[i - 1]);
  assert.equal(order, ['clustered 0', 'step 0', 'trained 0', 'clustered 1', 'step 1', 'trained 1']);
  for (const event of events) {
    if (event.kind === 'clustered') {
      const { labels, clusters } = event as RoundClustered;
      assert.ok(clusters >= 2 && labels.every((label) => label >= -1 && label < clusters), `${clusters} clusters`);
    }
    if (event.kind === 'step') {
      const { losses, images, clusters } = event as UnsupervisedStep;
      assert.ok(Number.isFinite(losses.loss) && losses.loss > 0);
      assert.is(images, 2 * Math.min(3, clusters));
    }
  }
});

test('clusters that are none are refused with what to change', async () => {
  const trainer = tinyUnsupervised(tinyContrast('clustering.eps=0.001', 'clustering.minSamples=30'));
  let message = '';
  await eventsUntil(trainer).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /no cluster.*larger --set clustering\.eps=/);
  await trainer.close();
});

test.run();
