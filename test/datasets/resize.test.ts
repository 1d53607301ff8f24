import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resizeBilinear } from '../../datasets/index.js';
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

for (const { from, to, bytes } of PILLOW) {
  test(`resize ${from.join(' x ')} to ${to.join(' x ')} equals Pillow`, () => {
    const { width, height, data } = resizeBilinear(pseudoPicture(...from), ...to);
    assert.equal([width, height], to);
    assert.equal([...data], bytes);
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
