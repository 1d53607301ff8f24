import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  bytesOf,
  dataFromBytes,
  elementCount,
  type NamedArray,
  toFloat32,
  toInt32,
} from '../../../engine/io/arrays.js';
import { readPth } from '../../../engine/io/pth.js';
import { PthArray } from '../../../engine/io/pth-array.js';
import { FormatError } from '../../../engine/io/source.js';
import { stateDictOf } from '../../../engine/io/state-dict.js';
import { bytes, fixture, outcome, refuses, storedZip } from './fixtures.js';

type Expected = Record<string, { dtype: string; shape: number[]; values: (number | string | boolean)[] }>;
const expected: { tensors: Expected; state_dict: Expected; numpy: Expected } = JSON.parse(
  new TextDecoder().decode(fixture('expected.json')),
);

/** An array in the form of expected.json: int64 as text, the rest as numbers. */
function listed(array: NamedArray): { dtype: string; shape: number[]; values: unknown[] } {
  const { dtype, shape, data } = array;
  const numbers = dtype === 'float16' || dtype === 'bfloat16' ? toFloat32(array) : data;
  const values = Array.from(numbers as ArrayLike<number | bigint>, (value) => {
    if (dtype === 'bool') return value === 1;
    return typeof value === 'bigint' || !Number.isFinite(value) ? String(value).replace('Infinity', 'inf') : value;
  });
  return { dtype, shape: [...shape], values };
}

const listedAll = (arrays: ReadonlyMap<string, NamedArray>) =>
  Object.fromEntries([...arrays].map(([name, array]) => [name, listed(array)]));

for (const form of ['zip', 'legacy', 'deflated']) {
  test(`${form}: every element type, strides, offsets, shared and empty tensors as PyTorch reads them`, async () => {
    const { value, format } = await readPth(fixture(`tensors_${form}.pth`));
    assert.is(format, form === 'legacy' ? 'legacy' : 'zip');
    const tensors = stateDictOf(value);
    assert.equal([...tensors.keys()], Object.keys(expected.tensors));
    assert.equal(listedAll(tensors), expected.tensors);
  });
}

test('tensors of one storage share memory; parameters say that they were trained', async () => {
  for (const form of ['zip', 'legacy']) {
    const tensors = stateDictOf((await readPth(fixture(`tensors_${form}.pth`))).value);
    const base = tensors.get('plain')?.data as Float32Array;
    const row = tensors.get('row_of_shared')?.data as Float32Array;
    assert.is(row.buffer, base.buffer);
    assert.is(row.byteOffset, base.byteOffset + 2 * 6 * 4);
    const trained = [...tensors].filter(([, array]) => array instanceof PthArray && array.requiresGrad);
    assert.equal(
      trained.map(([name]) => name),
      ['parameter'],
    );
  }
});

for (const form of ['zip', 'legacy']) {
  test(`${form}: a checkpoint with everything around its state dict`, async () => {
    const { value } = await readPth(fixture(`checkpoint_${form}.pth`));
    const tree = value as Map<string, unknown>;
    assert.equal(
      ['epoch', 'best', 'name', 'list', 'device'].map((key) => tree.get(key)),
      [12, 0.5, 'tiny é', [1, -2, 300, 70000, 2.5, 'x'], 'cpu'],
    );
    const options = tree.get('options') as Map<string, unknown>;
    assert.equal(
      ['size', 'flags', 'tags', 'raw', 'big'].map((key) => options.get(key)),
      [[256, 128], [true, null], new Set(['a']), Uint8Array.of(0, 255), 2n ** 70n],
    );
    assert.ok(Object.isFrozen(options.get('flags')) && !Object.isFrozen(tree.get('list')));
    const { score, ...numpy } = Object.fromEntries(tree.get('numpy') as Map<string, unknown>);
    assert.is(score, 0.75);
    assert.equal(listedAll(new Map(Object.entries(numpy as Record<string, PthArray>))), expected.numpy);
    assert.equal(listedAll(stateDictOf(value)), expected.state_dict);
    const stripped = stateDictOf(value, { stripPrefix: true });
    assert.equal(
      [...stripped.keys()],
      Object.keys(expected.state_dict).map((name) => name.replace('module.', '')),
    );
    assert.equal(Array.from(toInt32(stripped.get('bn.num_batches_tracked') as NamedArray)), [6]);
  });
}

