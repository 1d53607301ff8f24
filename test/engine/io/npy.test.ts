import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { readNpy, writeNpy } from '../../../engine/io/npy.js';

function bytesOfNpy(array: NamedArray): Uint8Array {
  const chunks = [...writeNpy(array)];
  const out = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

const ARRAYS: readonly NamedArray[] = [
  { dtype: 'float32', shape: [2, 3], data: new Float32Array([1, -2, 0.5, 3e38, -0, 1e-40]) },
  { dtype: 'float32', shape: [0, 512], data: new Float32Array() },
  { dtype: 'float64', shape: [], data: new Float64Array([Math.PI]) },
  { dtype: 'int64', shape: [3], data: new BigInt64Array([-1n, 0n, 2n ** 62n]) },
  { dtype: 'int32', shape: [1, 2, 1], data: new Int32Array([-7, 7]) },
  { dtype: 'bool', shape: [2], data: new Uint8Array([1, 0]) },
];

for (const array of ARRAYS) {
  test(`npy: ${array.dtype} [${array.shape}] comes back`, () => {
    const bytes = bytesOfNpy(array);
    assert.equal(readNpy(bytes), array);
    // Also from the middle of a buffer that nothing is aligned in.
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assert.equal(readNpy(shifted.subarray(1)), array);
  });
}

test('npy: the bytes that numpy writes', () => {
  const bytes = bytesOfNpy({ dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) });
  const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const header = `${text.padEnd(117)}\n`;
  assert.is(bytes.length, 128 + 8);
  assert.equal([...bytes.subarray(0, 10)], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  assert.is(new TextDecoder().decode(bytes.subarray(10, 128)), header);
  assert.equal([...bytes.subarray(128)], [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
});

test('npy: what cannot be written or read is told', () => {
  assert.throws(() => writeNpy({ dtype: 'bfloat16', shape: [1], data: new Uint16Array(1) }), 'bfloat16');
  assert.throws(() => writeNpy({ dtype: 'float32', shape: [3], data: new Float32Array(2) }), '[3]');
  const good = bytesOfNpy({ dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) });
  assert.throws(() => readNpy(good.subarray(0, good.length - 1), 'f.npy'), /f\.npy .*cut short/);
  assert.throws(() => readNpy(good.subarray(0, 40), 'f.npy'), /f\.npy is cut short/);
  assert.throws(() => readNpy(new Uint8Array(200), 'f.npy'), /f\.npy is no numpy file/);
  const changed = (from: string, to: string) => {
    const latin = new TextDecoder('latin1').decode(good).replace(from, to);
    return Uint8Array.from(latin, (letter) => letter.charCodeAt(0));
  };
  assert.throws(() => readNpy(changed('<f4', '>f4')), '>f4');
  assert.throws(() => readNpy(changed('False', 'True ')), 'column order');
});

test.run();
