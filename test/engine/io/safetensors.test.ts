import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type NamedArray, toFloat32 } from '../../../engine/io/arrays.js';
import {
  openSafetensors,
  readSafetensors,
  type SafetensorsInput,
  writeSafetensors,
} from '../../../engine/io/safetensors.js';
import { blobSource, FormatError, memorySource } from '../../../engine/io/source.js';
import { bytes, little, outcome, plain, refuses } from './fixtures.js';

const everyType: Record<string, NamedArray> = {
  'conv.weight': {
    dtype: 'float32',
    shape: [2, 3],
    data: Float32Array.of(1, -2, 3.5, 0, 1e-40, Number.POSITIVE_INFINITY),
  },
  flags: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
  'é ü 名': { dtype: 'float64', shape: [1], data: Float64Array.of(0.1) },
  '10': { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
  '2': { dtype: 'uint64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
  half: { dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c00) },
  brain: { dtype: 'bfloat16', shape: [1, 1], data: Uint16Array.of(0x3f80) },
  i32: { dtype: 'int32', shape: [], data: Int32Array.of(-5) },
  u32: { dtype: 'uint32', shape: [1], data: Uint32Array.of(4e9) },
  i16: { dtype: 'int16', shape: [1], data: Int16Array.of(-5) },
  u16: { dtype: 'uint16', shape: [1], data: Uint16Array.of(65535) },
  i8: { dtype: 'int8', shape: [1], data: Int8Array.of(-5) },
  u8: { dtype: 'uint8', shape: [1], data: Uint8Array.of(250) },
  empty: { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) },
  __proto: { dtype: 'uint8', shape: [1], data: Uint8Array.of(1) },
};

async function written(
  tensors: Iterable<readonly [string, SafetensorsInput]>,
  metadata?: Record<string, string>,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeSafetensors(tensors, metadata)) chunks.push(chunk.slice());
  return bytes(...chunks);
}

/** A file of the given header text and data. */
const file = (header: string, ...data: number[]) => {
  const json = new TextEncoder().encode(header);
  return bytes(little(json.length, 8), json, Uint8Array.from(data));
};

test('every type, odd names and metadata come back as they were, in order', async () => {
  const all = await written(Object.entries(everyType), { epoch: '12', note: 'é "quoted"' });
  const { tensors, metadata } = await readSafetensors(all);
  assert.equal(metadata, { epoch: '12', note: 'é "quoted"' });
  assert.equal([...tensors.keys()], Object.keys(everyType));
  for (const [name, array] of tensors) assert.equal(plain(array), plain(everyType[name]), name);
});

test('names that look like numbers keep their place', async () => {
  const one = (value: number): NamedArray => ({ dtype: 'uint8', shape: [], data: Uint8Array.of(value) });
  const all = await written([
    ['b', one(1)],
    ['10', one(2)],
    ['9', one(3)],
  ]);
  assert.equal(
    [...(await readSafetensors(all)).tensors].map(([name, { data }]) => [name, data[0]]),
    [
      ['b', 1],
      ['10', 2],
      ['9', 3],
    ],
  );
});

test('the layout is that of the format', async () => {
  const all = await written([
    ['b', everyType.i8],
    ['a', everyType['conv.weight']],
  ]);
  const header =
    '{"b":{"dtype":"I8","shape":[1],"data_offsets":[24,25]},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}';
  const length = Math.ceil(header.length / 8) * 8;
  assert.is(new TextDecoder().decode(all.slice(8, 8 + length)), header.padEnd(length));
  assert.equal(all.slice(0, 8), little(length, 8));
  assert.is(all.length, 8 + length + 25);
  const { tensors } = await readSafetensors(all);
  assert.is(tensors.get('a')?.data.buffer, all.buffer, 'aligned tensors are views');
  assert.equal((await readSafetensors(await written([]))).tensors.size, 0);
});

test('a source is read in stretches no longer than the header and each tensor', async () => {
  const all = await written(Object.entries(everyType));
  const stretches: number[] = [];
  const memory = memorySource(all, 'big.safetensors');
  const opened = await openSafetensors({
    ...memory,
    read: (offset, length) => {
      stretches.push(length);
      return memory.read(offset, length);
    },
  });
  assert.is(stretches.length, 2);
  for (const name of opened.entries.keys()) assert.equal(plain(await opened.read(name)), plain(everyType[name]));
  assert.equal(
    stretches.slice(2),
    [...opened.entries.values()].map((entry) => entry.byteLength),
  );
  await refuses(
    () => opened.read('nothing'),
    /big\.safetensors has no tensor 'nothing'; it has '2', '10', 'conv\.weight'/,
  );
});

test('blobs, and bytes that are not aligned', async () => {
  const all = await written(Object.entries(everyType));
  const opened = await openSafetensors(blobSource(new Blob([all as Uint8Array<ArrayBuffer>])));
  assert.equal(plain(await opened.read('conv.weight')), plain(everyType['conv.weight']));
  const shifted = new Uint8Array(all.length + 3);
  shifted.set(all, 3);
  const { tensors } = await readSafetensors(shifted.subarray(3));
  for (const [name, array] of tensors) assert.equal(plain(array), plain(everyType[name]), name);
});