test('a Buffer that shares its memory with others is read like any other bytes', async () => {
  const shifted = Buffer.alloc(9000, 0xaa);
  shifted.set(fixture('tensors_legacy.pth'), 3);
  const { value } = await readPth(shifted.subarray(3, 3 + fixture('tensors_legacy.pth').length));
  assert.equal(listedAll(stateDictOf(value)), expected.tensors);
});

test('pickle protocol 4', async () => {
  const { value } = await readPth(fixture('protocol4_zip.pth'));
  assert.equal(listed(stateDictOf(value).get('t') as NamedArray), { dtype: 'float32', shape: [2], values: [1, 1] });
});

test('the real OSNet checkpoints read, where they are there', async () => {
  const folder = new URL('../../../../../shared/data/weights-reid/', import.meta.url);
  for (const name of ['osnet_x0_25_msmt17.pth', 'osnet_x0_25_market1501.pth']) {
    const path = new URL(name, folder);
    if (!existsSync(path)) continue;
    const { value, format } = await readPth(readFileSync(path), name);
    const weights = stateDictOf(value);
    assert.is(format, 'legacy');
    assert.is(weights.size, 567);
    for (const [key, array] of weights) {
      assert.is(array.data.length, elementCount(array.shape), key);
      assert.ok(toFloat32(array).every(Number.isFinite), key);
    }
    assert.equal(weights.get('conv1.conv.weight')?.shape, [16, 3, 7, 7]);
  }
});

test('a big-endian file is refused', async () => {
  await refuses(() => readPth(fixture('big_endian_legacy.pth'), 'big.pth'), /big\.pth/, /big-endian/);
});

test('what is no checkpoint gets an error that says what it is', async () => {
  await refuses(() => readPth(new Uint8Array(0), 'a.pth'), /a\.pth is empty/);
  await refuses(() => readPth(bytes('<html>not found</html>'), 'a.pth'), /a\.pth is no file of torch\.save/);
  await refuses(() => readPth(bytes(16, 0, 0, 0, 0, 0, 0, 0, '{"a":1}   ')), /safetensors/);
  await refuses(() => readPth(bytes(0x80, 2, 'K\x05.')), /pickle, but not of torch\.save/);
  await refuses(() => readPth(storedZip({ 'a/readme': bytes('x') })), /not of torch\.save/);
  await refuses(() => readPth(storedZip({ 'a/data.pkl': bytes('N.'), 'a/constants.pkl': bytes('N.') })), /TorchScript/);
  await refuses(() => readPth(storedZip({ 'a/data.pkl': bytes('N.'), 'a/byteorder': bytes('big') })), /big-endian/);
});

/** A one-tensor archive: `size`, `stride` and `offset` as pickle opcodes, `elements` float32 in the storage. */
function oneTensor(size: string, stride: string, offset = 'K\x00', elements = 6, stored = elements * 4): Uint8Array {
  const text = (value: string) => bytes('X', value.length, 0, 0, 0, value);
  const storage = bytes('(', text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), 'K', elements, 'tQ');
  const tensor = bytes('ctorch._utils\n_rebuild_tensor_v2\n(', storage, offset, size, stride, '\x89}tR');
  const data = new Uint8Array(new Float32Array(elements).map((_, i) => i).buffer).subarray(0, stored);
  return storedZip({ 'a/data.pkl': bytes(0x80, 2, '}', text('w'), tensor, 's.'), 'a/data/0': data });
}

test('dtypes without a storage class of their own come by version 3 of the rebuilder, over untyped bytes', async () => {
  const text = (value: string) => bytes('X', value.length, 0, 0, 0, value);
  const storage = bytes('(', text('storage'), 'ctorch.storage\nUntypedStorage\n', text('0'), text('cpu'), 'K\x06tQ');
  const rest = bytes('K\x01(K\x02t(K\x01t\x89}ctorch\nuint16\ntR');
  const pickle = bytes(0x80, 2, '}', text('w'), 'ctorch._utils\n_rebuild_tensor_v3\n(', storage, rest, 's.');
  const archive = storedZip({
    'a/data.pkl': pickle,
    'a/byteorder': bytes('little'),
    'a/data/0': bytes(1, 0, 2, 0, 0xff, 0xff),
  });
  const array = stateDictOf((await readPth(archive)).value).get('w') as NamedArray;
  assert.equal(listed(array), { dtype: 'uint16', shape: [2], values: [2, 65535] });
});

