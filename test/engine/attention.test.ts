import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scaledDotProductAttention } from '../../engine/ops/attention.js';
import { tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';
import { withEachSharing } from './sharing.js';

closeAfter(test);

function reference(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  [b, l, s, d, e]: readonly number[],
  causal: boolean,
): Float64Array {
  const out = new Float64Array(b! * l! * e!);
  for (let n = 0; n < b!; n++)
    for (let i = 0; i < l!; i++) {
      const scores = Array.from({ length: s! }, (_, j) => {
        if (causal && j > i) return -Infinity;
        let dot = 0;
        for (let c = 0; c < d!; c++) dot += q[(n * l! + i) * d! + c]! * k[(n * s! + j) * d! + c]!;
        return dot / Math.sqrt(d!);
      });
      const top = Math.max(...scores);
      const weights = scores.map((x) => Math.exp(x - top));
      const total = weights.reduce((x, y) => x + y, 0);
      for (let c = 0; c < e!; c++) {
        for (let j = 0; j < s!; j++) out[(n * l! + i) * e! + c]! += (weights[j]! / total) * v[(n * s! + j) * e! + c]!;
      }
    }
  return out;
}

/** Several tiles, odd sizes, more than one block of values. Barriers compile slowly on the CPU: one case suffices there. */
const CASES = [
  [2, 13, 71, 12, 20, false],
  [1, 67, 67, 28, 36, true],
] as const;

test('attention equals plain loops over several tiles', async () => {
  await withEachSharing(async ({ kind }) => {
    for (const [b, l, s, d, e, causal] of kind === 'subgroup' ? CASES : CASES.slice(0, 1)) {
      const q = fill('q', [b, l, d], { kind: 'signed', scale: 3 });
      const k = fill('k', [b, s, d], { kind: 'signed', scale: 3 });
      const v = fill('v', [b, s, e], { kind: 'signed', scale: 1 });
      const got = await scaledDotProductAttention(tensor(q, [b, l, d]), tensor(k, [b, s, d]), tensor(v, [b, s, e]), {
        causal,
      }).read();
      const want = reference(q, k, v, [b, l, s, d, e], causal);
      for (let i = 0; i < want.length; i++) {
        assert.ok(
          Math.abs(got[i]! - want[i]!) < 2e-5,
          `${kind} ${[b, l, s, d, e, causal]}: element ${i} is ${got[i]}, not ${want[i]}`,
        );
      }
    }
  });
});

test('gradients of attention', async () => {
  await withEachSharing(async ({ kind }) => {
    await gradcheck(
      (q, k, v) => scaledDotProductAttention(q, k, v),
      [
        [2, 5, 6],
        [2, 41, 6],
        [2, 41, 5],
      ],
    );
    if (kind === 'workgroup') return;
    await gradcheck(
      (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true }),
      [
        [1, 2, 37, 8],
        [1, 2, 37, 8],
        [1, 2, 37, 8],
      ],
    );
  });
});

test('shapes that do not fit are named', () => {
  const t = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  assert.throws(() => scaledDotProductAttention(t(1, 3, 4), t(1, 3, 5), t(1, 3, 4)), /q \[1, 3, 4\], k \[1, 3, 5\]/);
  assert.throws(() => scaledDotProductAttention(t(1, 3, 132), t(1, 3, 132), t(1, 3, 4)), /132 features a head/);
});

test.run();
