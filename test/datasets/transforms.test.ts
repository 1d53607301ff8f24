import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkTransform,
  createTransform,
  IMAGENET_MEAN,
  IMAGENET_STD,
  testTransform,
  trainTransform,
} from '../../datasets/index.js';
import { pseudoPicture } from './pseudo-picture.js';

const HEIGHT = 12;
const WIDTH = 8;
const { data: PIXELS } = pseudoPicture(WIDTH, HEIGHT);
const AREA = HEIGHT * WIDTH;
const SIZE = { height: HEIGHT, width: WIDTH };
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

const apply = (config: Parameters<typeof createTransform>[0], seed: number, sample: number): Float32Array => {
  const out = new Float32Array(3 * AREA);
  createTransform(config, seed).write(PIXELS, sample, out, 0);
  return out;
};

test('the test pipeline normalises, channel by channel', () => {
  const out = apply(testTransform(SIZE), 0, 0);
  for (const [pixel, channel] of [
    [0, 0],
    [5, 1],
    [AREA - 1, 2],
  ] as const) {
    const expected = (PIXELS[pixel * 3 + channel]! / 255 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel];
    assert.ok(Math.abs(out[channel * AREA + pixel]! - expected) < 1e-6);
  }
});

test('flip 1 mirrors every picture', () => {
  const [straight, mirrored] = [apply(testTransform(SIZE), 0, 3), apply(testTransform({ ...SIZE, flip: 1 }), 0, 3)];
  for (let row = 0; row < 3 * HEIGHT; row++) {
    const line = straight.slice(row * WIDTH, (row + 1) * WIDTH).reverse();
    assert.equal([...mirrored.slice(row * WIDTH, (row + 1) * WIDTH)], [...line]);
  }
});

test('pad and crop shifts by at most the padding and fills with black', () => {
  const shifts = new Set<string>();
  const plain = apply(testTransform({ ...SIZE, ...PLAIN }), 0, 0);
  for (let sample = 0; sample < 300; sample++) {
    const out = apply(testTransform({ ...SIZE, ...PLAIN, pad: 2 }), 5, sample);
    let found: string | undefined;
    for (let top = -2; top <= 2; top++) {
      for (let left = -2; left <= 2; left++) {
        const fits = out.every((value, i) => {
          const [channel, y, x] = [Math.floor(i / AREA), Math.floor((i % AREA) / WIDTH) + top, (i % WIDTH) + left];
          const inside = y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH;
          return value === (inside ? plain[channel * AREA + y * WIDTH + x] : 0);
        });
        if (fits) found = `${top},${left}`;
      }
    }
    assert.ok(found, `sample ${sample} is no shift of the picture`);
    shifts.add(found);
  }
  assert.is(shifts.size, 25);
});

test('random erasing fills one rectangle with the mean, about as often as asked', () => {
  const erase = { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 };
  const config = testTransform({ ...SIZE, ...PLAIN, mean: [2, 2, 2], erase });
  let erased = 0;
  for (let sample = 0; sample < 400; sample++) {
    const out = apply(config, 1, sample);
    const holes: number[] = [];
    for (let i = 0; i < AREA; i++) if (out[i] === 0) holes.push(i);
    if (holes.length === 0) continue;
    erased++;
    const [ys, xs] = [holes.map((i) => Math.floor(i / WIDTH)), holes.map((i) => i % WIDTH)];
    const [rows, columns] = [Math.max(...ys) - Math.min(...ys) + 1, Math.max(...xs) - Math.min(...xs) + 1];
    assert.is(holes.length, rows * columns, 'a full rectangle');
    assert.ok(rows * columns <= AREA * 0.5);
    assert.ok(holes.every((i) => out[AREA + i] === 0 && out[2 * AREA + i] === 0));
  }
  assert.ok(erased > 150 && erased < 250, `${erased} of 400`);
});

test('augmentation depends on seed and sample number alone', () => {
  const config = trainTransform({
    ...SIZE,
    pad: 2,
    jitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    move: { degrees: 5, shift: 0.05 },
  });
  const first = Array.from({ length: 6 }, (_, sample) => apply(config, 9, sample));
  for (const sample of [5, 0, 3]) assert.equal(apply(config, 9, sample), first[sample]);
  assert.not.equal(apply(config, 10, 0), first[0]);
  assert.not.equal(first[1], first[0]);
  assert.ok(first.every((out) => out.every(Number.isFinite)));
});

test('switching one step off leaves the draws of the others', () => {
  const all = trainTransform({ ...SIZE, pad: 2 });
  const withoutErase = { ...all, erase: undefined };
  for (let sample = 0; sample < 20; sample++) {
    const [full, part] = [apply(all, 4, sample), apply(withoutErase, 4, sample)];
    assert.ok(full.every((value, i) => value === 0 || value === part[i]));
  }
});

test('a configuration survives JSON and is checked by field', () => {
  const config = trainTransform(SIZE);
  assert.equal(JSON.parse(JSON.stringify(config)), config);
  assert.throws(() => checkTransform({ ...config, flip: 1.5 }), /transform\.flip is 1\.5/);
  assert.throws(() => testTransform({ height: 0 }), /transform\.height is 0/);
  assert.throws(() => testTransform({ std: [1, 0, 1] }), /transform\.std/);
  assert.throws(() => createTransform(config).write(new Uint8Array(3), 0, new Float32Array(9), 0), /12 x 8 x 3/);
});

test.run();
