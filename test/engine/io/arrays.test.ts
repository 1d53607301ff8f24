import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  dataFromBytes,
  elementCount,
  float16Value,
  type NamedArray,
  toFloat32,
  toInt32,
} from '../../../engine/io/arrays.js';
import { bytes, refuses } from './fixtures.js';

const array = (dtype: NamedArray['dtype'], data: NamedArray['data']): NamedArray => ({
  dtype,
  shape: [data.length],
  data,
});

test('half precision bits', () => {
  const cases: [number, number][] = [
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ];
  for (const [bits, value] of cases) assert.is(float16Value(bits), value);
  assert.ok(Object.is(float16Value(0x8000), -0));
  assert.ok(Number.isNaN(float16Value(0x7e00)));
});

test('any type as float32', async () => {
  const converted = (dtype: NamedArray['dtype'], data: NamedArray['data']) => Array.from(toFloat32(array(dtype, data)));
  assert.equal(converted('float16', Uint16Array.of(0x3c00, 0xc000, 0xfc00)), [1, -2, Number.NEGATIVE_INFINITY]);
  assert.equal(converted('bfloat16', Uint16Array.of(0x3f80, 0xc049)), [1, -3.140625]);
  assert.equal(converted('float64', Float64Array.of(0.1, Number.NEGATIVE_INFINITY)), [
    Math.fround(0.1),
    Number.NEGATIVE_INFINITY,
  ]);
  assert.equal(converted('int64', BigInt64Array.of(-3n, 2n ** 40n)), [-3, 2 ** 40]);
  assert.equal(converted('bool', Uint8Array.of(1, 0)), [1, 0]);
  assert.equal(converted('uint32', Uint32Array.of(4294967295)), [4294967296]);
  const same = Float32Array.of(1);
  assert.is(toFloat32(array('float32', same)), same);
  await refuses(
    () => toFloat32(array('float64', Float64Array.of(0, 1e300)), 'w'),
    /w\[1\] is 1e\+300, which is beyond float32/,
  );
});

test('any type as int32, or an error that names the element', async () => {
  const converted = (dtype: NamedArray['dtype'], data: NamedArray['data']) => Array.from(toInt32(array(dtype, data)));
  assert.equal(converted('int64', BigInt64Array.of(-3n, 2147483647n)), [-3, 2147483647]);
  assert.equal(converted('float32', Float32Array.of(-3, 7)), [-3, 7]);
  assert.equal(converted('float16', Uint16Array.of(0xc000)), [-2]);
  assert.equal(converted('uint8', Uint8Array.of(200)), [200]);
  await refuses(
    () => toInt32(array('int64', BigInt64Array.of(0n, 2147483648n)), 'n'),
    /n\[1\] is 2147483648 \(int64\)/,
  );
  await refuses(() => toInt32(array('uint32', Uint32Array.of(4e9))), /4000000000/);
  await refuses(() => toInt32(array('float32', Float32Array.of(0.5))), /0\.5 \(float32\)/);
  await refuses(() => toInt32(array('float32', Float32Array.of(Number.NaN))), /NaN/);
});

test('bytes as elements: views where aligned, copies elsewhere', () => {
  const memory = new Uint8Array(new Float32Array([1, 2, 3]).buffer);
  assert.is(dataFromBytes('float32', memory.subarray(4), 2).buffer, memory.buffer);
  const shifted = bytes(0, memory).subarray(1);
  assert.equal(dataFromBytes('float32', shifted, 3), Float32Array.of(1, 2, 3));
  assert.throws(() => dataFromBytes('float32', memory, 4), /4 float32 take 16 bytes, got 12/);
});

test('element counts', () => {
  assert.equal([[], [0, 5], [2, 3]].map(elementCount), [1, 0, 6]);
  for (const shape of [[-1], [1.5], [2 ** 60, 2 ** 60], [Number.NaN]])
    assert.throws(() => elementCount(shape), RangeError);
});

test.run();
