import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, nextDraw, randn, randomPosition, restoreRandomPosition, uniform } from '../../engine/random.js';
import { fnv1a32, philox4x32, philoxKey, RandomStream, type Words4 } from '../../random/philox.js';
import { closeAfter } from './device.js';

closeAfter(test);

/** Known answers of the Random123 library (kat_vectors, philox4x32 with 10 rounds): counter, key, result. */
const KNOWN: readonly (readonly [Words4, readonly [number, number], Words4])[] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test('Philox gives the known answers', () => {
  for (const [counter, key, want] of KNOWN) assert.equal(philox4x32(counter, key), [...want]);
});

test('purposes are hashed by FNV-1a', () => {
  assert.is(fnv1a32(''), 2166136261);
  assert.is(fnv1a32('a'), 0xe40c292c);
  assert.is(fnv1a32('foobar'), 0xbf9cf968);
  assert.equal(philoxKey(7, 'foobar'), [7, 0xbf9cf968]);
});

test('the GPU draws the same uniform numbers as the CPU, bit for bit', async () => {
  for (const seed of [0, 1, 0xffffffff]) {
    manualSeed(seed);
    for (const [draw, n] of [1, 5, 1000].entries()) {
      const got = await uniform([n]).read();
      const stream = new RandomStream(seed, 'uniform', draw);
      assert.equal(
        got,
        Float32Array.from({ length: n }, () => stream.uniform()),
      );
    }
  }
  manualSeed(3);
  const wide = await uniform([500], -2, 2).read();
  const stream = new RandomStream(3, 'uniform', 0);
  assert.equal(
    wide,
    Float32Array.from({ length: 500 }, () => stream.range(-2, 2)),
  );
});

test("the GPU's normal numbers are Box and Muller's of the same uniform ones", async () => {
  manualSeed(21);
  const got = await randn([1001]).read();
  const stream = new RandomStream(21, 'normal', 0);
  for (let i = 0; i < got.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(stream.uniform() + 2 ** -24));
    const angle = 2 * Math.PI * stream.uniform();
    for (const [k, want] of [radius * Math.cos(angle), radius * Math.sin(angle)].entries()) {
      if (i + k < got.length)
        assert.ok(Math.abs(got[i + k]! - want) < 2e-5, `element ${i + k}: ${got[i + k]} ≠ ${want}`);
    }
  }
  const cpu = new RandomStream(21, 'normal', 0);
  assert.ok(Math.abs(got[0]! - cpu.normal()) < 2e-5);
  assert.ok(Math.abs(got[2]! - cpu.normal()) < 2e-5);
});

test('the same seed gives the same numbers, another seed, draw or purpose others', async () => {
  const draw = async (seed: number) => {
    manualSeed(seed);
    return Promise.all([uniform([64]).read(), uniform([64]).read(), randn([64]).read()]);
  };
  const [a, b, c] = [await draw(5), await draw(5), await draw(6)];
  assert.equal(a, b);
  assert.not.equal(a, c);
  assert.not.equal(a[0], a[1]);
  assert.not.equal(nextDraw('uniform').key, nextDraw('dropout').key);
});

test('a position is plain data and goes on where it was', async () => {
  manualSeed(9);
  uniform([3]);
  const position = JSON.parse(JSON.stringify(randomPosition()));
  assert.equal(position, { seed: 9, draws: 1 });
  const next = await randn([10]).read();
  manualSeed(1);
  restoreRandomPosition(position);
  assert.equal(await randn([10]).read(), next);
});

test('mean and variance of many numbers', async () => {
  manualSeed(1);
  const moments = (data: ArrayLike<number>) => {
    const mean = Array.from(data).reduce((a, b) => a + b, 0) / data.length;
    return [mean, Array.from(data).reduce((a, b) => a + (b - mean) ** 2, 0) / data.length] as const;
  };
  const n = 100_000;
  const [mean, variance] = moments(await randn([n]).read());
  assert.ok(Math.abs(mean) < 4 / Math.sqrt(n) && Math.abs(variance - 1) < 0.02, `${mean}, ${variance}`);
  const flat = await uniform([n], 3, 5).read();
  const [middle, spread] = moments(flat);
  assert.ok(Math.abs(middle - 4) < 0.01 && Math.abs(spread - 4 / 12) < 0.01, `${middle}, ${spread}`);
  assert.ok(flat.every((value) => value >= 3 && value < 5));
});

test('a seed must be a uint32', () => {
  for (const seed of [-1, 0.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => manualSeed(seed), /manualSeed: the seed must be a whole number from 0 to 4294967295/);
  }
});

test('a stream goes on from any position, and its indices are streams of their own', () => {
  const stream = new RandomStream(4, 'crop', 2);
  const all = Array.from({ length: 11 }, () => stream.uint32());
  for (const position of [0, 3, 4, 7]) {
    const other = new RandomStream(4, 'crop', 2);
    other.position = position;
    assert.equal(
      Array.from({ length: 11 - position }, () => other.uint32()),
      all.slice(position),
    );
    assert.is(other.position, 11);
  }
  assert.is.not(new RandomStream(4, 'crop', 3).uint32(), all[0]);
  assert.is.not(new RandomStream(4, 'flip', 2).uint32(), all[0]);
  const far = new RandomStream(4, 'crop');
  far.position = 4 * 2 ** 32; // The counter's second word.
  assert.is(far.uint32(), philox4x32([0, 1, 0, 0], philoxKey(4, 'crop'))[0]);
});

test('whole numbers, choices and shuffles', () => {
  const stream = new RandomStream(8, 'list');
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 5000; i++) counts[stream.integer(5)]!++;
  assert.ok(
    counts.every((n) => Math.abs(n - 1000) < 150),
    `${counts}`,
  );
  const list = Array.from({ length: 20 }, (_, i) => i);
  const shuffled = stream.shuffle([...list]);
  assert.not.equal(shuffled, list);
  assert.equal(
    [...shuffled].sort((a, b) => a - b),
    list,
  );
  assert.ok(list.includes(stream.choice(list)));
  assert.throws(() => stream.choice([]), /a list that is not empty/);
  assert.throws(() => stream.integer(0), /needs n >= 1, got 0/);
});

test.run();
