import { decodeApng } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeApng } from '../../datasets/apng.js';
import { decodeImage, type Image, probeImage } from '../../datasets/index.js';
import { pseudoPicture } from './pseudo-picture.js';

/** Three frames of odd size that differ. */
const frames: Image[] = [0, 1, 2].map((turn) => {
  const { width, height, data } = pseudoPicture(7, 5);
  return { width, height, data: data.map((value) => (value + 60 * turn) % 256) };
});

test('an animated PNG gives its frames, their time and number back', async () => {
  const {
    width,
    height,
    numberOfFrames,
    numberOfPlays,
    frames: read,
  } = decodeApng(await encodeApng(frames, { delayMs: 120, plays: 3 }), { checkCrc: true });
  assert.equal([width, height, numberOfFrames, numberOfPlays], [7, 5, 3, 3]);
  for (const [i, { data, delayNumber, delayDenominator }] of read.entries()) {
    assert.equal([delayNumber, delayDenominator], [120, 1000]);
    assert.equal(Array.from(data), Array.from(frames[i]!.data), `frame ${i}`);
  }
});

test('each kind of row comes back as it was, and smooth pictures become small', async () => {
  // A ramp to the right, one downwards, a slope, one level, noise: each is predicted best by another filter.
  const noise = pseudoPicture(64, 64).data;
  const level = (x: number, y: number, at: number): number =>
    [3 * x, 3 * y, 2 * (x + y), 77, noise[at]!][Math.floor(y / 13)]!;
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) =>
    level(Math.floor(at / 3) % 64, Math.floor(at / 192), at),
  );
  const bytes = await encodeApng([{ width: 64, height: 64, data }], { delayMs: 10 });
  assert.equal((await decodeImage(bytes, 'a.png')).data, data);
  assert.ok(bytes.length < 64 * 12 * 3 * 1.5, `${bytes.length} bytes: little more than the noise`);
});

test('it is a PNG of the first frame to who knows of no animation, and a single frame is one too', async () => {
  for (const some of [frames, frames.slice(1, 2)]) {
    const bytes = await encodeApng(some, { delayMs: 40 });
    assert.equal((await decodeImage(bytes, 'a.png')).data, some[0]!.data);
    assert.is(probeImage(bytes, 'a.png').width, 7);
    assert.is(decodeApng(bytes).numberOfPlays, 0, 'for ever');
  }
});

test('what can be no animation is refused by name', async () => {
  const refused = async (part: RegExp, some: readonly Image[], delayMs = 40) => {
    const error = await encodeApng(some, { delayMs }).catch((caught: unknown) => caught);
    assert.instance(error, RangeError);
    assert.match((error as Error).message, part);
  };
  await refused(/no frame/, []);
  await refused(/frame 1 is 4 × 5, frame 0 7 × 5/, [frames[0]!, pseudoPicture(4, 5)]);
  await refused(/delayMs is 0.5/, frames, 0.5);
});

test.run();
