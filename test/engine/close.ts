import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';

/** Numbers in [lo, hi) that are the same on every machine. */
export const numbers = (name: string, shape: readonly number[], lo = -1.5, hi = 1.5): Float32Array =>
  fill(name, shape, { kind: 'range', lo, hi });

export const random = (name: string, shape: readonly number[], lo = -1.5, hi = 1.5): Tensor =>
  tensor(numbers(name, shape, lo, hi), shape);

/** A random tensor that wants a gradient. */
export const leaf = (name: string, shape: readonly number[], lo = -1.5, hi = 1.5): Tensor =>
  tensor(numbers(name, shape, lo, hi), shape, { requiresGrad: true });

/** int32 indices below `classes`. */
export const indices = (name: string, shape: readonly number[], classes: number): Tensor =>
  tensor(Int32Array.from(numbers(name, shape, 0, classes), Math.floor), shape);

/** Every element within `tolerance` of the wanted one, relative to the largest. */
export function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  assert.is(got.length, want.length, `${what}: length`);
  let largest = 1e-30;
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(want[i]!));
  for (let i = 0; i < want.length; i++) {
    if (!(Math.abs(got[i]! - want[i]!) <= tolerance * largest))
      assert.unreachable(`${what}: element ${i} is ${got[i]}, not ${want[i]}`);
  }
}

/** The gradients of ⟨f(inputs), upstream⟩, read back. */
export async function gradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  upstream: Tensor,
): Promise<Float32Array[]> {
  const found = grad([f(...inputs)], inputs, { gradients: [upstream] });
  return Promise.all(found.map(async (g) => (await g!.read()) as Float32Array));
}

/** Checks second derivatives: the gradient of ⟨∇f, v⟩ against differences of ∇f along v, for a scalar f. */
export async function checkTwice(
  f: (x: Tensor) => Tensor,
  shape: readonly number[],
  range: readonly [number, number] = [-1.5, 1.5],
): Promise<void> {
  const data = numbers('twice/x', shape, ...range);
  const v = random('twice/v', shape);
  const h = 1e-2;
  const first = (x: Tensor, createGraph: boolean) => grad([f(x)], [x], { createGraph })[0]!;
  const x = tensor(data, shape, { requiresGrad: true });
  const [got] = grad([sum(mul(first(x, true), v))], [x]);
  const at = async (step: number) => {
    const moved = add(tensor(data, shape), mul(v, step));
    moved.requiresGrad = true;
    return await first(moved, false).read();
  };
  const [plus, minus] = [await at(h), await at(-h)];
  assertClose(
    await got!.read(),
    plus.map((p, i) => (p - minus[i]!) / (2 * h)),
    3e-2,
    'second derivative',
  );
}

/** Runs twice and expects the same bits. */
export async function assertSameBits(run: () => Tensor): Promise<void> {
  const [a, b] = [await run().read(), await run().read()];
  assert.equal(new Uint32Array(a.buffer), new Uint32Array(b.buffer), 'two runs differ');
}
