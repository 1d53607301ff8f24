import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PickleGlobal, type PickleHost, plainHost, readPickle } from '../../../engine/io/pickle.js';
import { FormatError } from '../../../engine/io/source.js';
import { torchGlobals } from '../../../engine/io/torch-globals.js';
import { fill } from '../../golden/fill.js';
import { bytes, little, outcome, refuses } from './fixtures.js';

const globals = torchGlobals(() => undefined);
const torchHost: PickleHost = { ...plainHost, find: (module, name) => globals.get(`${module}.${name}`) };
const read = (...parts: (number | string | Uint8Array)[]) => readPickle(bytes(...parts), 0, 'x.pkl', torchHost).value;

test('plain values of every protocol', () => {
  const cases: [unknown, unknown][] = [
    [read('N.'), null],
    [read('\x88.'), true],
    [read('I01\n.'), true],
    [read('I-12\n.'), -12],
    [read('L123456789012345678901L\n.'), 123456789012345678901n],
    [read('F-1.5e3\n.'), -1500],
    [read('Finf\n.'), Number.POSITIVE_INFINITY],
    [read('J', little(-2, 4), '.'), -2],
    [read('M', little(513, 2), '.'), 513],
    [read('\x8a\x01\xff.'), -1],
    [read('\x8a\x00.'), 0],
    [read('\x8a\x08', little(-(2n ** 60n), 8), '.'), -(2n ** 60n)],
    [read('\x8b', little(2, 4), little(-300, 2), '.'), -300],
    [read('G\x3f\xf8\x00\x00\x00\x00\x00\x00.'), 1.5],
    [read("S'ab'\n."), 'ab'],
    [read('U\x02ab.'), 'ab'],
    [read('T', little(2, 4), 'ab.'), 'ab'],
    [read('Va\\u00e9\n.'), 'aé'],
    [read('X', little(3, 4), 'a\xc3\xa9.'), 'aé'],
    [read('\x8c\x02ab.'), 'ab'],
    [read('\x8d', little(2, 8), 'ab.'), 'ab'],
    [read('C\x02ab.'), bytes('ab')],
    [read('\x8e', little(2, 8), 'ab.'), bytes('ab')],
    [read('\x95', little(2, 8), 'N.'), null],
    [read('(K\x01K\x02l.'), [1, 2]],
    [read('](K\x01K\x02e.'), [1, 2]],
    [read(']K\x01a.'), [1]],
    [read('(K\x01K\x02t.'), [1, 2]],
    [read('K\x01K\x02K\x03\x87.'), [1, 2, 3]],
    [read('(K\x01K\x02d.'), new Map([[1, 2]])],
    [read('}K\x01K\x02s.'), new Map([[1, 2]])],
    [
      read('}(K\x01K\x02K\x03K\x04u.'),
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [read('\x8f(K\x01K\x02\x90.'), new Set([1, 2])],
    [read('(K\x01\x91.'), new Set([1])],
    [read('K\x01K\x020.'), 1],
    [read('K\x01(K\x02K\x031.'), 1],
    [read('K\x01(0.'), 1],
    [read('K\x072\x86.'), [7, 7]],
    [read('K\x07q\x05K\x080h\x05.'), 7],
    [read('K\x07p300\n0g300\n.'), 7],
    [read('K\x07r', little(70000, 4), '0j', little(70000, 4), '.'), 7],
    [read('K\x07\x940h\x00.'), 7],
    [read('Nq\x00h\x00\x86.'), [null, null]],
    [read('ccollections\nOrderedDict\n)R.'), new Map()],
    [read('ccollections\nOrderedDict\n]](K\x01K\x02ea\x85R.'), new Map([[1, 2]])],
    [read('ccollections\nOrderedDict\n)RK\x01K\x02s}b.'), new Map([[1, 2]])],
    [read('ccollections\nCounter\n}K\x05K\x01s\x85R.'), new Map([[5, 1]])],
    [read('ccollections\ndefaultdict\nc__builtin__\ndict\n\x85R.'), new Map()],
    [read('\x8c\x08builtins\x8c\x03set\x93](K\x01e\x85R.'), new Set([1])],
    [read('c__builtin__\nbytes\n)R.'), new Uint8Array(0)],
    [read('c_codecs\nencode\nX', little(4, 4), 'a\xc3\xbfbU\x06latin1\x86R.'), bytes('a\xffb')],
    [read('ctorch\ndevice\nU\x04cudaK\x01\x86R.'), 'cuda:1'],
  ];
  for (const [value, expected] of cases) assert.equal(value, expected);
  assert.instance(read('ctorch\nfloat16\n.'), PickleGlobal);
});

test('a pickle may be followed by another', () => {
  const two = bytes('K\x01.', 'K\x02.');
  const first = readPickle(two, 0, 'x', plainHost);
  assert.equal(first, { value: 1, end: 3 });
  assert.is(readPickle(two, first.end, 'x', plainHost).value, 2);
});

test('whatever could run code is refused by name, before anything is called', async () => {
  const attacks: [Uint8Array, RegExp][] = [
    [bytes("cos\nsystem\n(S'true'\ntR."), /'os\.system'.*refused for safety.*state_dict/],
    [bytes('cposix\nsystem\n.'), /'posix\.system'/],
    [bytes('\x8c\x02os\x8c\x06system\x93.'), /'os\.system'/],
    [bytes("(S'true'\nios\nsystem\n."), /'os\.system'/],
    [bytes('c__builtin__\neval\n.'), /'__builtin__\.eval'/],
    [bytes('cbuiltins\ngetattr\n.'), /'builtins\.getattr'/],
    [bytes('csubprocess\nPopen\n.'), /'subprocess\.Popen'/],
    [bytes('ctorch.nn.modules.conv\nConv2d\n)\x81}b.'), /'torch\.nn\.modules\.conv\.Conv2d'/],
    [bytes('cargparse\nNamespace\n)\x81.'), /'argparse\.Namespace'/],
    [bytes('ctorch._utils\n_rebuild_qtensor\n.'), /_rebuild_qtensor/],
    [bytes('c__proto__\nconstructor\n.'), /refused/],
    [bytes('N}\x92.'), /opcode 0x92/],
    [bytes('\x82\x01.'), /opcode 0x82.*refused/],
    [bytes('\x97.'), /opcode 0x97/],
    [bytes("S'id'\nQ."), /object outside/],
    [bytes('Pid\n.'), /object outside/],
  ];
  for (const [attack, words] of attacks) {
    await refuses(() => readPickle(attack, 0, 'x.pkl', torchHost), /x\.pkl/, words);
  }
});

test('damage is an error', async () => {
  const damaged = [
    '',
    'N',
    '.',
    'K',
    'X\x05\x00\x00\x00ab.',
    '\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.',
    'h\x05.',
    'g5\n.',
    'gx\n.',
    'px\n.',
  ];
  damaged.push(
    't.',
    'e.',
    '(a.',
    'K\x01(\x85.',
    'K\x01K\x02a.',
    ')K\x02a.',
    'K\x01(K\x02u.',
    '}(K\x01u.',
    '}]K\x02s.',
    'K\x01(K\x02\x90.',
  );
  damaged.push(
    'K\x01)R.',
    'ctorch\nfloat16\n)R.',
    'ccollections\nOrderedDict\nK\x01R.',
    'ccollections\nOrderedDict\nK\x01\x85R.',
  );
  damaged.push(
    'ccollections\nOrderedDict\n]K\x01a\x85R.',
    'K\x01}b.',
    '\x80\x09N.',
    '\xfe.',
    'Ix\n.',
    'Lx\n.',
    'Fx\n.',
    'Sx\n.',
    "S'\\x41'\n.",
  );
  damaged.push(
    'X\x01\x00\x00\x00\xff.',
    'cos',
    'cnosuch',
    'c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x82\xacU\x06latin1\x86R.',
  );
  damaged.push(
    'ctorch\nSize\n(K\x01t\x85Q.',
    'ctorch\nSize\nK\x01\x85R.',
    'cnumpy\ndtype\nU\x02O8\x85R.',
    'cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x01>tb.',
  );
  damaged.push(
    'cnumpy.core.multiarray\n_reconstruct\n)R(K\x01)NNNtb.',
    'cnumpy.core.multiarray\nscalar\n)R.',
    '\x95\xff\xff\xff\xff\xff\xff\xff\xffN.',
  );
  damaged.push(
    'ctorch._utils\n_rebuild_parameter\n(NN)tR.',
    'ctorch._utils\n_rebuild_tensor_v2\n)R.',
    'ctorch._tensor\n_rebuild_from_type_v2\n)R.',
  );
  for (const text of damaged) await refuses(() => read(text), /x\.pkl/);
});

test('pickles made to exhaust memory or time are refused, quickly', async () => {
  const start = performance.now();
  const megabyte = 'a'.repeat(1 << 20);
  await refuses(() => read('('.repeat(20_000), '.'), /nests deeper/);
  await refuses(() => read('N'.repeat(4_000_001), '.'), /stacks more/);
  await refuses(() => read('\x8b', little(2 ** 31, 4), '.'), /number in it has/);
  await refuses(() => read('L', '9'.repeat(5000), 'L\n.'), /does not end|no whole number/);
  const encodes = 'h\x00h\x01U\x06latin1\x86R0'.repeat(2000);
  await refuses(
    () => read('c_codecs\nencode\nq\x000X', little(megabyte.length, 4), megabyte, 'q\x010', encodes),
    /copies far more/,
  );
  const sets = 'h\x00h\x01\x85R0'.repeat(10_000);
  await refuses(() => read('cbuiltins\nset\nq\x000](', 'N'.repeat(100_000), 'eq\x010', sets), /copies far more/);
  // Lists of lists of lists: each doubles, but only by reference.
  let laughs = ']q\x00';
  for (let i = 1; i < 60; i++)
    laughs += `](h${String.fromCharCode(i - 1)}h${String.fromCharCode(i - 1)}eq${String.fromCharCode(i)}`;
  assert.is((read(laughs, '.') as unknown[]).length, 2);
  assert.ok(performance.now() - start < 20_000);
});

test('random bytes give a value or a FormatError', async () => {
  const opcodes = 'NK}]()tuesaq\x00h\x00.02Rb\x85\x86\x87\x94\x88J\x01\x00\x00\x00ccollections\nOrderedDict\nU\x01a';
  for (let round = 0; round < 4000; round++) {
    const picks = fill(`${round}`, [60], { kind: 'quant', levels: round % 2 ? 256 : opcodes.length, offset: 0 });
    const data = Uint8Array.from(picks, (pick) => (round % 2 ? pick : opcodes.charCodeAt(pick)));
    const result = await outcome(() => readPickle(data, 0, 'x', torchHost));
    if (result instanceof Error) assert.instance(result, FormatError, `${round}: ${result.stack}`);
  }
});

test.run();
