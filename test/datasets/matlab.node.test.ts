import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Hdf5File } from '../../datasets/hdf5/hdf5.node.js';
import { readMatlab5 } from '../../datasets/matlab5.node.js';
import { failsWith } from './fails-with.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { writeMatlab5 } from './matlab5-writer.js';
import { bytesOf } from './pseudo-picture.js';
import { withFiles } from './temporary.node.js';

test('version 5: numbers, texts and cells, compressed and plain', () => {
  for (const compressed of [true, false]) {
    const bytes = writeMatlab5(
      {
        names: { type: 'cells', values: ['1_001_1_01.png', 'a', ''] },
        small: { type: 'uint8', values: [1, 2, 255] },
        numbers: { type: 'uint16', values: [1, 1467, 65535] },
        real: { type: 'double', values: [0.5, -3] },
      },
      compressed,
    );
    const variables = readMatlab5(bytes, 'x.mat');
    const names = variables.get('names')!;
    assert.equal(names.kind === 'cells' && names.cells.map((cell) => cell.kind === 'text' && cell.text), [
      '1_001_1_01.png',
      'a',
      '',
    ]);
    assert.equal(variables.get('small'), { kind: 'numbers', shape: [3, 1], numbers: [1, 2, 255] });
    assert.equal(variables.get('numbers'), { kind: 'numbers', shape: [3, 1], numbers: [1, 1467, 65535] });
    assert.equal(variables.get('real'), { kind: 'numbers', shape: [2, 1], numbers: [0.5, -3] });
  }
});

// scipy.io.savemat (1.17.1) of {'n': [[1, 2], [3, 300]] as uint16, 't': 'ab', 's': {'a': 1.0}}, compressed.
const BY_SCIPY =
  'TUFUTEFCIDUuMCBNQVQtZmlsZSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAAAAAAAAAAABSU0PAAAAKwAAAHic42NgYLAAYjYg5gBibgYIYIXymaCYEQjzgDQLVJyRgRkorsMIACIhASAPAAAAKgAAAHic42NgYDAAYjYg5gBiFgYIYIXyGYGYCUwzMpQAaQEgLzGJgQEAGqwBrA8AAAA6AAAAeJzjY2BgqABiNiDmAGImBghghfIZ4ZiRoRgszgJWwwgkE4E0HxBbIOlnw6kfAjih4hDwwR4ArTEDNA==';

test('version 5: what another program wrote', () => {
  const variables = readMatlab5(bytesOf(BY_SCIPY), 'scipy.mat');
  assert.equal(variables.get('n'), { kind: 'numbers', shape: [2, 2], numbers: [1, 3, 2, 300] });
  assert.equal(variables.get('t'), { kind: 'text', shape: [1, 2], text: 'ab' });
  assert.is(variables.get('s')!.kind, 'other');
});

test('version 5: other files and cut ones are named', async () => {
  const whole = writeMatlab5({ n: { type: 'double', values: [1, 2, 3, 4] } }, false);
  await failsWith(() => readMatlab5(new Uint8Array(10), 'x.mat'), 'x.mat is no MATLAB file');
  for (const length of [130, 140, 180, whole.length - 1]) {
    await failsWith(() => readMatlab5(whole.subarray(0, length), 'x.mat'), 'x.mat', 'Copy it again');
  }
  const other = new Hdf5Writer();
  const hdf5 = other.finish({ n: other.array({ type: 'uint8', shape: [1], values: [1] }) });
  await failsWith(() => readMatlab5(hdf5, 'x.mat'), 'is a MATLAB 7.3 file', 'version 5');
});

/** Writes a file, opens it, and closes it after `work`. */
type WithHdf5 = (bytes: Uint8Array, work: (file: Hdf5File) => Promise<void>) => Promise<void>;

/** A test with room for a file, which may be written many times. */
function testHdf5(title: string, body: (withHdf5: WithHdf5) => Promise<void>): void {
  test(title, () =>
    withFiles({}, (folder) =>
      body(async (bytes, work) => {
        const path = join(folder, 'x.mat');
        await writeFile(path, bytes);
        const file = await Hdf5File.open(path);
        try {
          await work(file);
        } finally {
          await file.close();
        }
      }),
    ),
  );
}

testHdf5('HDF5: in one piece and in chunks that do not divide the array', async (withHdf5) => {
  const shape = [3, 5, 7];
  const values = Array.from({ length: 105 }, (_, i) => (i * 37) % 256);
  for (const chunk of [undefined, [1, 2, 3], [3, 5, 7], [2, 8, 4]]) {
    for (const type of ['uint8', 'double', 'uint64'] as const) {
      const writer = new Hdf5Writer();
      const address = writer.array({ type, shape, values, chunk });
      await withHdf5(writer.finish({ first: address, second: address }), async (file) => {
        const members = await file.members();
        assert.equal([...members.keys()], ['first', 'second']);
        const array = await file.array(members.get('first')!);
        assert.equal(array.shape, shape);
        assert.equal(await file.numbers(array), values);
      });
    }
  }
});

testHdf5('HDF5: references lead to arrays', (withHdf5) => {
  const writer = new Hdf5Writer();
  const cells = [4, 5].map((value) => writer.array({ type: 'double', shape: [1], values: [value] }));
  return withHdf5(writer.finish({ cells: writer.cells([2], cells) }), async (file) => {
    const list = await file.array((await file.members()).get('cells')!);
    const found: number[][] = [];
    for (const address of await file.numbers(list)) found.push(await file.numbers(await file.array(address)));
    assert.equal(found, [[4], [5]]);
  });
});

/** Damages a file in repeatable places. */
function damaged(bytes: Uint8Array, seed: number): Uint8Array {
  const copy = bytes.slice();
  let state = seed;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let i = 0; i < 3; i++) copy[random(copy.length)] = random(256);
  return copy;
}

testHdf5('damage anywhere is an error that says so, or harmless: never anything else', async (withHdf5) => {
  const writer = new Hdf5Writer();
  const values = [1, 2, 3, 4, 5, 6];
  const array = writer.array({ type: 'uint8', shape: [2, 3], values, chunk: [1, 2] });
  const hdf5 = writer.finish({ a: array, cells: writer.cells([1], [array]) });
  const mat = writeMatlab5({ a: { type: 'cells', values: ['x', 'yy'] }, n: { type: 'double', values } }, false);
  let refused = 0;
  for (let seed = 1; seed <= 150; seed++) {
    try {
      readMatlab5(damaged(mat, seed), 'x.mat');
    } catch (error) {
      assert.is((error as Error).name, 'DatasetError', `seed ${seed}: ${(error as Error).stack}`);
      refused++;
    }
    try {
      await withHdf5(damaged(hdf5, seed), async (file) => {
        for (const address of (await file.members()).values()) await file.numbers(await file.array(address));
      });
    } catch (error) {
      assert.is((error as Error).name, 'DatasetError', `seed ${seed}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > 30, `${refused} of 300 were refused`);
});

test.run();
