import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FeatureFile, readFeatureFile } from '../../cli/feature-file.js';
import { decodeFile } from '../../datasets/decode-file.js';
import { createSynthetic, createToyWalkers, encodeJpeg, ImageStore, toyStructure } from '../../datasets/index.js';
import { type Gpu, openGpu } from '../../engine/index.js';
import { groupFeatures } from '../../reid/clustering/grouping.js';
import { largestFirst } from '../../reid/clustering/partition.js';
import { extractFeatures } from '../../reid/training/features.js';
import { StructureMaps } from '../../reid/training/gcl/batches.js';
import { Drawer } from '../../reid/training/gcl/drawer.js';
import { download, fill, noBrowser, type OpenPage, openPage, show, view } from './page.js';
import { tinyDrawer, tinyModel } from './tiny-models.js';

/** The same features are the same up to the order of sums on another GPU. */
const TOLERANCE = 1e-4;

/** Milliseconds that a step may take on a busy machine: the models are tiny. */
const LIMIT = 60_000;

/** Skipped, by name, where there is no browser. */
const check = noBrowser() ? test.skip : test;

let open: OpenPage;
let gpu: Gpu;
let models: { pictures: Awaited<ReturnType<typeof tinyModel>>; drawer: Awaited<ReturnType<typeof tinyDrawer>> };
/** Names of the pictures below the folder `people`. */
const names: string[] = [];

const file = (name: string): string => join(open.folder, name);

async function writePictures(): Promise<void> {
  const people = createSynthetic({
    identities: 2,
    testIdentities: 4,
    images: 2,
    cameras: 3,
    distractors: 0,
    height: 96,
    width: 48,
  });
  for (const camera of [0, 1, 2]) mkdirSync(file(`people/cam${camera}`), { recursive: true });
  for (const record of people.gallery) {
    const name = `people/cam${record.camera}/${record.path.replace(/\W+/g, '-')}.jpg`;
    names.push(name);
    writeFileSync(file(name), await encodeJpeg(await people.read(record)));
  }
  writeFileSync(file('people/cam0/broken.jpg'), 'no picture');
  writeFileSync(file('people/notes.txt'), 'no picture either');
}

test.before(async () => {
  if (noBrowser()) return;
  [open, gpu] = await Promise.all([openPage(), openGpu()]);
  open.context.setDefaultTimeout(LIMIT);
  models = { pictures: await tinyModel(3), drawer: await tinyDrawer() };
  writeFileSync(file('other.safetensors'), (await tinyModel(5)).file);
  writeFileSync(file('model.safetensors'), models.pictures.file);
  writeFileSync(file('gcl.safetensors'), models.drawer.file);
  await writePictures();
});

test.after(async () => {
  await open?.close();
  gpu?.close();
});

const tiles = (place: Locator, heading: string): Locator =>
  place.locator('.sheet', { has: open.page.getByRole('heading', { name: heading, exact: true }) }).locator('.tile');

async function openModel(place: Locator, name: string): Promise<void> {
  await place.getByLabel('A file', { exact: true }).check();
  await place.getByLabel('Checkpoint', { exact: true }).setInputFiles(file(name));
  await place.locator('strong').filter({ hasText: name }).waitFor();
}

function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.is(a.length, b.length);
  let [difference, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    most = Math.max(most, Math.abs(b[i]!));
  }
  return difference / most;
}

/** The gallery as `cli/cluster.js` reads it. */
async function exported(place: Locator, name: string): Promise<FeatureFile> {
  writeFileSync(
    file(`${name}.safetensors`),
    await download(open.page, place.getByRole('button', { name: 'Export', exact: true })),
  );
  writeFileSync(
    file(`${name}.csv`),
    await download(open.page, place.getByRole('button', { name: 'Export its table (CSV)' })),
  );
  return readFeatureFile(file(`${name}.safetensors`));
}

