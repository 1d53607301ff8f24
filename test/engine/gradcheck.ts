import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';

export interface GradcheckOptions {
  /** Step of the central difference. */
  readonly step?: number;
  /** Relative to the largest gradient of the input. */
  readonly tolerance?: number;
  /** Values of the inputs: [low, high) of a uniform fill; default [-1.5, 1.5). */
  readonly range?: readonly [number, number];
  /** Which inputs to differentiate; default all. */
  readonly inputs?: readonly number[];
}

/**
 * Checks the gradient of `f` for every input against central differences of ⟨f, upstream⟩ along whole random directions and
 * along single elements, at the given (odd) shapes.
 */
export async function gradcheck(
  f: (...inputs: Tensor[]) => Tensor,
  shapes: readonly (readonly number[])[],
  { step = 1e-2, tolerance = 2e-2, range = [-1.5, 1.5], inputs }: GradcheckOptions = {},
): Promise<void> {
  const [lo, hi] = range;
  const data = shapes.map((shape, i) => fill(`gradcheck/${i}`, shape, { kind: 'range', lo, hi }));
  const leaves = data.map((values, i) => tensor(values, shapes[i]!, { requiresGrad: !inputs || inputs.includes(i) }));
  const out = f(...leaves);
  const weights = tensor(fill('gradcheck/upstream', out.shape, { kind: 'signed', scale: 1 }), out.shape);
  const found = grad([out], leaves, { gradients: [weights] });
  const value = (i: number, direction: Float32Array, h: number) =>
    noGrad(async () => {
      const moved = leaves.map((leaf, k) => (k === i ? add(leaf, mul(tensor(direction, leaf.shape), h)) : leaf));
      return await sum(mul(f(...moved), weights)).item();
    });
  for (let i = 0; i < leaves.length; i++) {
    if (!leaves[i]!.requiresGrad) continue;
    const gradient = found[i];
    assert.ok(gradient, `input ${i} has no gradient`);
    assert.equal(gradient.shape, leaves[i]!.shape, `shape of the gradient of input ${i}`);
    const got = await gradient.read();
    const largest = Math.max(...Array.from(got, Math.abs), 1e-3);
    const n = got.length;
    const single = (at: number) => Float32Array.from({ length: n }, (_, k) => (k === at ? 1 : 0));
    const directions = [
      ...[0, n >> 1, n - 1].map(single),
      fill(`gradcheck/direction/${i}`, [n], { kind: 'signed', scale: 1 / Math.sqrt(n) }),
    ];
    for (const [k, direction] of directions.entries()) {
      const [plus, minus] = [await value(i, direction, step), await value(i, direction, -step)];
      const want = (plus - minus) / (2 * step);
      const have = direction.reduce((total, d, at) => total + d * got[at]!, 0);
      const off = Math.abs(want - have);
      assert.ok(
        off <= tolerance * Math.max(largest, Math.abs(want)),
        `input ${i}, direction ${k}: the gradient says ${have}, differences say ${want}`,
      );
    }
  }
}
