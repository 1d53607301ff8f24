import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import { square } from '../../engine/ops/unary.js';
import { reshape } from '../../engine/ops/view.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { closeAfter, gpu } from './device.js';

closeAfter(test);

const ENDED = /used after its memory was given back: it was made inside a scope that has ended/;

const rejects = (work: Promise<unknown>, message: RegExp) =>
  work.then(
    () => assert.unreachable('it did not fail'),
    (error: Error) => assert.match(error.message, message),
  );

/** Bytes in use once `work` is through, beyond those before. */
function grows(work: () => unknown): number {
  const before = gpu.memory().live;
  work();
  return gpu.memory().live - before;
}

test('what is returned survives, the rest goes back to the pool', async () => {
  let inside: Tensor | undefined;
  const out = scope(() => {
    inside = tensor([1, 2]);
    return add(inside, 1);
  });
  assert.equal(Array.from(await out.read()), [2, 3]);
  await rejects(inside!.read(), ENDED);
  assert.throws(() => add(inside!, 1), ENDED);
  assert.is(
    grows(() => scope(() => void square(tensor([1, 2])))),
    0,
  );
});

test('lists, maps and objects of tensors survive, views by their memory', async () => {
  const x = tensor([1, 2, 3, 4]);
  const out = scope(() => ({
    list: [add(x, 1), [mul(x, 2)]] as const,
    map: new Map([['a', mul(x, 3)]]),
    set: new Set([mul(x, 4)]),
    view: reshape(mul(x, 5), [2, 2]),
    text: 'no tensor',
    bytes: new Uint8Array(1000),
    nothing: null,
  }));
  assert.is((await out.list[0].read())[0], 2);
  assert.is((await out.list[1][0]!.read())[0], 2);
  assert.is((await out.map.get('a')!.read())[0], 3);
  assert.is((await [...out.set][0]!.read())[0], 4);
  assert.is((await out.view.read())[0], 5);
});

test('objects that refer to each other do not run in circles', () => {
  interface Ring {
    other?: Ring;
    x: Tensor;
  }
  const a: Ring = { x: tensor([1]) };
  const ring = scope(() => {
    const b: Ring = { other: a, x: tensor([2]) };
    a.other = b;
    return b;
  });
  assert.not(ring.x.storage.released);
});

test('what is kept survives: keep(), and the gradients of leaves', async () => {
  const w = tensor([2, 3], undefined, { requiresGrad: true });
  let kept: Tensor | undefined;
  scope(() => {
    kept = mul(w, 2).keep();
    backward(sum(square(w)));
  });
  assert.equal(Array.from(await kept!.read()), [4, 6]);
  assert.equal(Array.from(await w.grad!.read()), [4, 6]);
  scope(() => backward(sum(w)));
  assert.equal(Array.from(await w.grad!.read()), [5, 7]);
});

test('a result that can still be differentiated brings along what its graph saved', async () => {
  const w = tensor([2, 3], undefined, { requiresGrad: true });
  const loss = scope(() => sum(mul(square(w), mul(w, 3))));
  backward(loss);
  assert.equal(Array.from(await w.grad!.read()), [36, 81]);
});

test('a step in a scope leaves as much memory as it found', () => {
  const w = tensor([2, 3], undefined, { requiresGrad: true });
  const step = () =>
    scope(() => {
      backward(sum(mul(square(w), w)));
    });
  step();
  assert.is(grows(step), 0);
});

test('scopes in scopes: what the inner one returns belongs to the outer', async () => {
  let inner: Tensor | undefined;
  const out = scope(() => {
    inner = scope(() => tensor([5]));
    return scope(() => add(inner!, 1));
  });
  assert.equal(Array.from(await out.read()), [6]);
  assert.ok(inner!.storage.released);
});

test('an error ends the scope and gives its memory back', async () => {
  const fails = () =>
    scope(() => {
      square(tensor([1, 2, 3]));
      throw new Error('on the way');
    });
  assert.is(
    grows(() => assert.throws(fails, /on the way/)),
    0,
  );
  const before = gpu.memory().live;
  const failsLater = scope(async () => {
    await square(tensor([1, 2, 3])).read();
    throw new Error('later');
  });
  await rejects(failsLater, /later/);
  assert.is(gpu.memory().live, before);
});

test('asynchronous work: the scope ends with it', async () => {
  const before = gpu.memory().live;
  let inside: Tensor | undefined;
  const total = await scope(async () => {
    inside = tensor([1, 2]);
    await gpu.finish();
    return await sum(square(inside)).item();
  });
  assert.is(total, 5);
  assert.ok(inside!.storage.released);
  assert.is(gpu.memory().live, before);
  const out = await scope(async () => add(tensor([1]), (await tensor([2]).read())[0]!));
  assert.equal(Array.from(await out.read()), [3]);
});

test('scopes that overlap in time end without harm to each other', async () => {
  const before = gpu.memory().live;
  const work = (turns: number) =>
    scope(async () => {
      const x = tensor([turns]);
      for (let i = 0; i < turns; i++) await gpu.finish();
      return await add(x, 1).item();
    });
  assert.equal(await Promise.all([work(1), work(4), work(2)]), [2, 5, 3]);
  assert.is(gpu.memory().live, before);
});

test.run();
