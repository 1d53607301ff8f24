import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Locator } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic, encodeJpeg, encodePng } from '../../datasets/index.js';
import { FLAGS } from '../browser/flags.js';
import { fill, noBrowser, type OpenPage, openPage, show, view } from './page.js';

/** Skipped, by name, where there is no browser. */
const check = noBrowser() ? test.skip : test;

let open: OpenPage;

test.before(async () => {
  if (noBrowser()) return;
  open = await openPage();
});

test.after(() => open?.close());

/** A folder of photographs: a folder for each wolf, the camera in the names, one of them broken. */
async function photographs(root: string): Promise<void> {
  const { train, read } = createSynthetic({ identities: 6, images: 2, cameras: 2, height: 96, width: 48 });
  const write = (name: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), bytes);
  };
  for (const [i, record] of train.entries()) {
    const jpeg = await encodeJpeg(await read(record));
    write(`wolf${record.identity}/c${record.camera + 1}_${i}.jpg`, jpeg);
    if (i === 0) write('wolf1/c1_broken.jpg', jpeg.subarray(0, jpeg.length / 2));
  }
  write('wolf2/notes.txt', 'seen at dawn');
}

async function chooseFolder(place: Locator, folder: string): Promise<void> {
  await place.getByLabel('My own pictures').check();
  await place.getByLabel('Folder of pictures').setInputFiles(folder);
}

const TINY = {
  'Identities in a batch': 3,
  'Pictures of each': 2,
  'Height (pixels)': 32,
  'Width (pixels)': 16,
  Epochs: 8,
  'Evaluate every (epochs)': 0,
  'Other settings': 'model.width=4 evaluation.batch=12 augment.pad=0',
};

/** The row of a table of counts, as its cells. */
const row = (place: Locator, name: string): Promise<string[]> =>
  place
    .getByRole('row', { name: new RegExp(`^${name}`) })
    .getByRole('cell')
    .allTextContents();

check('a folder for each identity is guessed and counted, and told of in the words of the check', async () => {
  const folder = join(open.folder, 'wolves');
  await photographs(folder);
  const place = view(open.page);
  await chooseFolder(place, folder);
  await place.getByText('wolf1/c1_broken.jpg cannot be read as JPEG').waitFor();
  await place.getByText('1 picture left out, which cannot be read').waitFor();
  await place.getByText('1 file that is no picture (notes.txt)').waitFor();
  assert.equal(await row(place, 'Training'), ['3', '12', '2']);
});

check('how it is laid out can be corrected', async () => {
  const place = view(open.page);
  await place.getByText('Read otherwise').click();
  const pattern = place.getByLabel('Pattern of the file names');
  assert.is(await pattern.inputValue(), 'c{camera}_*');
  await pattern.fill('');
  await place.getByLabel('Identities to train on').last().fill('wolf0,wolf1,wolf2,wolf3');
  await place.getByRole('button', { name: 'Read it this way' }).click();
  await place.getByText('every file is whole').waitFor();
  assert.equal(await row(place, 'Training'), ['4', '16', 'each its own']);
  await place.getByLabel('How it is laid out').selectOption('pattern');
  await place.getByLabel('Pattern of the names').fill('{nobody}.jpg');
  await place.getByRole('button', { name: 'Read it this way' }).click();
  assert.match((await place.getByRole('alert').textContent())!, 'has no {id}');
});

check('a full disk holds training up in words, and it goes on when there is room', async () => {
  const { page, context, url } = open;
  const place = view(page);
  await place.getByLabel('How it is laid out').selectOption('folder');
  await place.getByLabel('Pattern of the file names').fill('c{camera}_*');
  await place.getByLabel('Identities to train on').last().fill('');
  await place.getByRole('button', { name: 'Read it this way' }).click();
  await place.getByText('every file is whole').waitFor();
  await place.getByText('Batch, size, seed').click();
  await fill(place, { ...TINY, 'Name of the run': 'wolves' });
  const session = await context.newCDPSession(page);
  const origin = new URL(url).origin;
  await place.getByRole('button', { name: 'Train', exact: true }).click();
  await place.getByText(/^1 of 8$/).waitFor();
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 200_000 });
  const alert = place.getByRole('alert').filter({ hasText: 'full' });
  assert.match((await alert.textContent())!, /could not be written: the storage .* is full .* Delete runs/);
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await place.getByRole('button', { name: 'Go on', exact: true }).click();
  await place.getByRole('button', { name: 'Pause' }).waitFor();
  await place.getByRole('button', { name: 'Stop' }).click();
  await place.getByText(/^Stopped after step/).waitFor();
});

check('after a reload a run goes on without its folder, from the small copies; and is trained on', async () => {
  await open.page.reload();
  const place = view(open.page);
  await place.getByRole('button', { name: 'Go on with wolves' }).click();
  await place.getByText(/^Finished after \d+ steps: mAP/).waitFor();
  await place.getByLabel('Train wolves on').click();
  await place.getByLabel('Epochs in all').fill('9');
  await place.getByRole('button', { name: 'Train on' }).click();
  await place.getByText(/^9 of 9$/).waitFor();
  await place.getByText(/^Finished after \d+ steps: mAP/).waitFor();
});