test('tensors that do not fit their storage are refused', async () => {
  const good = stateDictOf((await readPth(oneTensor('(K\x02K\x03t', '(K\x01K\x02t'))).value).get('w');
  assert.equal(listed(good as NamedArray), { dtype: 'float32', shape: [2, 3], values: [0, 2, 4, 1, 3, 5] });
  await refuses(
    () => readPth(oneTensor('(K\x02K\x03t', '(K\x03K\x01t', 'K\x01'), 'a.pth'),
    /a\.pth/,
    /needs 7/,
    /24 bytes/,
  );
  await refuses(() => readPth(oneTensor('(K\x02K\x03t', '(K\x03K\x02t')), /needs 8/);
  await refuses(() => readPth(oneTensor('(K\x02K\x03t', '(K\x03t')), /strides \[3\]/);
  await refuses(() => readPth(oneTensor('(K\x02t', '(J\xff\xff\xff\xfft')), /size that is none/);
  await refuses(
    () => readPth(oneTensor('(K\x02G\x3f\xf0\x00\x00\x00\x00\x00\x01t', '(K\x01K\x01t')),
    /size that is none/,
  );
  await refuses(() => readPth(oneTensor('(K\x02K\x03t', '(K\x03K\x01t', 'N')), /no storage/);
  await refuses(
    () => readPth(oneTensor('(K\x02K\x03t', '(K\x03K\x01t', 'K\x00', 6, 20)),
    /has 20 bytes, but 6 float32/,
  );
});

test('a tensor that would grow without end is refused', async () => {
  const huge = 'J\xff\xff\xff\x7f';
  await refuses(() => readPth(oneTensor(`(${huge}K\x01t`, '(K\x00K\x01t')), /would grow/);
  await refuses(() => readPth(oneTensor(`(${huge}${huge}${huge}t`, '(K\x00K\x00K\x00t')), /more than 2\^53/);
});

test('a missing or damaged storage is named', async () => {
  const pickle = oneTensor('(K\x06t', '(K\x01t');
  const at = new TextDecoder('latin1').decode(pickle).indexOf('a/data/0');
  const renamed = pickle.slice();
  renamed[at + 7] = 0x39;
  await refuses(() => readPth(renamed), /header of 'a\/data\/0'/);
  const flipped = pickle.slice();
  flipped[at + 8 + 5] ^= 1;
  await refuses(() => readPth(flipped), /checksum of 'a\/data\/0'/);
});

for (const name of [
  'tensors_zip.pth',
  'tensors_legacy.pth',
  'tensors_deflated.pth',
  'checkpoint_zip.pth',
  'checkpoint_legacy.pth',
]) {
  test(`${name} cut short anywhere is an error that names it`, async () => {
    const whole = fixture(name);
    for (let part = 0; part < 50; part++) {
      await refuses(() => readPth(whole.slice(0, Math.floor((whole.length * part) / 50)), name), new RegExp(name));
    }
    await refuses(() => readPth(whole.slice(0, -1), name), new RegExp(name));
  });
}

test('flipped bytes: a zip file gives an error or the right values', async () => {
  // Each entry of the deflated file takes a stream of its own to unpack: every seventh byte will do there.
  for (const [name, step] of [
    ['tensors_zip.pth', 1],
    ['tensors_deflated.pth', 7],
  ] as const) {
    const whole = fixture(name);
    let refused = 0;
    for (let at = 0; at < whole.length; at += step) {
      const damaged = whole.slice();
      damaged[at] ^= 1 << (at % 8);
      const result = await outcome(async () => listedAll(stateDictOf((await readPth(damaged, name)).value)));
      if (result instanceof Error) {
        assert.instance(result, FormatError, `byte ${at}: ${result.stack}`);
        refused++;
      } else {
        assert.equal(result, expected.tensors, `byte ${at}`);
      }
    }
    assert.ok(refused > whole.length / step / 3, `${refused}`);
  }
});

test('flipped bytes: a legacy file, which has no checksums, gives a value or an error that names it', async () => {
  for (const name of ['tensors_legacy.pth', 'checkpoint_legacy.pth']) {
    const whole = fixture(name);
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = whole.slice();
        damaged[at] ^= flip;
        const result = await outcome(async () => listedAll(stateDictOf((await readPth(damaged, name)).value)));
        if (result instanceof Error) assert.instance(result, FormatError, `byte ${at}: ${result.stack}`);
      }
    }
  }
});

test('arrays are views of the file where they can be', async () => {
  const whole = fixture('tensors_zip.pth');
  const plainTensor = stateDictOf((await readPth(whole)).value).get('plain') as NamedArray;
  assert.is(bytesOf(plainTensor).buffer, whole.buffer);
  assert.equal(dataFromBytes('float32', bytesOf(plainTensor), 24), plainTensor.data);
});

test.run();
