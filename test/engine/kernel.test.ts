import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Gpu, openGpu } from '../../engine/gpu.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { square } from '../../engine/ops/unary.js';
import { empty, runInto, type Tensor, tensor, write } from '../../engine/tensor.js';
import { flatMain, itemGrid, type Shader } from '../../shaders/shader.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

const rejects = (work: Promise<unknown>, message: RegExp) =>
  work.then(
    () => assert.unreachable('it did not fail'),
    (error: Error) => {
      assert.is(error.name, 'GpuError');
      assert.match(error.message, message);
    },
  );

/** A kernel of one's own: y = `value` of the element x. */
function kernel(name: string, value: string, rest: Partial<Shader> = {}): Shader {
  return {
    name,
    variant: '',
    grid: itemGrid(4),
    flops: 0,
    bytes: 0,
    code: () => `
@group(0) @binding(0) var<storage, read> xs: array<f32>;
@group(0) @binding(1) var<storage, read_write> ys: array<f32>;
${flatMain}
  if (item >= 4u) { return; }
  let x = xs[item];
  ys[item] = ${value};
}`,
    ...rest,
  };
}

function apply(shader: Shader, x: Tensor): Tensor {
  const y = empty(x.gpu, x.shape);
  runInto(shader, [x], [y]);
  return y;
}

/** Work on a GPU of its own, which may be broken. */
async function onOwnGpu(work: (own: Gpu) => Promise<void>): Promise<void> {
  const own = await openGpu();
  try {
    await work(own);
  } finally {
    own.close();
  }
}

test('many dispatches travel in few submits, and nothing is submitted before it is asked for', async () => {
  let x = tensor([1, 2, 3, 4]);
  await add(x, 1).read();
  const before = gpu.queue.counts;
  for (let i = 0; i < 600; i++) x = add(x, 1);
  const recorded = gpu.queue.counts;
  assert.is(recorded.dispatches - before.dispatches, 600);
  assert.ok(recorded.submits - before.submits <= 2);
  assert.equal(Array.from(await x.read()), [601, 602, 603, 604]);
  assert.ok(gpu.queue.counts.submits - before.submits <= 4);
  assert.is(gpu.queue.counts.kernels, before.kernels);
});

test('kernels are told apart by name and variant, and compiled once', async () => {
  const x = tensor([1, 2, 3, 4]);
  const { kernels } = gpu.queue.counts;
  const a = apply(kernel('own', 'x + 1.0', { variant: 'plus' }), x);
  const b = apply(kernel('own', 'x - 1.0', { variant: 'minus' }), x);
  const c = apply(kernel('own', 'x * 99.0', { variant: 'plus' }), x);
  assert.equal(Array.from(await a.read()), [2, 3, 4, 5]);
  assert.equal(Array.from(await b.read()), [0, 1, 2, 3]);
  assert.equal(await c.read(), await a.read());
  assert.is(gpu.queue.counts.kernels - kernels, 2);
});

test('many kernels compile in parallel and run in the order of recording', async () => {
  const x = tensor([1, 2, 3, 4]);
  const steps = Array.from({ length: 24 }, (_, i) => kernel(`step${i}`, `x * 3.0 + ${i}.0`));
  let y = x;
  for (const step of steps) y = apply(step, y);
  // Recorded while the others compile: waits for them.
  const after = add(y, 1);
  let want = [1, 2, 3, 4].map(Math.fround);
  for (let i = 0; i < 24; i++) want = want.map((v) => Math.fround(Math.fround(v * 3) + i));
  const got = await after.read();
  for (const [i, v] of want.entries()) assert.ok(Math.abs(got[i]! - v - 1) <= 1e-5 * v, `${got[i]} ≠ ${v + 1}`);
  await gpu.queue.compile(steps);
});

test('uploads and dispatches keep their order', async () => {
  const x = tensor([1, 1, 1, 1]);
  const results: Tensor[] = [];
  for (let i = 0; i < 10; i++) {
    write(x, new Float32Array(4).fill(i));
    results.push(mul(x, 10), square(x));
  }
  for (let i = 0; i < 10; i++) {
    assert.is((await results[2 * i]!.read())[3], 10 * i);
    assert.is((await results[2 * i + 1]!.read())[0], i * i);
  }
  const source = new Float32Array([5, 6, 7, 8]);
  write(x, source);
  source.fill(0); // The data was taken when it was given.
  assert.equal(Array.from(await x.read()), [5, 6, 7, 8]);
  assert.throws(() => write(x, new Float32Array(3)), /write: 3 numbers do not fill Tensor\(\[4\], float32\)/);
});

