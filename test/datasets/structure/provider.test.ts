import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createToyWalkers, toyStructure } from '../../../datasets/index.js';
import { mapFolderStructure } from '../../../datasets/structure/map-folder.js';
import { MapNames } from '../../../datasets/structure/map-names.js';
import { imageOfMap, mapOfImage, normaliseMap } from '../../../datasets/structure/provider.js';
import { walkerStructure } from '../../../datasets/structure/walker.js';
import { createCanvas } from '../../../datasets/synthetic/canvas.js';
import { dressedBody } from '../../../datasets/synthetic/clothes.js';
import { headOf } from '../../../datasets/synthetic/head.js';
import { poseOf } from '../../../datasets/synthetic/pose.js';
import { drawFigure } from '../../../datasets/synthetic/solid.js';
import { sceneOfShot, shotOfPath } from '../../../datasets/synthetic/walker-shot.js';
import { failsWith } from '../fails-with.js';

const SIZE = { height: 128, width: 64 };

const dataset = createToyWalkers({ identities: 24, images: 2, cameras: 2 });

/** True where a walker without luggage is drawn, turned by view `view`. */
function silhouette(path: string, view: number): boolean[] {
  const shot = shotOfPath(path);
  const { person, sight, camera } = sceneOfShot(shot);
  const pose = poseOf(person, sight.phase, sight.amount);
  const canvas = createCanvas(shot.width, shot.height);
  canvas.data.fill(9);
  const scale = shot.height * sight.stand.size;
  const y = shot.height * sight.stand.y + pose.ground * scale;
  const yaw = sight.yaw + (view * Math.PI) / 4;
  const solids = [...dressedBody(person, pose, 1), ...headOf(person)];
  drawFigure(canvas, solids, { yaw, pitch: 0, scale, x: shot.width * sight.stand.x, y }, camera.light);
  return Array.from({ length: shot.width * shot.height }, (_, i) => canvas.data[i * 3]! < 5);
}

test('maps of toy walkers lie over their people in every view', async () => {
  const overlaps: number[] = [];
  for (const [i, { path }] of dataset.train.entries()) {
    if (i % 4 !== 0) continue;
    const { lower, upper } = sceneOfShot(shotOfPath(path)).person;
    const wide = upper.kind === 'dress' || upper.kind === 'coat' || lower.kind.endsWith('skirt');
    if (wide) continue;
    const view = i % 8;
    const map = await toyStructure().structure({ path }, view, SIZE);
    let [both, either] = [0, 0];
    for (const [at, drawn] of silhouette(path, view).entries()) {
      const body = map[at]! < 0.99;
      if (drawn && body) both++;
      if (drawn || body) either++;
    }
    overlaps.push(both / either);
  }
  overlaps.sort((a, b) => a - b);
  const median = overlaps[overlaps.length >> 1]!;
  assert.ok(
    overlaps.length >= 10 && median >= 0.9 && overlaps[0]! > 0.8,
    `${overlaps.length}: ${median}, least ${overlaps[0]}`,
  );
});

test('a map is between -1 and 1 on a ground of 1, the same each time, and another in each view and for each picture', async () => {
  const [one, other] = [dataset.train[0]!, dataset.train[5]!];
  for (const provider of [toyStructure(), walkerStructure()]) {
    const maps = [];
    for (let view = 0; view < provider.views; view++) maps.push(await provider.structure(one, view, SIZE));
    assert.is(new Set(maps.map((map) => map.join())).size, 8);
    for (const map of maps) {
      assert.is(map.length, 128 * 64);
      assert.ok(map.every((value) => value >= -1 && value <= 1));
      assert.equal([map[0], map[63]], [1, 1]);
      const body = map.filter((value) => value < 1).length / map.length;
      assert.ok(body > 0.1 && body < 0.5, `body covers ${body}`);
    }
    assert.equal(await provider.structure({ path: one.path }, 3, SIZE), maps[3]);
    assert.not.equal(await provider.structure(other, 0, SIZE), maps[0]);
    assert.is((await provider.structure(one, 0, { height: 32, width: 24 })).length, 32 * 24);
  }
});

test('views and sizes that there are not are refused', async () => {
  const ask = async (view: number, height: number) => {
    try {
      await walkerStructure().structure(dataset.train[0]!, view, { height, width: 8 });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(await ask(8, 16), /view is 8; .* from 0 to 7/);
  assert.match(await ask(0.5, 16), /view is 0.5/);
  assert.match(await ask(0, 0), /0 x 8/);
});

test('pictures become maps by luma, and back', () => {
  const grey = Uint8Array.from([0, 128, 255, 51]);
  const image = imageOfMap(normaliseMap(grey), { height: 2, width: 2 });
  assert.equal([...image.data.filter((_, i) => i % 3 === 0)], [...grey]);
  assert.equal(mapOfImage(image, { height: 2, width: 2 }), normaliseMap(grey));
  // Pillow: (19595 * 255 + 32768) >> 16 = 76, (38470 * 255 + 32768) >> 16 = 150.
  const coloured = { width: 2, height: 1, data: Uint8Array.from([255, 0, 0, 0, 255, 0]) };
  assert.equal(mapOfImage(coloured, { height: 1, width: 2 }), normaliseMap(Uint8Array.from([76, 150])));
  assert.is(mapOfImage(coloured, { height: 4, width: 6 }).length, 24);
});

test('a folder of maps: names alone, in folders of people, in atlases', async () => {
  const files = ['train/render/0002_c1.png', 'train/render/7/x.JPG', 'train/render_45/7/x.jpg', 'test/atlas/y.jpg.png'];
  const names = new MapNames([...files, 'train/render.txt', 'notes/render/z.png'], 'maps');
  const find = (path: string, split: 'train' | 'test', view: number) => names.find({ path }, split, view);
  assert.equal(find('D:\\photos\\0002_c1.jpg', 'train', 0), { file: files[0] });
  assert.equal(find('/msmt/mask_train_v2/7/x.jpg', 'train', 1), { file: files[2] });
  assert.equal(find('/msmt/mask_train_v2/8/x.jpg', 'train', 0), undefined);
  assert.equal(find('0002_c1.jpg', 'test', 0), undefined);
  assert.equal(find('a/y.jpg', 'test', 5), { file: files[3], tile: 5 });
  await failsWith(() => new MapNames(['render/x.png'], 'DIR'), 'DIR holds no maps');
  const trained = ['a/0002_c1.jpg', 'b/0002_c1.jpg'].map((path) => ({ path }));
  const read = async () => imageOfMap(new Float32Array(4), { height: 2, width: 2 });
  const options = { missing: 'skip', trained, sizeOf: async () => ({ height: 2, width: 2 }) } as const;
  await failsWith(
    () => mapFolderStructure({ name: 'DIR', names, read }, options),
    'of two photographs',
    'a/0002_c1.jpg',
  );
});

test.run();