/** The small copies that the page keeps: the pictures of each shelf. */
const shelves = (): Promise<string[][]> =>
  open.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const lists: string[][] = [];
    for await (const shelf of (await root.getDirectoryHandle('pictures')).values()) {
      const list = await (shelf as FileSystemDirectoryHandle).getFileHandle('list.json');
      lists.push(JSON.parse(await (await list.getFile()).text()) as string[]);
    }
    return lists;
  });

check('a photograph is made small once: for training, and for evaluating with the folder chosen anew', async () => {
  const before = await shelves();
  assert.equal(
    before.map(({ length }) => length),
    [24],
  );
  const place = await show(open.page, 'Evaluate');
  await place.getByLabel('Run', { exact: true }).selectOption('wolves');
  await place.getByRole('button', { name: 'Open' }).click();
  await chooseFolder(place, join(open.folder, 'wolves'));
  await place.getByText('1 picture left out, which cannot be read').waitFor();
  await place.getByRole('button', { name: 'Evaluate', exact: true }).click();
  await place.getByText('Both conventions, side by side').waitFor();
  assert.equal(await shelves(), before);
});

check('a folder that is read by the command line only is named, and opened by its names', async () => {
  const folder = join(open.folder, 'prid');
  const { train, read } = createSynthetic({ identities: 4, images: 2, cameras: 2, height: 32, width: 16 });
  for (const record of train) {
    const path = join(folder, `single_shot/cam_${'ab'[record.camera]}/person_000${record.identity}.png`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await encodePng(await read(record)));
  }
  const place = await show(open.page, 'Train');
  await chooseFolder(place, folder);
  await place.getByText('This is PRID-2011, one picture a camera').waitFor();
  await place.getByText('node cli/train.js --data prid2011:prid').waitFor();
  await place.getByRole('button', { name: 'Read it this way' }).click();
  await place.getByText('every file is whole').waitFor();
  assert.equal(await row(place, 'Training'), ['2', '4', '2']);
});

const VIEWS = ['Train', 'Evaluate', 'Search', 'Without labels', 'Turn'];

check('it can be used on a phone: nothing is wider than the screen, and every tab is on it', async () => {
  const { page } = open;
  await page.setViewportSize({ width: 360, height: 740 });
  for (const title of VIEWS) {
    await show(page, title);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, title);
  }
  const tabs = page.getByRole('navigation');
  assert.ok(await tabs.evaluate((one) => one.scrollWidth <= one.clientWidth));
});

check('every control has a name, and the keyboard reaches the content', async () => {
  const { page } = open;
  for (const title of VIEWS) {
    await show(page, title);
    const nameless = await view(page)
      .locator('button, a, input, select, summary, canvas[role]')
      .evaluateAll((all) =>
        (all as HTMLInputElement[])
          .filter((one) => !one.getAttribute('aria-label') && !one.labels?.length && !one.textContent?.trim())
          .map((one) => one.outerHTML),
      );
    assert.equal(nameless, [], title);
  }
  await page.reload();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.is(await page.evaluate(() => document.activeElement?.id), 'main');
});

check('the policy holds: no other address can be asked', async () => {
  const refused = await open.page.evaluate(() =>
    fetch('http://127.0.0.1:9/').then(
      () => false,
      (error: Error) => error.message.includes('fetch'),
    ),
  );
  assert.ok(refused);
  const beyond = open.requests.filter(
    (url) => !url.startsWith(open.url) && !/^(blob|data):|127\.0\.0\.1:9\//.test(url),
  );
  assert.equal(beyond, []);
});

/** Has every adapter and device say that it binds 1 MiB at most. */
const SMALL = `for (const { prototype } of [GPUAdapter, GPUDevice]) {
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'limits');
  const small = new Set(['maxBufferSize', 'maxStorageBufferBindingSize']);
  const limits = { get: (all, name) => (small.has(name) ? 2 ** 20 : all[name]) };
  Object.defineProperty(prototype, 'limits', { get() { return new Proxy(get.call(this), limits); } });
}
`;

check('a GPU that is too small for a recipe is told in words, with what fits', async () => {
  const small = await openPage(FLAGS, SMALL);
  try {
    const place = view(small.page);
    await place.getByRole('button', { name: 'Draw them' }).click();
    const train = place.getByRole('button', { name: 'Train', exact: true });
    const alert = place.getByRole('alert');
    const words = (await alert.textContent())!;
    assert.match(words, /This GPU is too small for baseline-tiny as it stands: .* binds at most 1,048,576\./);
    const [, batch, test] = /With (\d+) identities in a batch and (evaluation\.batch=\d+)/.exec(words)!;
    assert.ok(await train.isDisabled());
    await place.getByText('Batch, size, seed').click();
    await fill(place, { 'Identities in a batch': batch!, 'Other settings': test! });
    await place.getByText(/numbers to train/).waitFor();
    assert.not(await train.isDisabled());
    assert.not(await alert.count());
  } finally {
    await small.close();
  }
});

check('without a GPU the page says so, and pictures can still be looked at', async () => {
  const plain = await openPage(FLAGS.filter((flag) => !/webgpu/.test(flag)));
  try {
    const { page } = plain;
    const alert = page.getByRole('alert').first();
    assert.match((await alert.textContent())!, /WebGPU.*need it/s);
    await view(page).getByRole('button', { name: 'Draw them' }).click();
    assert.equal(await row(view(page), 'Training'), ['64', '768', '6']);
  } finally {
    await plain.close();
  }
});

test.run();
