import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFileAtomically } from '../../../engine/io/files.node.js';
import {
  CheckpointError,
  type RunFacts,
  readCheckpoint,
  restore,
  takeCheckpoint,
} from '../../../reid/training/checkpoint.node.js';
import { assertSameState } from '../../cli/command-line.js';
import { closeAfter } from '../../engine/device.js';
import { differing } from './differing.js';
import { steps } from './tiny.js';
import { fgreidTrainer, tinyFGReID } from './tiny-fgreid.js';
import { walkers } from './walkers.js';

closeAfter(test);

const folder = mkdtempSync(join(tmpdir(), 'fgreid-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const factsOf = (recipe: RunFacts['recipe']): RunFacts => {
  const figures = { mAP: 0, cmc: { '1': 0 }, mINP: 0 };
  return { recipe, data: 'synthetic', seed: 1, identities: 6, rawPixels: figures, untrained: figures };
};

for (const arch of ['image', 'video'] as const) {
  test(`${arch}: training goes on from a checkpoint to the same bits, centres too`, async () => {
    const recipe = tinyFGReID(arch);
    const whole = fgreidTrainer(recipe, 1);
    await steps(whole, 3);
    const path = join(folder, `${arch}.safetensors`);
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 0));
    const rest = await steps(whole, 2);
    const checkpoint = await readCheckpoint(path);
    const resumed = fgreidTrainer(recipe, 1);
    restore(resumed, checkpoint);
    assert.equal(await steps(resumed, 2), rest);
    const again = `${path}.again`;
    await writeFileAtomically(path, await takeCheckpoint(whole, factsOf(recipe), 0));
    await writeFileAtomically(again, await takeCheckpoint(resumed, factsOf(recipe), 0));
    const [got, want] = [await readCheckpoint(again), await readCheckpoint(path)];
    assertSameState(got, want);
    assert.equal(want.beside!.parameters.get('centers')!.shape, [walkers.identities, 16]);
    assert.equal(differing(got.beside!.parameters, want.beside!.parameters), [], 'centres');
    assert.equal(got.beside!.optimiser, want.beside!.optimiser, 'the optimiser of the centres');
    assert.not.equal(differing(checkpoint.beside!.parameters, want.beside!.parameters), [], 'they moved since');

    const wider = fgreidTrainer(recipe, 1);
    assert.throws(
      () => restore(wider, { ...checkpoint, beside: undefined }),
      (error: Error) => error instanceof CheckpointError && /holds no centers/.test(error.message),
    );
    for (const trainer of [whole, resumed, wider]) await trainer.close();
  });
}

test.run();
