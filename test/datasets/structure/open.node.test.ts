import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createToyWalkers, encodePng, type Picture, type ReidDataset, withoutLabels } from '../../../datasets/index.js';
import { writeMarket1501 } from '../../../datasets/market1501-writer.node.js';
import { openDataset } from '../../../datasets/open.node.js';
import { openStructure, STRUCTURE_KINDS } from '../../../datasets/structure/open.node.js';
import { normaliseMap, type StructureProvider } from '../../../datasets/structure/provider.js';
import { walkerStructure } from '../../../datasets/structure/walker.js';
import { fnv1a32 } from '../../../random/philox.js';
import { failsWith } from '../fails-with.js';
import { pictures, withFiles } from '../temporary.node.js';
import { writeMaps } from './map-writer.js';

const SIZE = { height: 32, width: 16 };

const SMALL = { identities: 2, testIdentities: 2, images: 2, cameras: 2, distractors: 0, ...SIZE };

/** Runs `work` with a dataset on disk (8 training pictures) and an empty folder beside it. */
const withDataset = (work: (dataset: ReidDataset, maps: string) => Promise<void>): Promise<void> =>
  withFiles({ 'maps/': undefined }, async (folder) => {
    await writeMarket1501(createToyWalkers(SMALL), join(folder, 'photos'));
    await work(await openDataset(`market1501:${join(folder, 'photos')}`), join(folder, 'maps'));
  });

const sizeOf = async () => SIZE;

/** Maps that are no pictures of anything, but quick. */
const quick: StructureProvider = {
  name: 'quick',
  views: 8,
  structure: async ({ path }, view, { height, width }) => {
    const grey = fnv1a32(`${path.split('/').at(-1)} ${view}`);
    return normaliseMap(Uint8Array.from({ length: height * width }, (_, i) => grey >>> (i % 24)));
  },
};

const allMaps = (structure: StructureProvider, records: readonly Picture[], views = structure.views) =>
  Promise.all(
    records.flatMap((record) => Array.from({ length: views }, (_, view) => structure.structure(record, view, SIZE))),
  );

test('toy and walker, with labels and without', async () => {
  const dataset = (await openDataset('toy-walkers:identities=2,images=2,cameras=2,height=32,width=16')) as ReidDataset;
  const toy = await openStructure('toy', dataset);
  const bare = await openStructure('toy', withoutLabels(dataset, 1));
  const map = await toy.structure(dataset.train[0]!, 1, SIZE);
  assert.equal(await bare.structure({ path: dataset.train[0]!.path }, 1, SIZE), map);
  const walker = await openStructure('walker', dataset);
  assert.not.equal(await walker.structure(dataset.train[0]!, 1, SIZE), map);
  await failsWith(
    async () => openStructure('toy', await openDataset('synthetic')),
    'toy is the structure of toy-walkers',
  );
});

test('maps that are written are read again: a file a view, and an atlas', () =>
  withDataset(async (dataset, folder) => {
    const expected = await allMaps(quick, dataset.train);
    await writeMaps(quick, dataset.train, folder, { split: 'train', sizeOf });
    const mesh = await openStructure(`mesh:${folder}`, dataset);
    assert.equal(mesh.notes?.length, 1);
    assert.match(mesh.notes![0]!, /8 of 8 training pictures have all maps/);
    assert.equal(await allMaps(mesh, dataset.train), expected);
    assert.equal((await mesh.structure(dataset.train[0]!, 0, { height: 48, width: 40 })).length, 48 * 40);
    await failsWith(() => mesh.structure(dataset.gallery[0]!, 2, SIZE), 'no map of', 'test/render_90');
    await withFiles({ 'maps/': undefined }, async (other) => {
      await writeMaps(quick, dataset.train, other, { split: 'train', sizeOf, atlas: true });
      await writeMaps(quick, dataset.gallery, other, { split: 'test', sizeOf, atlas: true });
      const atlas = await openStructure(`maps:${other}`, withoutLabels(dataset, 1));
      assert.equal(await allMaps(atlas, dataset.train), expected);
      assert.equal(
        await (await openStructure(`maps:${other}`, dataset)).structure(dataset.gallery[0]!, 7, SIZE),
        await quick.structure(dataset.gallery[0]!, 7, SIZE),
      );
      const file = join(other, 'train/atlas', `${dataset.train[0]!.path.split('/').at(-1)!.replace('.jpg', '')}.png`);
      await writeFile(file, await encodePng({ width: 100, height: 32, data: new Uint8Array(9600) }));
      await failsWith(() => atlas.structure(dataset.train[0]!, 0, SIZE), '100 pixels wide', '8 views of equal width');
    });
  }));

test('missing maps: named and counted, or skipped, stood in for, or swapped', () =>
  withDataset(async (dataset, folder) => {
    const walker = walkerStructure();
    const [full, front] = [dataset.train.slice(0, 5), dataset.train.slice(5, 7)];
    await writeMaps(quick, full, folder, { split: 'train', sizeOf });
    await writeMaps({ ...quick, views: 1 }, front, folder, { split: 'train', sizeOf });
    const open = (query: string) => openStructure(`mesh:${folder}${query}`, dataset);
    const none = dataset.train[7]!;
    await failsWith(
      () => open(''),
      'lacks maps of 3 of 8 training pictures (1 in render, 3 in render_45',
      none.path,
      'missing=skip',
    );
    const skipped = await open('?missing=skip');
    assert.equal(
      dataset.train.map((record) => skipped.has!(record)),
      [true, true, true, true, true, false, false, false],
    );
    assert.match(skipped.notes![0]!, /5 of 8 .*3 do not .*nothing is generated/);
    const standIn = await open('?missing=standin');
    assert.not(standIn.has);
    assert.equal(await standIn.structure(none, 3, SIZE), await walker.structure(none, 3, SIZE));
    assert.equal(await standIn.structure(full[0]!, 3, SIZE), await quick.structure(full[0]!, 3, SIZE));
    await failsWith(() => open('?missing=swap'), 'lacks maps of 1 of 8', 'nothing to swap');
    await writeMaps({ ...quick, views: 1 }, [none], folder, { split: 'train', sizeOf });
    const swapped = await open('?missing=swap');
    const lent = await swapped.structure(none, 3, SIZE);
    assert.equal(await swapped.structure(none, 3, SIZE), lent);
    const fronts = await allMaps(quick, dataset.train, 1);
    const from = fronts.findIndex((map) => map.join() === lent.join());
    assert.ok(from >= 0 && dataset.train[from] !== none, `lent by ${from}`);
    await failsWith(() => open('?missing=swop'), 'missing is swop');
  }));

