import { type ArrayDtype, bytesOf, bytesPerElement, dataFromBytes, elementCount } from './arrays.js';
import { crc32 } from './crc32.js';
import type { SafetensorsInput } from './safetensors.js';
import { FormatError } from './source.js';

/** The class of PyTorch that holds each element type; there is none for unsigned numbers of more than a byte. */
const STORAGES: Readonly<Partial<Record<ArrayDtype, string>>> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

const encoder = new TextEncoder();
/** The folder of the archive; PyTorch takes any. */
const FOLDER = 'archive';
/** Arrays begin at multiples of this, as PyTorch has it, so that they can be used where they lie. */
const ALIGNMENT = 64;
/** Larger archives would need ZIP64. */
const MOST_BYTES = 2 ** 32 - 1;

/** A little-endian number. */
function little(value: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  return out;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Opcodes of a pickle, protocol 2 (Python's Lib/pickletools.py). */
const code = (text: string): Uint8Array => encoder.encode(text);
const global = (module: string, name: string): Uint8Array => code(`c${module}\n${name}\n`);
const tuple = (...items: readonly Uint8Array[]): Uint8Array => join(code('('), ...items, code('t'));

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return join(code('X'), little(bytes.length, 4), bytes);
}

/** A whole number of at least 0. */
function integer(value: number): Uint8Array {
  if (value < 256) return join(code('K'), little(value, 1));
  if (value < 2 ** 31) return join(code('J'), little(value, 4));
  return join(Uint8Array.of(0x8a, 8), little(value, 8));
}

const ORDERED_DICT = join(global('collections', 'OrderedDict'), code(')R'));

/** A tensor over the whole of a storage. */
function tensor(key: string, storage: string, shape: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * Math.max(n, 1), 1));
  const id = tuple(text('storage'), global('torch', storage), text(key), text('cpu'), integer(count));
  const size = tuple(...shape.map(integer));
  const stride = tuple(...strides.map(integer));
  const args = tuple(join(id, code('Q')), integer(0), size, stride, Uint8Array.of(0x89), ORDERED_DICT);
  return join(global('torch._utils', '_rebuild_tensor_v2'), args, code('R'));
}

/** collections.OrderedDict of the tensors, whose storages are numbered; under a key of a dictionary, if one is given. */
function pickle(inputs: ReadonlyMap<string, SafetensorsInput>, key: string | undefined): Uint8Array {
  const items = [...inputs].map(([name, { dtype, shape }], i) =>
    join(text(name), tensor(String(i), STORAGES[dtype]!, shape)),
  );
  const state = join(ORDERED_DICT, code('('), ...items, code('u'));
  const whole = key === undefined ? state : join(code('}'), text(key), state, code('s'));
  return join(Uint8Array.of(0x80, 2), whole, code('.'));
}

/** Writes files into a zip archive one after the other, uncompressed (PKWARE APPNOTE.TXT 6.3). */
class ZipWriter {
  readonly #central: Uint8Array[] = [];
  #at = 0;

  /** A file's header and its bytes. */
  *file(name: string, content: Uint8Array): Generator<Uint8Array> {
    const path = encoder.encode(`${FOLDER}/${name}`);
    const start = this.#at + 30 + path.length;
    // An extra field of its own kind fills up to the next multiple.
    const filling = (ALIGNMENT - ((start + 4) % ALIGNMENT)) % ALIGNMENT;
    const extra = join(code('FB'), little(filling, 2), new Uint8Array(filling));
    if (start + extra.length + content.length > MOST_BYTES) {
      throw new FormatError('the .pth file would pass 4 GiB, which is not written; write .safetensors instead');
    }
    const size = little(content.length, 4);
    // Version, flags, method, time and date (1980-01-01), checksum, both sizes.
    const facts = join(little(20, 2), little(0, 4), little(0, 2), little(33, 2), little(crc32(content), 4), size, size);
    yield join(code('PK\x03\x04'), facts, little(path.length, 2), little(extra.length, 2), path, extra);
    yield content;
    this.#central.push(
      join(
        code('PK\x01\x02'),
        little(20, 2),
        facts,
        little(path.length, 2),
        new Uint8Array(12),
        little(this.#at, 4),
        path,
      ),
    );
    this.#at = start + extra.length + content.length;
  }

  end(): Uint8Array {
    const directory = join(...this.#central);
    const count = little(this.#central.length, 2);
    if (this.#central.length > 0xffff) throw new FormatError('the .pth file would hold more than 65,535 arrays');
    const tail = [little(directory.length, 4), little(this.#at, 4), little(0, 2)];
    return join(directory, code('PK\x05\x06'), little(0, 4), count, count, ...tail);
  }
}

/**
 * Writes a state dict as `torch.save` does, as a sequence of chunks: `torch.load(path, weights_only=True)` gives an OrderedDict
 * of tensors on the CPU. The zip archive of PyTorch 1.6 and later, with a pickle that names tensors and nothing else.
 *
 * @example
 * await writeFileAtomically('model.pth', writePth(await model.stateArrays()));
 *
 * @param key the state dict lies below it in a dictionary, as `{gen: …}`; default: it is the whole file
 * @throws FormatError when a name comes twice, PyTorch has no such type, data do not fit their type and shape, or it passes 4 GiB
 */
export async function* writePth(
  tensors: Iterable<readonly [string, SafetensorsInput]>,
  { key }: { readonly key?: string } = {},
): AsyncGenerator<Uint8Array> {
  const inputs = new Map<string, SafetensorsInput>();
  for (const [name, input] of tensors) {
    if (inputs.has(name)) throw new FormatError(`pth: the tensor name '${name}' is given twice`);
    if (!STORAGES[input.dtype]) {
      throw new FormatError(
        `pth: '${name}' is ${input.dtype}, for which PyTorch has no storage; convert it to int64 before`,
      );
    }
    inputs.set(name, input);
  }
  const zip = new ZipWriter();
  yield* zip.file('data.pkl', pickle(inputs, key));
  yield* zip.file('byteorder', code('little'));
  let number = 0;
  for (const [name, { dtype, shape, data }] of inputs) {
    const array = typeof data === 'function' ? await data() : data;
    if (array.constructor !== dataFromBytes(dtype, new Uint8Array(0), 0).constructor) {
      throw new FormatError(`pth: tensor '${name}' is said to be ${dtype}, but is a ${array.constructor.name}`);
    }
    if (array.byteLength !== elementCount(shape) * bytesPerElement(dtype)) {
      throw new FormatError(`pth: tensor '${name}' of shape [${shape}] has ${array.length} elements`);
    }
    yield* zip.file(`data/${number++}`, bytesOf({ data: array }));
  }
  yield* zip.file('version', code('3\n'));
  yield zip.end();
}
