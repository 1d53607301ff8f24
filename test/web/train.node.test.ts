import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileBytes } from '../../engine/io/files.node.js';
import { readNpy } from '../../engine/io/npy.js';
import { memorySource } from '../../engine/io/source.js';
import { type Checkpoint, checkpointOf } from '../../reid/training/checkpoint.js';
import { succeed } from '../cli/command-line.js';
import { set } from '../cli/tiny.js';
import { download, fill, noBrowser, type OpenPage, openPage, pressWhen, show, view } from './page.js';

/** A set and a recipe so small that software makes an epoch in a second, and that it learns all the same. */
const DRAWN = {
  'Identities to train on': 8,
  'Identities to test on': 6,
  'Pictures for each camera': 2,
  Cameras: 2,
  'Passers-by in the gallery': 0,
};
const DATA = 'synthetic:identities=8,testIdentities=6,images=2,cameras=2,distractors=0,seed=1';
const SETTINGS = [
  'model.width=4',
  'augment.pad=0',
  'augment.erase=null',
  'schedule.warmup.epochs=1',
  'evaluation.batch=24',
];
const EPOCHS = 10;

/** The same features are the same up to the order of sums on another GPU. */
const TOLERANCE = 1e-4;

/** Skipped, by name, where there is no browser. */
const check = noBrowser() ? test.skip : test;

let open: OpenPage;

test.before(async () => {
  if (noBrowser()) return;
  open = await openPage();
});

test.after(() => open?.close());

async function chooseDrawn(): Promise<void> {
  const place = view(open.page);
  await place.getByText('How many').click();
  await fill(place, DRAWN);
  await place.getByRole('button', { name: 'Draw them' }).click();
}

/** The weights of a run's checkpoint, downloaded. */
async function checkpointOfRun(run: string): Promise<{ bytes: Uint8Array; checkpoint: Checkpoint }> {
  const button = view(open.page).getByRole('button', { name: `Download the checkpoint of ${run}` });
  const bytes = await download(open.page, button);
  return { bytes, checkpoint: await checkpointOf(memorySource(bytes, run)) };
}

/** Features of query and gallery by the command line. */
async function featuresByCommand(model: string): Promise<Float32Array> {
  const out = join(open.folder, 'features.npy');
  await succeed('extract', model, '--data', DATA, '--out', out);
  return readNpy(await readFileBytes(out)).data as Float32Array;
}

/** The largest difference, over the largest value. */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.is(a.length, b.length);
  let [difference, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    most = Math.max(most, Math.abs(b[i]!));
  }
  return difference / most;
}

check('the small recipe trains to a rising mAP; pause and go on', async () => {
  const { page } = open;
  await chooseDrawn();
  const place = view(page);
  await place.getByText('Batch, size, seed').click();
  await fill(place, {
    Epochs: EPOCHS,
    'Learning rate': 0.004,
    'Evaluate every (epochs)': 5,
    'Identities in a batch': 4,
    'Pictures of each': 2,
    'Height (pixels)': 32,
    'Width (pixels)': 16,
    'Other settings': SETTINGS.join(' '),
    'Name of the run': 'whole',
  });
  const paused = pressWhen(place.getByRole('button', { name: 'Pause', includeHidden: true }), /^[4-8] of \d+$/);
  await place.getByRole('button', { name: 'Train', exact: true }).click();
  // The page answers while the worker computes.
  await show(page, 'Evaluate');
  await show(page, 'Train');
  await paused;
  await place.getByText(/Paused after step \d+/).waitFor();
  await place.locator('canvas.picture[aria-label^="identity"]').first().waitFor();
  await place.getByRole('button', { name: 'Go on', exact: true }).click();
  const finished = await place.getByText(/^Finished after/).textContent();
  const before = await place.getByText(/^Before training/).textContent();
  const untrained = Number(/untrained net ([\d.]+) %/.exec(before!)![1]);
  const trained = Number(/mAP ([\d.]+) %/.exec(finished!)![1]);
  assert.ok(trained > untrained + 3, `mAP rises: ${before} ${finished}`);
});

check('a run that was stopped goes on after a reload, to the same bits', async () => {
  const { page } = open;
  const whole = await checkpointOfRun('whole');
  // The same run once more, stopped on the way.
  await page.reload();
  const place = view(page);
  await chooseDrawn();
  await place.getByText('Batch, size, seed').click();
  const { recipe } = whole.checkpoint.facts;
  await fill(place, {
    'Identities in a batch': 4,
    'Pictures of each': 2,
    'Height (pixels)': 32,
    'Width (pixels)': 16,
    Epochs: EPOCHS,
    'Learning rate': recipe.optimiser.lr,
    'Other settings': SETTINGS.join(' '),
    'Evaluate every (epochs)': 0,
    'Name of the run': 'cut',
  });
  const stopped = pressWhen(
    place.getByRole('button', { name: 'Stop', exact: true, includeHidden: true }),
    /^[2-8] of \d+$/,
  );
  await place.getByRole('button', { name: 'Train', exact: true }).click();
  await stopped;
  await place.getByText(/^Stopped after step/).waitFor();
  await page.reload();
  await view(page).getByRole('button', { name: 'Go on with cut' }).click();
  await view(page)
    .getByText(/^Finished after/)
    .waitFor();
  const cut = await checkpointOfRun('cut');
  assert.is(cut.checkpoint.position.step, whole.checkpoint.position.step);
  for (const [name, { data }] of whole.checkpoint.model) {
    assert.equal(cut.checkpoint.model.get(name)!.data, data, name);
  }
});

