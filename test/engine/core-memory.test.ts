import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeClass } from '../../engine/memory.js';
import { add } from '../../engine/ops/arithmetic.js';
import { matmul } from '../../engine/ops/matmul.js';
import { scope } from '../../engine/scope.js';
import { empty, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

test('size classes: four to a power of two, never too small, never a third too large', () => {
  assert.is(sizeClass(1), 256);
  assert.is(sizeClass(256), 256);
  assert.is(sizeClass(257), 320);
  assert.is(sizeClass(1024), 1024);
  assert.is(sizeClass(1025), 1280);
  const classes = new Set<number>();
  for (let bytes = 4; bytes < 2 ** 31; bytes = Math.ceil(bytes * 1.03) + 4) {
    const size = sizeClass(bytes);
    assert.ok(size >= bytes, `${bytes} → ${size}`);
    assert.ok(bytes <= 256 || size < 1.26 * bytes, `${bytes} → ${size}`);
    assert.is(size % 16, 0, 'whole vec4f');
    assert.is(sizeClass(size), size);
    classes.add(size);
  }
  assert.ok(classes.size <= 4 * 23 + 1);
});

test('a buffer that was given back is handed out again, by size class', async () => {
  await gpu.trim();
  const first = empty(gpu, [100]);
  const { buffer } = first.storage;
  const { live, pooled } = gpu.memory();
  first.storage.release();
  assert.equal(gpu.memory(), { live: live - 448, pooled: pooled + 448, peak: gpu.memory().peak });
  const other = empty(gpu, [200]);
  assert.is.not(other.storage.buffer, buffer);
  const again = empty(gpu, [112]);
  assert.is(again.storage.buffer, buffer);
  first.storage.release(); // A second time: nothing happens.
  assert.is(again.storage.buffer, buffer);
  for (const t of [other, again]) t.storage.release();
});

test('a buffer may be handed out while recorded work still reads it', async () => {
  const results = [];
  for (let i = 0; i < 50; i++) {
    results.push(
      scope(() => {
        const x = tensor(new Float32Array(64).fill(i));
        return add(x, 0.5);
      }),
    );
  }
  for (const [i, t] of results.entries()) assert.ok((await t.read()).every((value) => value === i + 0.5));
});

test('the peak is the most at once, and can be counted anew', async () => {
  gpu.pool.resetPeak();
  const { live } = gpu.memory();
  const big = empty(gpu, [1 << 16]);
  const other = empty(gpu, [1 << 16]);
  big.storage.release();
  other.storage.release();
  assert.equal(gpu.memory().peak, live + 2 * 4 * (1 << 16));
  assert.is(gpu.memory().live, live);
  gpu.pool.resetPeak();
  assert.is(gpu.memory().peak, live);
});

test('trim gives pooled memory back and leaves the rest usable', async () => {
  const x = tensor([1, 2, 3]);
  empty(gpu, [5000]).storage.release();
  const y = add(x, 1);
  x.storage.release();
  assert.ok(gpu.memory().pooled > 0);
  await gpu.trim();
  assert.is(gpu.memory().pooled, 0);
  assert.equal(Array.from(await add(y, 1).read()), [3, 4, 5]);
});

test('work that is recorded while trim is on its way keeps its memory', async () => {
  const x = tensor(new Float32Array(5000).fill(1));
  await add(x, 1).read();
  const trimmed = gpu.trim();
  const y = scope(() => add(add(add(x, 1), 2), 3)); // What lies between is back in the pool at once.
  await trimmed;
  assert.is((await y.read())[4999], 7);
  assert.ok(gpu.healthy);
});

test('a tensor beyond what the adapter can bind is refused with its name, and takes nothing', () => {
  const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
  const side = Math.ceil(Math.sqrt(limit / 4)) + 1;
  const before = gpu.memory();
  assert.throws(
    () => empty(gpu, [side, side], 'float32', 'weights'),
    (error: Error) =>
      error.name === 'GpuError' &&
      error.message.startsWith(`weights [${side}, ${side}] needs ${(4 * side * side).toLocaleString('en')} bytes`) &&
      error.message.includes(`binds at most ${limit.toLocaleString('en')}`),
  );
  assert.equal(gpu.memory(), before);
  scope(() => {
    const [a, b] = [empty(gpu, [side, 1]), empty(gpu, [1, side])];
    assert.throws(() => matmul(a, b), /^matmul \[\d+, \d+\] needs [\d,]+ bytes/);
    assert.throws(() => add(a, b), /^add \[\d+, \d+\] needs [\d,]+ bytes/);
  });
  assert.is(gpu.memory().live, before.live);
});

test('a tensor just within the limit is not refused because of its size class', async () => {
  const limit = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
  if (limit > 2 ** 28) return; // That much is not worth the time to clear it.
  const x = empty(gpu, [limit / 4 - 8]);
  assert.ok(x.storage.buffer.size <= limit);
  x.storage.release();
  await gpu.trim();
});

test.run();
