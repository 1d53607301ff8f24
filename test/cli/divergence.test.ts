import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCheckpoint } from '../../reid/training/checkpoint.node.js';
import { fail, folderFor, stepsOf, succeed } from './command-line.js';
import { set, tinyRun } from './tiny.js';

const folder = folderFor(test);

/** One step an epoch: a checkpoint is due after every step. */
const STEPS = ['sampler.identities=6', 'sampler.cover=identities', 'schedule.kind=constant', 'schedule.warmup=null'];

const finite = (run: string) =>
  readCheckpoint(join(run, 'checkpoint.safetensors')).then((checkpoint) => {
    for (const [name, { data }] of checkpoint.model) {
      if (data instanceof Float32Array)
        assert.ok(
          data.every((value) => Math.abs(value) < 1e6),
          name,
        );
    }
    return checkpoint;
  });

test('a loss that turns NaN: stops, names step and rate, and the last good checkpoint goes on at a lower rate', async () => {
  const out = join(folder, 'loss');
  const says = ['The loss of step 2 is NaN', 'learning rate 1.00e+12', '--set optimiser.lr='];
  await fail(1, says, 'train', ...tinyRun(out, ...STEPS, 'epochs=4', 'optimiser.lr=1e12'));
  assert.not(existsSync(join(out, 'metrics.json')));
  assert.is(stepsOf(out).length, 1);
  assert.is((await finite(out)).position.step, 0, 'the weights of step 1 gave the NaN');
  const other = join(folder, 'width');
  mkdirSync(other);
  copyFileSync(join(out, 'checkpoint.safetensors'), join(other, 'checkpoint.safetensors'));

  await succeed('train', '--resume', '--out', out, ...set('optimiser.lr=1e-3', 'epochs=2'));
  assert.equal(
    stepsOf(out).map(({ step, lr }) => [step, lr]),
    [
      [1, 1e-3],
      [2, 1e-3],
    ],
  );
  assert.is((await finite(out)).position.step, 2);

  // The same checkpoint, in a run whose recipe makes a wider model.
  const message = await fail(1, [other, 'another model'], 'train', '--resume', '--out', other, ...set('model.width=8'));
  assert.match(message, /conv1\.weight is \[4,3,3,3\] in the file and \[8,3,3,3\] in the model/);
});

test('weights that explode: stops before they reach the checkpoint', async () => {
  const out = join(folder, 'weights');
  // The loss shows it or the weights do: whether NaN passes a ReLU is the adapter's affair.
  const says = ['step', 'learning rate 1.00e+30', 'Training stopped'];
  await fail(1, says, 'train', ...tinyRun(out, 'schedule.kind=constant', 'schedule.warmup=null', 'optimiser.lr=1e30'));
  assert.not(existsSync(join(out, 'metrics.json')));
  await finite(out);
});

test.run();
