import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resizeBilinear } from '../../datasets/index.js';
import { resizeImage } from '../../datasets/resize.js';
import { pseudoPicture } from './pseudo-picture.js';

/** Pillow 9.4: Image.frombytes('RGB', from, pseudo bytes).resize(to, Image.BILINEAR).tobytes(). */
const PILLOW: readonly { from: [number, number]; to: [number, number]; bytes: number[] }[] = [
  {
    from: [7, 5],
    to: [4, 3],
    bytes: [
      170, 145, 84, 166, 107, 89, 99, 110, 143, 206, 118, 181, 152, 80, 142, 158, 122, 144, 70, 149, 130, 122, 116, 114,
      164, 99, 112, 169, 84, 148, 151, 164, 95, 151, 218, 70,
    ],
  },
  {
    from: [13, 11],
    to: [3, 5],
    bytes: [
      116, 135, 135, 121, 127, 128, 128, 118, 142, 108, 124, 111, 131, 125, 137, 168, 131, 129, 145, 124, 112, 135, 130,
      130, 163, 115, 125, 123, 128, 139, 135, 172, 128, 153, 131, 121, 123, 138, 100, 106, 149, 111, 134, 129, 119,
    ],
  },
  {
    from: [37, 91],
    to: [2, 3],
    bytes: [126, 135, 131, 128, 129, 129, 129, 127, 125, 128, 126, 125, 130, 127, 126, 128, 126, 128],
  },
  {
    from: [3, 2],
    to: [5, 4],
    bytes: [
      102, 146, 80, 142, 99, 73, 202, 29, 63, 129, 154, 128, 81, 238, 171, 79, 166, 95, 112, 114, 87, 161, 37, 76, 129,
      140, 144, 108, 209, 189, 33, 205, 124, 51, 144, 115, 79, 53, 101, 128, 112, 175, 161, 151, 224, 10, 225, 139, 21,
      159, 129, 38, 61, 113, 127, 98, 190, 187, 122, 241,
    ],
  },
  {
    from: [64, 128],
    to: [2, 4],
    bytes: [
      128, 128, 130, 129, 129, 127, 127, 129, 129, 126, 128, 125, 127, 127, 128, 126, 128, 131, 130, 126, 129, 127, 129,
      129,
    ],
  },
];

