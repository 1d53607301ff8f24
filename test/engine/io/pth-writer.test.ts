import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NamedArray } from '../../../engine/io/arrays.js';
import { readPth } from '../../../engine/io/pth.js';
import { writePth } from '../../../engine/io/pth-writer.js';
import type { SafetensorsInput } from '../../../engine/io/safetensors.js';
import { stateDictOf } from '../../../engine/io/state-dict.js';
import { readZipDirectory } from '../../../engine/io/zip.js';
import { bytes, plain, refuses } from './fixtures.js';

async function written(tensors: Iterable<readonly [string, SafetensorsInput]>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writePth(tensors)) chunks.push(chunk.slice());
  return bytes(...chunks);
}

const ARRAYS: readonly [string, NamedArray][] = [
  [
    'conv1.weight',
    { dtype: 'float32', shape: [2, 3, 1, 2], data: Float32Array.from({ length: 12 }, (_, i) => i / 7 - 1) },
  ],
  ['0.1', { dtype: 'float64', shape: [300], data: Float64Array.from({ length: 300 }, (_, i) => Math.sin(i)) }],
  ['half', { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) }],
  ['brain', { dtype: 'bfloat16', shape: [1, 1], data: Uint16Array.of(0x3f80) }],
  ['bn.num_batches_tracked', { dtype: 'int64', shape: [], data: BigInt64Array.of(-(2n ** 62n)) }],
  ['int32', { dtype: 'int32', shape: [3], data: Int32Array.of(-1, 0, 2 ** 31 - 1) }],
  ['int16', { dtype: 'int16', shape: [2], data: Int16Array.of(-5, 5) }],
  ['int8', { dtype: 'int8', shape: [3], data: Int8Array.of(-128, 0, 127) }],
  ['uint8', { dtype: 'uint8', shape: [2, 2], data: Uint8Array.of(0, 1, 254, 255) }],
  ['bool', { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) }],
  ['empty', { dtype: 'float32', shape: [3, 0, 4], data: new Float32Array(0) }],
  ['Größe', { dtype: 'float32', shape: [1], data: Float32Array.of(0.5) }],
];

test('what is written is read: every element type, shapes, names and their order', async () => {
  const file = await written(ARRAYS);
  const { value, format } = await readPth(file, 'own.pth');
  assert.is(format, 'zip');
  const read = stateDictOf(value);
  assert.equal(
    [...read.keys()],
    ARRAYS.map(([name]) => name),
  );
  for (const [name, array] of ARRAYS) assert.equal(plain(read.get(name)!), plain(array), name);
});

test('arrays are aligned, and one may be fetched when its turn comes', async () => {
  let fetched = 0;
  const data = async () => {
    fetched++;
    return Float32Array.of(1, 2);
  };
  const file = await written([['a', { dtype: 'float32', shape: [2], data }]]);
  assert.is(fetched, 1);
  for (const [name, { offset }] of readZipDirectory(file, 'own.pth')) assert.is(offset % 64, 0, name);
  assert.equal([...(stateDictOf((await readPth(file)).value).get('a')!.data as Float32Array)], [1, 2]);
  assert.equal(stateDictOf((await readPth(await written([['a', ARRAYS[0]![1]]]))).value).size, 1);
});

test('what PyTorch can not hold, or what does not fit, is refused by name', async () => {
  const one = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;
  await refuses(
    () =>
      written([
        ['a', one],
        ['a', one],
      ]),
    /'a' is given twice/,
  );
  await refuses(
    () => written([['n', { dtype: 'uint32', shape: [1], data: Uint32Array.of(1) }]]),
    /'n' is uint32/,
    /convert/,
  );
  await refuses(() => written([['n', { ...one, shape: [2] }]]), /'n' of shape \[2\] has 1 elements/);
  await refuses(() => written([['n', { ...one, dtype: 'int32' }]]), /'n' is said to be int32, but is a Float32Array/);
});

test.run();
