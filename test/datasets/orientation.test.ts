import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, encodeJpeg, type Image, probeImage } from '../../datasets/index.js';

const QUARTERS = { A: 20, B: 90, C: 160, D: 230 } as const;

/** 32 x 16 pixels in four greys: A B above C D. */
const stored: Image = {
  width: 32,
  height: 16,
  data: Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 32, Math.floor(i / 96)];
    return Object.values(QUARTERS)[(y < 8 ? 0 : 2) + (x < 16 ? 0 : 1)]!;
  }),
};

/** A JPEG with an Exif block that says how it was held. */
async function held(orientation: number, little: boolean): Promise<Uint8Array> {
  const jpeg = await encodeJpeg(stored, 95);
  const block = new Uint8Array(2 + 2 + 6 + 8 + 2 + 2 * 12 + 4);
  const view = new DataView(block.buffer);
  view.setUint16(0, 0xffe1);
  view.setUint16(2, block.length - 2);
  block.set([0x45, 0x78, 0x69, 0x66, 0, 0], 4);
  view.setUint16(10, little ? 0x4949 : 0x4d4d);
  view.setUint16(12, 42, little);
  view.setUint32(14, 8, little);
  view.setUint16(18, 2, little);
  for (const [at, tag, value] of [
    [20, 0x0100, 32],
    [32, 0x0112, orientation],
  ] as const) {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, value, little);
  }
  return Uint8Array.from([...jpeg.subarray(0, 2), ...block, ...jpeg.subarray(2)]);
}

/** Which quarter lies where in an upright picture: top left, top right, bottom left, bottom right. */
function quartersOf({ width, height, data }: Image): string {
  const at = (x: number, y: number): string => {
    const grey = data[(Math.floor(y * height) * width + Math.floor(x * width)) * 3]!;
    return Object.entries(QUARTERS).find(([, value]) => Math.abs(value - grey) < 12)?.[0] ?? '?';
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)].join('');
}

/** Exif's eight ways to hold a camera, and what is seen upright. */
const UPRIGHT = ['ABCD', 'BADC', 'DCBA', 'CDAB', 'ACBD', 'CADB', 'DBCA', 'BDAC'];

for (const [i, expected] of UPRIGHT.entries()) {
  test(`a JPEG that was held as Exif's ${i + 1} stands upright`, async () => {
    for (const little of [true, false]) {
      const file = await held(i + 1, little);
      const image = await decodeImage(file, 'held.jpg');
      assert.is(quartersOf(image), expected);
      const { width, height } = probeImage(file, 'held.jpg');
      assert.equal([width, height], [image.width, image.height]);
      assert.equal([width, height], i < 4 ? [32, 16] : [16, 32]);
    }
  });
}

test('an orientation that is none, and Exif that is cut, are passed over', async () => {
  assert.is(quartersOf(await decodeImage(await held(9, true), 'nine.jpg')), 'ABCD');
  const file = await held(6, true);
  new DataView(file.buffer).setUint32(2 + 14, 0xfffffff0, true);
  assert.is(quartersOf(await decodeImage(file, 'cut.jpg')), 'ABCD');
});

test.run();