/** Evaluates the model that was chosen on the data of the tests; features of query and gallery. */
async function featuresThere(): Promise<Float32Array> {
  const place = view(open.page);
  await place.getByRole('button', { name: 'Evaluate', exact: true }).click();
  await place.getByText('Both conventions, side by side').waitFor();
  const bytes = await download(open.page, place.getByRole('button', { name: 'Download features.npy' }));
  return readNpy(bytes).data as Float32Array;
}

check('a checkpoint of the page gives the same features on the command line', async () => {
  const path = join(open.folder, 'page.safetensors');
  writeFileSync(path, (await checkpointOfRun('cut')).bytes);
  const place = await show(open.page, 'Evaluate');
  await place.getByLabel('Run', { exact: true }).selectOption('cut');
  await place.getByRole('button', { name: 'Open' }).click();
  await place.getByRole('button', { name: 'Use the pictures it was trained with' }).click();
  const difference = relative(await featuresThere(), await featuresByCommand(path));
  assert.ok(difference < TOLERANCE, `features differ by ${difference}`);
});

check('a checkpoint that the command trained gives the same features in the page', async () => {
  const out = join(open.folder, 'by-command');
  const changes = ['epochs=1', 'input.height=32', 'input.width=16', 'sampler.identities=4', 'sampler.images=2'];
  await succeed('train', 'baseline-tiny', '--data', DATA, '--out', out, ...set(...SETTINGS, ...changes));
  const place = view(open.page);
  await place.getByLabel('A file').check();
  await place.getByLabel('Checkpoint', { exact: true }).setInputFiles(join(out, 'checkpoint.safetensors'));
  await place.getByText(/checkpoint\.safetensors, epoch 1, step \d/).waitFor();
  const difference = relative(await featuresThere(), await featuresByCommand(out));
  assert.ok(difference < TOLERANCE, `features differ by ${difference}`);
});

check('an evaluation that was stopped says so, and the next one gives all figures', async () => {
  const place = view(open.page);
  await place.getByText('How many').click();
  await fill(place, { ...DRAWN, 'Identities to test on': 24 });
  await place.getByRole('button', { name: 'Draw them' }).click();
  await place.getByRole('row', { name: /^Gallery 24 48 2$/ }).waitFor();
  const stop = place.getByRole('button', { name: 'Stop evaluating', includeHidden: true });
  const pressed = pressWhen(stop, /^features \d+\/\d+/);
  const start = place.getByRole('button', { name: 'Evaluate', exact: true });
  await start.click();
  await pressed;
  await place.getByText('Stopped: there are no figures.').waitFor();
  assert.not(await start.isDisabled());
  assert.is(await place.getByText('Both conventions, side by side').count(), 0);
  await start.click();
  await place.getByText(/^48 queries, 48 of them with a match, 48 in the gallery;/).waitFor();
  assert.is(await place.getByText('Stopped: there are no figures.').count(), 0);
});

check('the lists begin with the worst query, and can be turned over and looked into', async () => {
  const place = view(open.page);
  const lists = place.locator('.ranked');
  const ap = async () => Number(/AP ([\d.]+)/.exec((await lists.first().textContent())!)![1]);
  const worst = await ap();
  await place.getByLabel('Order', { exact: true }).selectOption('best');
  assert.ok((await ap()) >= worst);
  const first = await lists.first().textContent();
  await place.getByRole('button', { name: 'Next' }).click();
  assert.is.not(await lists.first().textContent(), first);
  await lists
    .first()
    .getByRole('button', { name: /^Rank 1,/ })
    .click();
  await lists.first().getByText('Gallery picture').waitFor();
});

check('the map shows the picture behind a point, and the threshold counts anew', async () => {
  const place = view(open.page);
  await place.getByRole('button', { name: 'Make the map' }).click();
  const map = place.locator('canvas.map');
  await map.press('ArrowRight');
  await place
    .locator('.about')
    .getByText(/camera \d/)
    .waitFor();
  const words = place.getByText(/known queries are found/);
  const before = await words.textContent();
  await place.getByLabel(/^Threshold/).press('End');
  assert.match((await words.textContent())!, '100.0 % of');
  assert.is.not(await words.textContent(), before);
});

check('what was found fits a phone', async () => {
  const { page } = open;
  await page.setViewportSize({ width: 360, height: 740 });
  for (const title of ['Evaluate', 'Train']) {
    await show(page, title);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${title} is ${width} wide`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

check('nothing was asked for beyond the page’s own address, and nothing complained', () => {
  const beyond = open.requests.filter((url) => !url.startsWith(open.url) && !/^(blob|data|chrome):/.test(url));
  assert.equal(beyond, []);
  assert.equal(open.complaints, []);
});

check('a lost GPU is told in words, the run is saved, and it goes on', async () => {
  const { page, context } = open;
  const place = await show(page, 'Train');
  await chooseDrawn();
  await place.getByText('Batch, size, seed').click();
  await fill(place, {
    'Identities in a batch': 4,
    'Pictures of each': 2,
    'Height (pixels)': 32,
    'Width (pixels)': 16,
    Epochs: 60,
    'Evaluate every (epochs)': 0,
    'Other settings': SETTINGS.join(' '),
    'Name of the run': 'lost',
  });
  await place.getByRole('button', { name: 'Train', exact: true }).click();
  await place.getByText(/^2 of 60$/).waitFor();
  const session = await context.newCDPSession(page);
  // The connection may end with it.
  await session.send('Browser.crashGpuProcess').catch(() => undefined);
  const alert = place.getByRole('alert').filter({ hasText: 'GPU' });
  assert.match((await alert.textContent())!, /The run lost is saved as it was after step \d+/);
  await place.getByRole('button', { name: 'Go on with lost' }).click();
  await place.getByText(/^3 of 60$/).waitFor();
  await place.getByRole('button', { name: 'Stop' }).click();
  await place.getByText(/^Stopped after step/).waitFor();
});

test.run();