check('a folder becomes a gallery: broken pictures are named, features are those of the command line', async () => {
  const place = await show(open.page, 'Search');
  await openModel(place, 'model.safetensors');
  await place.getByText('Cameras', { exact: true }).click();
  await place.getByLabel('The folder that a picture lies in is its camera').check();
  await place.getByLabel('Or a whole folder').setInputFiles(file('people'));
  await place.getByText(`${names.length} pictures added; 1 file that is no picture was passed over.`).waitFor();
  assert.match(
    (await place.getByText('Which', { exact: true }).locator('..').textContent())!,
    'people/cam0/broken.jpg is not a picture',
  );
  await place.getByText('New, export, import, delete').click();
  const rows = await exported(place, 'first');
  assert.equal(rows.rows.map(({ path }) => path).sort(), [...names].sort());
  const { recipe, model } = models.pictures;
  const here = await extractFeatures(
    (x) => model.forward(x),
    rows.rows.map(({ path }) => ({ path: file(path) })),
    { gpu, recipe, dataset: { onDisk: true, read: ({ path }) => decodeFile(path) } },
  );
  const difference = relative(rows.data, here.data);
  assert.ok(difference < TOLERANCE, `features differ by ${difference}`);
});

check('a file finds itself; camera, distance and a part narrow or change the list', async () => {
  const place = view(open.page);
  await place.getByLabel('A picture', { exact: true }).setInputFiles(file(names[5]!));
  const found = tiles(place, 'Found, the nearest first');
  await found.nth(names.length - 1).waitFor();
  const name = async () => /like (.*), distance ([\d.]+)/.exec((await found.first().getAttribute('aria-label'))!)!;
  const [, first, distance] = await name();
  assert.is(first, names[5]);
  assert.is(distance, '0.000');
  const cameras = place.getByRole('group', { name: 'Cameras' });
  await cameras.getByLabel('cam0').uncheck();
  await place.getByText(/^8 of 12 pictures$/).waitFor();
  await cameras.getByLabel('cam0').check();
  await place.getByLabel('Distance', { exact: true }).press('Home');
  await place.getByText(/^1 of 12 pictures$/).waitFor();
  await place.locator('canvas.crop').press('ArrowRight');
  await place.getByText(/^12 of 12 pictures$/).waitFor();
  assert.is.not((await name())[2], '0.000');
});

check('it survives a reload, and pictures can be removed', async () => {
  await open.page.reload();
  const place = view(open.page);
  const held = tiles(place, 'In the gallery');
  await held.nth(names.length - 1).waitFor();
  await held.first().click();
  await place.getByText(/^11 of 11 pictures$/).waitFor();
  await place.getByLabel(`Choose ${names.at(-1)}`).check();
  await place.getByRole('button', { name: 'Remove 1 picture' }).click();
  await place.getByText('11 pictures', { exact: true }).first().waitFor();
  assert.is(await held.count(), 11);
});

check('an exported gallery is imported; other files are refused in words', async () => {
  const place = view(open.page);
  await place.getByText('New, export, import, delete').click();
  const imports = place.getByLabel('Import', { exact: true });
  await imports.setInputFiles(file('model.safetensors'));
  await place.getByText(/model\.safetensors is a checkpoint of a model, not a gallery/).waitFor();
  await imports.setInputFiles(file('people/notes.txt'));
  await place.getByText(/notes\.txt has 17 bytes|notes\.txt: /).waitFor();
  await imports.setInputFiles(file('first.safetensors'));
  await place.getByText('12 pictures imported as first.').waitFor();
  const [before, after] = [await readFeatureFile(file('first.safetensors')), await exported(place, 'again')];
  assert.equal(after.data, before.data);
  assert.equal(after.rows, before.rows);
});

check('another model is told in words, and the gallery computed anew from its folder', async () => {
  const place = view(open.page);
  await openModel(place, 'other.safetensors');
  await place.getByText(/These features were made by baseline, model\.safetensors/).waitFor();
  await place.getByText('For that the page needs the pictures themselves once more', { exact: false }).waitFor();
  const again = place.getByLabel('The folder people, again');
  await again.setInputFiles(file('people'));
  await place.getByText('Compared by baseline, other', { exact: false }).first().waitFor();
  await again.waitFor({ state: 'detached' });
  const anew = await exported(place, 'anew');
  assert.ok(relative(anew.data, (await readFeatureFile(file('again.safetensors'))).data) > 0.01);
});

