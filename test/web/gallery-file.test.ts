import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import { memorySource } from '../../engine/io/source.js';
import { type GalleryContent, readGalleryFile, writeGalleryFile } from '../../web/worker/gallery-file.js';
import {
  checkIndex,
  GALLERY_FORMAT,
  type GalleryIndex,
  galleryTable,
  groupTable,
  nameFor,
  numbersOf,
} from '../../web/worker/gallery-index.js';
import { spans } from '../../web/worker/gallery-store.js';
import { cropImage } from '../../web/worker/search.js';

const index: GalleryIndex = {
  format: GALLERY_FORMAT,
  model: { key: 'k', title: 'a model', recipe: 'baseline', dimension: 2, distance: 'cosine', flip: false },
  features: 'features-1.bin',
  thumbs: 'thumbs-1.bin',
  next: 9,
  items: [
    { id: 3, path: 'a/1, old.jpg', camera: 'wood', identity: 'Anna', thumb: [0, 2] },
    { id: 8, path: 'a/2.jpg', thumb: [2, 1] },
  ],
};
const content: GalleryContent = {
  index,
  features: Float32Array.of(1, 2, 3, 4),
  thumbs: Uint8Array.of(7, 8, 9),
};

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

async function words(bytes: Uint8Array): Promise<string> {
  try {
    await readGalleryFile(memorySource(bytes, 'x.safetensors'));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('a gallery is read back from its file as it was', async () => {
  const back = await readGalleryFile(memorySource(await bytesOf(writeGalleryFile(content))));
  assert.equal(back.index, index);
  assert.equal(back.features, content.features);
  assert.equal(Uint8Array.from(back.thumbs), content.thumbs);
});

test('files that are no gallery, or a damaged one, are refused in words', async () => {
  const file = async (metadata: Record<string, string>) =>
    bytesOf(
      writeSafetensors(
        [
          ['features', { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) }],
          ['thumbnails', { dtype: 'uint8', shape: [3], data: content.thumbs }],
        ],
        metadata,
      ),
    );
  assert.match(await words(await file({})), 'is no gallery of this page');
  assert.match(await words(await file({ format: 'reid-webgpu checkpoint 1' })), 'open it as the model');
  assert.match(await words(await file({ gallery: '{' })), 'list of pictures cannot be read');
  assert.match(await words(await file({ gallery: '{}' })), 'list of pictures is not whole');
  assert.match(
    await words(await file({ gallery: JSON.stringify(index) })),
    'lists 2 pictures of 2 numbers and holds [1,2]',
  );
  const whole = await bytesOf(writeGalleryFile(content));
  assert.match(await words(whole.subarray(0, whole.length - 1)), 'x.safetensors');
  const broken = await bytesOf(writeGalleryFile({ ...content, features: Float32Array.of(1, Number.NaN, 3, 4) }));
  assert.match(await words(broken), 'not a finite number');
});

test('an index is checked: numbers, names, and that none is there twice', () => {
  assert.is(checkIndex(index), index);
  assert.is(checkIndex({ ...index, format: 'other' }), undefined);
  assert.is(checkIndex({ ...index, next: 8 }), undefined);
  assert.is(checkIndex({ ...index, items: [index.items[0], index.items[0]] }), undefined);
  assert.is(checkIndex({ ...index, items: [{ id: 1, path: 3, thumb: [0, 0] }] }), undefined);
});

test('tables are those of extract and cluster', () => {
  assert.equal(galleryTable(index.items).split('\n'), [
    'row,path,identity,camera,split,name',
    '0,"a/1, old.jpg",1,0,gallery,Anna',
    '1,a/2.jpg,-1,,gallery,',
    '',
  ]);
  assert.equal(groupTable(index.items, [1, -1]).split('\n'), [
    'row,path,cluster,identity,camera',
    '0,"a/1, old.jpg",1,Anna,wood',
    '1,a/2.jpg,-1,,',
    '',
  ]);
  assert.equal(numbersOf(['7', undefined, '3'], 1), Int32Array.of(7, -1, 3));
  assert.equal(numbersOf(['7', 'b', '7'], 1), Int32Array.of(1, 2, 1));
});

test('another file of the same name gets a name of its own, the same file does not', () => {
  const there = new Map<string, number | undefined>([
    ['a', 10],
    ['a (2)', 20],
    ['b', undefined],
  ]);
  assert.is(nameFor('a', 10, there), 'a');
  assert.is(nameFor('a', 20, there), 'a (2)');
  assert.is(nameFor('a', 30, there), 'a (3)');
  assert.is(nameFor('a', undefined, there), 'a');
  assert.is(nameFor('b', 5, there), 'b');
});

test('a part of a picture, by fractions', () => {
  const image = { width: 4, height: 2, data: Uint8Array.from({ length: 24 }, (_, i) => Math.floor(i / 3)) };
  const part = cropImage(image, { left: 0.5, top: 0.5, width: 0.5, height: 0.5 });
  assert.equal(part, { width: 2, height: 1, data: Uint8Array.of(6, 6, 6, 7, 7, 7) });
  assert.throws(() => cropImage(image, { left: 0.5, top: 0, width: 0.01, height: 1 }), /smaller than a pixel/);
});

test('places that lie side by side are one span', () => {
  assert.equal(
    spans([
      [0, 3],
      [3, 2],
      [9, 1],
      [10, 4],
      [2, 1],
    ]),
    [
      [0, 5],
      [9, 14],
      [2, 3],
    ],
  );
  assert.equal(spans([]), []);
});

test.run();
