import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeApng } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSyntheticTracklets, decodeImage } from '../../datasets/index.js';
import { manualSeed } from '../../engine/index.js';
import { writeFileAtomically } from '../../engine/io/files.node.js';
import { fgreidVideoSmall, overrideRecipe } from '../../reid/recipes/index.js';
import { takeCheckpoint } from '../../reid/training/checkpoint.node.js';
import { buildModel } from '../../reid/training/model.js';
import { Trainer } from '../../reid/training/trainer.js';
import { closeAfter, gpu } from '../engine/device.js';
import { fail, folderFor, succeed } from './command-line.js';

closeAfter(test);

const folder = folderFor(test);
const DATA = { identities: 8, testIdentities: 4, tracklets: 1, cameras: 2, minFrames: 3, maxFrames: 4, distractors: 0 };
const SIZE = { height: 32, width: 16 };
const run = join(folder, 'fgreid.safetensors');
const data = `synthetic-tracklets:${Object.entries({ ...DATA, ...SIZE }).map(([key, value]) => `${key}=${value}`)}`;

/** A model as it begins. */
test.before(async () => {
  const changes = [
    'model.width=4',
    'model.channels=8',
    'model.inner=4',
    'input.height=32',
    'input.width=16',
    'sampler.identities=4',
  ];
  const recipe = overrideRecipe(fgreidVideoSmall, changes);
  manualSeed(1);
  const dataset = createSyntheticTracklets({ ...DATA, ...SIZE });
  const trainer = new Trainer({ gpu, dataset, recipe, seed: 1, model: buildModel(recipe, 8) });
  await writeFileAtomically(run, await takeCheckpoint(trainer, { recipe, data, seed: 1, identities: 8 }, 0));
  await trainer.close();
});

test('tracklets as strips and animations, and maps of identities, centres and classifier', async () => {
  const out = join(folder, 'out');
  const { stdout } = await succeed('look', run, '--out', out, '--count', '1', '--style', 'viridis', '--json');
  const { files, explainedVariance } = JSON.parse(stdout) as {
    files: string[];
    explainedVariance: Record<string, number[]>;
  };
  const [animated, strip] = readdirSync(out)
    .filter((name) => name.startsWith('tracklet'))
    .sort();
  assert.equal(
    readdirSync(out).sort(),
    [animated, strip, 'centers.png', 'classifier.png', 'identities.png', 'look.html'].sort(),
  );
  assert.is(files.length, 6);
  const { numberOfFrames, frames } = decodeApng(readFileSync(join(out, animated!)));
  assert.ok(numberOfFrames >= 3 && frames[0]!.delayNumber === 150);
  const picture = await decodeImage(new Uint8Array(readFileSync(join(out, strip!))), strip!);
  assert.ok(picture.width > 3 * 96 && picture.height > 2 * 192);
  for (const name of ['centers', 'classifier']) assert.is(explainedVariance[name]!.length, 3);
  const page = readFileSync(join(out, 'look.html'), 'utf8');
  for (const part of ['Tracklets', 'Centres: t-SNE', 'Rows of the classifier: components 1 and 3', 'moving']) {
    assert.ok(page.includes(part), part);
  }
});

test('what is no picture or tracklet is named', async () => {
  const out = ['--out', join(folder, 'none')];
  await fail(2, ['--tracklet 99', 'numbers up to'], 'look', run, ...out, '--tracklet', '99');
  await fail(2, ['--picture nobody.png', 'no file'], 'look', run, ...out, '--picture', 'nobody.png');
});

test.run();