test('folders that are none of maps, and maps of other sizes', () =>
  withDataset(async (dataset, folder) => {
    await failsWith(() => openStructure(`mesh:${folder}`, dataset), 'holds no maps', 'train/render/');
    await failsWith(() => openStructure(`mesh:${folder}/none`, dataset), 'There is no folder');
    // Pictures of 6 x 12 for photographs of 16 x 32 lie over them; of 12 x 12 they do not.
    const names = dataset.train.map(({ path }) => path.split('/').at(-1)!);
    const views = ['', '_45', '_90', '_135', '_180', '_225', '_270'];
    await withFiles(
      pictures(...names.flatMap((name) => views.map((v) => `train/render${v}/${name}`))),
      async (other) => {
        const user = await openStructure(`maps:${other}`, dataset);
        assert.is((await user.structure(dataset.train[0]!, 1, SIZE)).length, 512);
        await failsWith(() => user.structure(dataset.train[0]!, 7, SIZE), 'no map of', 'render_315');
        const wrong = await encodePng({ width: 12, height: 12, data: new Uint8Array(432) });
        await writeFile(join(other, 'train/render', names[0]!), wrong);
        await failsWith(() => user.structure(dataset.train[0]!, 0, SIZE), 'is 12 x 12', '16 x 32', "photograph's size");
      },
    );
    await withFiles(pictures('train/render/x.png'), (other) =>
      failsWith(() => openStructure(`mesh:${other}?missing=skip`, dataset), 'of none of the 8', 'of this dataset?'),
    );
  }));

test('key points and bodies from files', () =>
  withDataset(async (dataset, folder) => {
    const points = [
      ...[8, 4, 9, 4, 7, 4, 10, 5, 6, 5, 11, 9, 5, 9, 12, 13, 4, 13, 12, 17, 4, 17],
      ...[10, 17, 6, 17, 10, 23, 6, 23, 10, 29, 6, 29],
    ];
    const keypoints = Array.from({ length: 17 }, (_, i) => [points[2 * i], points[2 * i + 1], 1]).flat();
    const byName = Object.fromEntries(dataset.train.map(({ path }) => [path.split('/').at(-1), keypoints]));
    await writeFile(join(folder, 'kp.json'), JSON.stringify(byName));
    const posed = await openStructure(`keypoints:${join(folder, 'kp.json')}`, dataset);
    const map = await posed.structure(dataset.train[0]!, 0, SIZE);
    assert.ok(map.some((value) => value < 0.6));
    await withFiles({ 'poses/': undefined }, async (other) => {
      const body = new Array<number>(75).fill(0);
      const order = [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11];
      for (const [i, at] of order.entries()) body.splice(at * 3, 3, ...(keypoints.slice(i * 3, i * 3 + 3) as number[]));
      for (const { path } of dataset.train) {
        const name = path.split('/').at(-1)!.replace('.jpg', '_keypoints.json');
        await writeFile(join(other, name), JSON.stringify({ people: [{ pose_keypoints_2d: body }] }));
      }
      const folderOf = await openStructure(`keypoints:${other}`, dataset);
      assert.equal(await folderOf.structure(dataset.train[0]!, 0, SIZE), map);
    });
    const { model, params } = JSON.parse(await readFile('test/fixtures/body-model.json', 'utf8')) as Record<
      string,
      string
    >;
    await writeFile(join(folder, 'model.npz'), Buffer.from(model!, 'base64'));
    await writeFile(join(folder, 'params.npz'), Buffer.from(params!, 'base64'));
    await failsWith(
      () => openStructure(`body:${folder}/model.npz?params=${folder}/params.npz`, dataset),
      'params.npz has no parameters for 8 of 8',
    );
    await failsWith(() => openStructure(`body:${folder}/model.npz`, dataset), 'Write body:FILE?params=FILE');
    await failsWith(() => openStructure(`keypoints:${folder}/none.json`, dataset), 'none.json cannot be opened');
  }));

test('what is written wrongly is answered with how it is written', async () => {
  const dataset = createToyWalkers(SMALL);
  assert.equal(Object.keys(STRUCTURE_KINDS), ['toy', 'walker', 'keypoints', 'body', 'mesh', 'maps']);
  await failsWith(() => openStructure('meshes:x', dataset), 'called "meshes"', 'Did you mean mesh?');
  await failsWith(() => openStructure('mesh', dataset), 'names no file or folder', 'mesh:DIR');
  await failsWith(() => openStructure('walker:x', dataset), 'Write walker, without x');
  await failsWith(() => openStructure('walker?phase=2', dataset), 'no option phase');
  await failsWith(() => openStructure('mesh:.?standin=walker', dataset), 'standin= belongs to missing=standin');
});

test.run();