/** The rows of a downloaded table of groups: path and group. */
async function groupsOf(place: Locator): Promise<Map<string, number>> {
  const bytes = await download(open.page, place.getByRole('button', { name: 'Export the table (CSV)' }));
  const [head, ...lines] = new TextDecoder().decode(bytes).trim().split('\n');
  assert.is(head, 'row,path,cluster,camera');
  return new Map(lines.map((line) => line.split(',')).map(([, path, group]) => [path!, Number(group)]));
}

check('pictures are grouped as by the command line, mended by hand, and exported', async () => {
  const place = await show(open.page, 'Without labels');
  await place.getByLabel('Open', { exact: true }).selectOption('first');
  await place.getByLabel('How', { exact: true }).selectOption('kmeans');
  await fill(place, { Groups: 4 });
  await place.getByRole('button', { name: 'Group', exact: true }).click();
  await place.getByText('4 groups', { exact: true }).waitFor();
  const made = await groupsOf(place);
  const features = await readFeatureFile(file('anew.safetensors'));
  const choice = { method: 'kmeans', distance: 'cosine', clusters: 4, seed: 1 } as const;
  const labels = await groupFeatures(gpu, features, choice, String);
  assert.equal(
    [...made],
    features.rows.map(({ path }, i) => [path, largestFirst(labels).labels[i]]),
  );
  const first = place.getByRole('region', { name: /^Group 0,/ });
  await first.locator('.tile').first().click();
  await place.getByRole('button', { name: 'Move' }).click();
  await place.getByText('5 groups', { exact: true }).waitFor();
  const split = await groupsOf(place);
  const [moved] = [...made].find(([, group]) => group === 0)!;
  assert.equal(
    [...split],
    [...made].map(([path, group]) => [path, path === moved ? 4 : group]),
  );
  await place.getByRole('checkbox', { name: 'Group 1', exact: true }).check();
  await place.getByRole('checkbox', { name: 'Group 4', exact: true }).check();
  await place.getByRole('button', { name: 'Merge groups' }).click();
  await place.getByText('4 groups', { exact: true }).waitFor();
  assert.is((await groupsOf(place)).get(moved), 1);
  await place.getByRole('button', { name: 'Undo' }).click();
  await place.getByText('5 groups', { exact: true }).waitFor();
  await open.page.reload();
  await view(open.page).getByText('5 groups', { exact: true }).waitFor();
  assert.equal([...(await groupsOf(view(open.page)))], [...split]);
});

check('a generator turns a drawn person, as the command line does', async () => {
  const place = await show(open.page, 'Turn');
  await place.getByText('Turning takes a model with a generator').waitFor();
  await openModel(place, 'model.safetensors');
  await place.getByText(/has no generator/).waitFor();
  await openModel(place, 'gcl.safetensors');
  await place.getByRole('button', { name: 'Turn', exact: true }).click();
  const slider = place.getByLabel('Turned by', { exact: true });
  await slider.press('ArrowRight');
  await slider.press('ArrowRight');
  const canvas = place.getByRole('img', { name: 'Drawn, turned by 90°' });
  const there = await canvas.evaluate((one: HTMLCanvasElement) => [
    ...one.getContext('2d')!.getImageData(0, 0, one.width, one.height).data,
  ]);
  const { recipe, nets } = models.drawer;
  const { height, width, resize } = recipe.input;
  const drawer = new Drawer(gpu, nets, recipe);
  const walkers = createToyWalkers({
    identities: 8,
    testIdentities: 4,
    images: 2,
    cameras: 2,
    distractors: 0,
    height,
    width,
  });
  const [walker] = walkers.train;
  const store = new ImageStore(walkers, { height, width, filter: resize, workers: 0 });
  const codes = await drawer.codesOf([await drawer.photo(store, walker!)]);
  const [here] = await drawer.draw([await new StructureMaps(toyStructure(), recipe.input).get(walker!, 90)], codes);
  await store.close();
  assert.is(there.length, 4 * height * width);
  const most = Math.max(...here!.data.map((value, i) => Math.abs(value - there[4 * Math.floor(i / 3) + (i % 3)]!)));
  assert.ok(most <= 1, `pixels differ by ${most}`);
});

check('nothing was asked for beyond the page’s own address, and nothing complained', () => {
  const beyond = open.requests.filter((url) => !url.startsWith(open.url) && !/^(blob|data):/.test(url));
  assert.equal(beyond, []);
  assert.equal(open.complaints, []);
});

test.run();