test('reads wait for what was recorded before them, several at a time', async () => {
  const x = tensor([1, 2, 3, 4]);
  const reads = Array.from({ length: 8 }, (_, i) => mul(x, i).read());
  const first = x.read();
  write(x, new Float32Array(4));
  const second = x.read();
  for (const [i, read] of reads.entries()) assert.equal(Array.from(await read), [i, 2 * i, 3 * i, 4 * i]);
  assert.equal(Array.from(await first), [1, 2, 3, 4]);
  assert.equal(Array.from(await second), [0, 0, 0, 0]);
  const item = await x.item().catch((error: Error) => error.message);
  assert.match(String(item), /item: a tensor of shape \[4\] has more than one element/);
});

test('scalars travel as what they are', async () => {
  const code = `
struct Params { a: u32, b: i32, c: f32, d: u32 }
@group(0) @binding(0) var<storage, read_write> ys: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
@compute @workgroup_size(1) fn main() {
  ys[0] = f32(p.a); ys[1] = f32(p.b); ys[2] = p.c; ys[3] = f32(p.d >> 16u);
}`;
  const y = empty(gpu, [4]);
  const params = [7, -3, { f32: -0.25 }, 0xffff0000];
  runInto({ name: 'scalars', variant: '', grid: [1, 1, 1], params, flops: 0, bytes: 0, code: () => code }, [], [y]);
  assert.equal(Array.from(await y.read()), [7, -3, -0.25, 65535]);
});

test('what can not be dispatched is refused by name, and the GPU goes on', async () => {
  const x = tensor([1, 2, 3, 4]);
  const most = gpu.limits.maxComputeWorkgroupsPerDimension;
  assert.throws(
    () => apply(kernel('tooWide', 'x', { grid: [most + 1, 1, 1] }), x),
    (e: Error) => e.message.includes(`tooWide: a grid of ${most + 1} × 1 × 1 workgroups is beyond ${most}`),
  );
  assert.throws(
    () => apply(kernel('talkative', 'x', { params: new Array<number>(65).fill(1) }), x),
    /talkative: 65 scalars are more than 64/,
  );
  const many = gpu.limits.maxStorageBuffersPerShaderStage + 1;
  const bindings = Array.from(
    { length: many },
    (_, i) => `@group(0) @binding(${i}) var<storage, read> x${i}: array<f32>;`,
  );
  const greedy = { ...kernel('greedy', 'x'), code: () => bindings.join('\n') };
  assert.throws(() => apply(greedy, x), /greedy: \d+ storage buffers are more than the \d+ of this adapter/);
  assert.ok(gpu.healthy);
  assert.equal(Array.from(await add(x, 1).read()), [2, 3, 4, 5]);
});

test('a kernel that does not compile is named, with the line', async () => {
  await onOwnGpu(async (own) => {
    const x = tensor([1, 2, 3, 4], undefined, { gpu: own });
    const broken = apply(kernel('broken', 'x + undefinedName'), x);
    await rejects(
      broken.read(),
      /The kernel broken does not compile:\s+line 9: .*undefinedName[\s\S]*ys\[item\] = x \+ undefinedName/,
    );
    assert.not(own.healthy);
    // The first failure stays the answer to everything.
    assert.throws(() => add(x, 1), /The kernel broken does not compile/);
    await rejects(own.finish(), /The kernel broken does not compile/);
    await rejects(own.queue.compile([kernel('fine', 'x')]), /The kernel broken does not compile/);
  });
  assert.ok(gpu.healthy);
});

test('a batch that the GPU refuses is reported with its kernels', async () => {
  await onOwnGpu(async (own) => {
    const x = tensor([1, 2, 3, 4], undefined, { gpu: own });
    // Bound as input and output at once, which WebGPU does not allow.
    runInto(kernel('selfish', 'x'), [x], [x]);
    await rejects(
      own.finish().then(() => own.finish()),
      /The GPU refused \(validation\) a batch of kernels \(selfish\)/,
    );
  });
});

test('a lost device gives a clear error to whoever waits and to whoever comes later', async () => {
  await onOwnGpu(async (own) => {
    const x = tensor([1, 2, 3, 4], undefined, { gpu: own });
    await add(x, 1).read();
    const waiting = add(x, 2).read();
    own.device.destroy();
    const lost = /This GPU can not be used any more\. The device was lost \(destroyed\)/;
    await rejects(waiting, lost);
    assert.not(own.healthy);
    assert.throws(() => add(x, 1), lost);
    await rejects(x.read(), lost);
  });
  assert.equal(Array.from(await square(tensor([3])).read()), [9]);
});

test('a closed GPU says that it was closed', async () => {
  const own = await openGpu();
  const x = tensor([1], undefined, { gpu: own });
  own.close();
  own.close();
  await rejects(
    Promise.resolve().then(() => x.read()),
    /This GPU can not be used any more\. It was closed\./,
  );
  assert.throws(() => add(x, 1), /It was closed/);
  // The one before is the current one again.
  assert.is(tensor([1]).gpu, gpu);
});

test.run();