test('tensors may be fetched when their turn comes', async () => {
  let fetched = 0;
  const data = async () => Float32Array.of(++fetched);
  const chunks = writeSafetensors([
    ['a', { dtype: 'float32', shape: [1], data }],
    ['b', { dtype: 'float32', shape: [], data }],
  ]);
  await chunks.next();
  assert.is(fetched, 0);
  await chunks.next();
  assert.is(fetched, 1);
  await chunks.next();
  assert.is(fetched, 2);
});

test('what cannot be written is an error that names the tensor', async () => {
  const one = everyType.i8;
  await refuses(
    () =>
      written([
        ['a', one],
        ['a', one],
      ]),
    /'a' is given twice/,
  );
  await refuses(() => written([['__metadata__', one]]), /__metadata__/);
  await refuses(() => written([['a', { ...one, shape: [2] }]]), /'a' of shape \[2\] has 1 elements/);
  await refuses(() => written([['a', { ...one, dtype: 'float32' }]]), /'a' is said to be float32, but is a Int8Array/);
});

test('damaged headers are errors that name the file and the tensor', async () => {
  const entry = (text: string) => `{"w":{${text}}}`;
  const good = entry('"dtype":"F32","shape":[1],"data_offsets":[0,4]');
  assert.equal(
    toFloat32((await readSafetensors(file(good, 0, 0, 128, 63))).tensors.get('w') as NamedArray),
    Float32Array.of(1),
  );
  const cases: [Uint8Array, RegExp][] = [
    [bytes('abc'), /3 bytes, too few/],
    [bytes(little(100, 8), good), /header should have 100 bytes, but the file ends/],
    [bytes(little(2 ** 40, 8), good), /header would have 1099511627776 bytes/],
    [bytes(little(2n ** 63n, 8), good), /header would have/],
    [file('not json'), /header cannot be read/],
    [file('[1]'), /no JSON object/],
    [file('{"a":1}'), /'a' has no dtype/],
    [file('{"w":1,"w":1}'), /"w" comes twice/],
    [file('{"w":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}'), /"dtype" comes twice/],
    [file('{"a":{"b":"\\"}{"},"a":1}'), /"a" comes twice/],
    [file(entry('"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]'), 0, 0, 0, 0), /'w' has the type "F8_E4M3"/],
    [file(entry('"dtype":"toString","shape":[4],"data_offsets":[0,4]')), /the type "toString"/],
    [file(entry('"dtype":"F32","shape":[-1],"data_offsets":[0,4]')), /shape \[-1\]/],
    [file(entry('"dtype":"F32","shape":[1.5],"data_offsets":[0,4]')), /shape \[1\.5\]/],
    [file(entry('"dtype":"F32","shape":1,"data_offsets":[0,4]')), /shape 1/],
    [file(entry('"dtype":"F32","shape":[1],"data_offsets":[4,0]')), /data_offsets \[4,0\]/],
    [file(entry('"dtype":"F32","shape":[1],"data_offsets":[0]')), /data_offsets \[0\]/],
    [file(entry('"dtype":"F32","shape":[1],"data_offsets":[0,1e300]')), /data_offsets/],
    [file(entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), 0, 0, 0, 0), /takes 8 bytes, but has 4/],
    [file(entry('"dtype":"F32","shape":[9007199254740991,4096],"data_offsets":[0,4]')), /takes Infinity bytes/],
    [file(good, 0, 0, 0), /'w' ends at byte \d+, but the file at \d+/],
    [file(good, 0, 0, 0, 0, 0), /1 bytes after its last tensor/],
    [file(entry('"dtype":"F32","shape":[1],"data_offsets":[4,8]'), 0, 0, 0, 0, 0, 0, 0, 0), /'w' leaves a gap of 4/],
    [
      file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        0,
        0,
        0,
      ),
      /'b' overlaps the one before it by 1/,
    ],
    [file('{"__metadata__":{"a":1}}'), /__metadata__.*'a'/],
    [file('{"__metadata__":[]}'), /__metadata__/],
    [bytes(little(3, 8), '{"\xff'), /header cannot be read/],
  ];
  for (const [data, words] of cases)
    await refuses(() => readSafetensors(data, 'm.safetensors'), /m\.safetensors/, words);
});

test('a file cut short anywhere is an error; one with a flipped byte is an error or has its sizes right', async () => {
  const all = await written(Object.entries(everyType), { a: 'b' });
  for (let part = 0; part < 50; part++) {
    await refuses(
      () => readSafetensors(all.slice(0, Math.floor((all.length * part) / 50)), 'm.safetensors'),
      /m\.safetensors/,
    );
  }
  for (let at = 0; at < all.length; at++) {
    const damaged = all.slice();
    damaged[at] ^= 1 << (at % 8);
    const result = await outcome(() => readSafetensors(damaged, 'm'));
    if (result instanceof Error) assert.instance(result, FormatError, `byte ${at}: ${result.stack}`);
  }
});

test.run();