/** The same with Image.BICUBIC, of Pillow 12.3. */
const BICUBIC: typeof PILLOW = [
  {
    from: [7, 5],
    to: [4, 3],
    bytes: [
      173, 150, 82, 168, 105, 83, 89, 105, 146, 216, 116, 187, 150, 69, 144, 158, 126, 150, 58, 157, 130, 124, 109, 112,
      167, 98, 111, 171, 77, 155, 150, 167, 92, 147, 226, 64,
    ],
  },
  {
    from: [13, 11],
    to: [3, 5],
    bytes: [
      116, 138, 136, 121, 126, 127, 123, 118, 146, 103, 125, 109, 128, 122, 138, 178, 133, 130, 151, 121, 108, 132, 133,
      129, 167, 108, 125, 121, 128, 144, 138, 179, 130, 152, 130, 118, 123, 139, 96, 102, 147, 111, 132, 129, 118,
    ],
  },
  {
    from: [37, 91],
    to: [2, 3],
    bytes: [126, 135, 131, 128, 128, 130, 129, 126, 125, 128, 126, 125, 130, 127, 125, 128, 125, 129],
  },
  {
    from: [3, 2],
    to: [5, 4],
    bytes: [
      102, 148, 76, 153, 90, 64, 216, 26, 59, 127, 165, 126, 61, 255, 173, 76, 172, 93, 115, 110, 80, 168, 36, 73, 130,
      145, 145, 98, 228, 194, 26, 220, 129, 40, 151, 113, 72, 54, 103, 134, 107, 182, 172, 153, 236, 0, 244, 146, 2,
      171, 129, 24, 64, 117, 137, 87, 201, 209, 116, 255,
    ],
  },
  {
    from: [64, 128],
    to: [2, 4],
    bytes: [
      129, 128, 130, 129, 129, 127, 127, 129, 130, 126, 128, 124, 127, 127, 128, 126, 128, 132, 130, 126, 129, 127, 130,
      129,
    ],
  },
  {
    from: [9, 20],
    to: [6, 11],
    bytes: [
      169, 118, 166, 83, 110, 144, 175, 112, 183, 115, 56, 131, 68, 156, 111, 156, 157, 182, 124, 74, 128, 94, 111, 150,
      126, 72, 187, 91, 99, 168, 75, 168, 179, 69, 147, 195, 39, 158, 110, 131, 112, 166, 107, 81, 129, 187, 114, 125,
      137, 154, 165, 163, 144, 146, 103, 214, 77, 73, 137, 73, 94, 110, 129, 150, 126, 101, 95, 158, 147, 156, 170, 108,
      173, 123, 178, 136, 71, 130, 79, 119, 130, 75, 109, 116, 118, 105, 112, 154, 145, 160, 87, 130, 98, 117, 171, 123,
      147, 124, 183, 137, 66, 180, 138, 108, 166, 138, 102, 94, 178, 108, 137, 160, 102, 183, 108, 130, 151, 93, 72, 85,
      188, 141, 94, 172, 194, 90, 99, 116, 60, 115, 94, 139, 147, 166, 107, 124, 150, 106, 127, 114, 133, 117, 234, 138,
      120, 121, 138, 192, 103, 64, 184, 107, 119, 61, 169, 126, 148, 144, 115, 106, 86, 212, 104, 89, 185, 204, 101, 82,
      149, 113, 169, 111, 136, 169, 186, 181, 139, 115, 159, 111, 102, 163, 140, 158, 151, 133, 198, 110, 154, 151, 132,
      178, 160, 151, 67, 112, 63, 110,
    ],
  },
];

for (const { from, to, bytes } of BICUBIC) {
  test(`bicubic: ${from.join(' x ')} to ${to.join(' x ')} equals Pillow`, () => {
    assert.equal([...resizeImage(pseudoPicture(...from), ...to, 'bicubic').data], bytes);
  });
}

for (const { from, to, bytes } of PILLOW) {
  test(`resize ${from.join(' x ')} to ${to.join(' x ')} equals Pillow`, () => {
    const { width, height, data } = resizeBilinear(pseudoPicture(...from), ...to);
    assert.equal([width, height], to);
    assert.equal([...data], bytes);
  });
}

/** Larger ones, by the FNV-1a of Pillow's bytes: the sizes that RGA's specification names, width before height. */
const LARGE: readonly (readonly [from: readonly [number, number], to: readonly [number, number], hash: number])[] = [
  [[64, 128], [128, 256], 0x7b05c618],
  [[120, 300], [128, 256], 0xf94acb5d],
  [[51, 77], [144, 288], 0xfc6ff735],
];

for (const [from, to, hash] of LARGE) {
  test(`resize ${from.join(' x ')} to ${to.join(' x ')} equals Pillow`, () => {
    const { data } = resizeBilinear(pseudoPicture(...from), ...to);
    assert.is(data.length, 3 * to[0] * to[1]);
    const found = data.reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
    assert.is(found.toString(16), hash.toString(16));
  });
}

test('a picture of the right size is returned as it is', () => {
  const picture = pseudoPicture(5, 4);
  assert.is(resizeBilinear(picture, 5, 4), picture);
});

test('a size that is none is refused by name', () => {
  assert.throws(() => resizeBilinear(pseudoPicture(5, 4), 0, 4), /0 x 4/);
  assert.throws(() => resizeBilinear(pseudoPicture(5, 4), 2.5, 4), /2.5 x 4/);
});

test.run();
