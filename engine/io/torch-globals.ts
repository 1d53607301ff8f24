import type { ArrayDtype } from './arrays.js';
import { bytesPerElement } from './arrays.js';
import { numpyGlobals } from './numpy-globals.js';
import { isTuple, PickleGlobal, setItems, setOf, type Work } from './pickle.js';
import { type ArrayMemory, PthArray } from './pth-array.js';

/** A storage named by a pickle; the reader of the file fills in `bytes`. */
export class TorchStorage implements ArrayMemory {
  readonly key: string;
  readonly dtype: ArrayDtype;
  readonly elements: number;
  #bytes: Uint8Array | undefined;

  constructor(key: string, dtype: ArrayDtype, elements: number) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }

  get byteLength(): number {
    return this.elements * bytesPerElement(this.dtype);
  }

  /** Aligned for any element type: a file's bytes are copied, once, only where they do not lie so. */
  get bytes(): Uint8Array {
    if (!this.#bytes) throw new TypeError(`storage '${this.key}' is not read yet`);
    if (this.#bytes.byteOffset % 8 !== 0) this.#bytes = new Uint8Array(this.#bytes);
    return this.#bytes;
  }

  set bytes(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
}

const dtypeOfStorage: Readonly<Record<string, ArrayDtype>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  UntypedStorage: 'uint8',
  _UntypedStorage: 'uint8',
};

const dtypeOfName: Readonly<Record<string, ArrayDtype>> = {
  float64: 'float64',
  float32: 'float32',
  float16: 'float16',
  bfloat16: 'bfloat16',
  int64: 'int64',
  int32: 'int32',
  int16: 'int16',
  int8: 'int8',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
};

/** A storage class or a dtype: a name that stands for an element type. */
class TypeGlobal extends PickleGlobal {
  readonly dtype: ArrayDtype;

  constructor(name: string, dtype: ArrayDtype) {
    super(name);
    this.dtype = dtype;
  }
}

/**
 * The globals that a checkpoint of PyTorch may use, and nothing else: tensors, parameters, storages, dtypes, sizes,
 * devices, plain containers, and numpy's numbers and arrays.
 *
 * @param created is told of every array as it is made
 */
export function torchGlobals(created: (array: PthArray) => void): ReadonlyMap<string, PickleGlobal> {
  const made = (array: PthArray) => {
    created(array);
    return array;
  };
  const rebuilders: [string, (args: readonly unknown[]) => PthArray][] = [
    [
      '_rebuild_tensor',
      ([storage, offset, size, stride]) => made(tensor(storage, undefined, offset, size, stride, false)),
    ],
    [
      '_rebuild_tensor_v2',
      ([storage, offset, size, stride, grad]) => made(tensor(storage, undefined, offset, size, stride, grad)),
    ],
    [
      '_rebuild_tensor_v3',
      ([storage, offset, size, stride, grad, , dtype]) => made(tensor(storage, dtype, offset, size, stride, grad)),
    ],
    ['_rebuild_parameter', ([data, grad]) => parameter(data, grad)],
    ['_rebuild_parameter_with_state', ([data, grad]) => parameter(data, grad)],
  ];
  const globals = [
    ...rebuilders.map(([name, call]) => new PickleGlobal(`torch._utils.${name}`, call)),
    ...['torch._tensor._rebuild_from_type', 'torch._tensor._rebuild_from_type_v2'].map(
      (name) => new PickleGlobal(name, fromType),
    ),
    ...['torch.Tensor', 'torch.nn.parameter.Parameter'].map((name) => new PickleGlobal(name)),
    new PickleGlobal('torch.Size', ([sizes]) => lengths(sizes)),
    new PickleGlobal('torch.device', (args) => args.map(String).join(':')),
    new PickleGlobal('torch.serialization._get_layout', ([layout]) => String(layout)),
    ...Object.entries(dtypeOfName).map(([name, dtype]) => new TypeGlobal(`torch.${name}`, dtype)),
    ...Object.entries(dtypeOfStorage).flatMap(([name, dtype]) =>
      ['torch', 'torch.cuda', 'torch.storage'].map((module) => new TypeGlobal(`${module}.${name}`, dtype)),
    ),
    ...containerGlobals(),
    ...numpyGlobals(made),
  ];
  return new Map(globals.map((global) => [global.name, global]));
}

/**
 * The storage that a persistent id of `torch.save` names: `('storage', type, key, location, elements, …)`.
 *
 * @throws TypeError when it is no such id, or its element type is not known
 */
export function storageOf(id: unknown): TorchStorage {
  const [kind, type, key, , elements] = isTuple(id) ? id : [];
  if (kind === 'module') throw new TypeError('it holds a whole pickled model, which is refused for safety');
  if (kind !== 'storage' || !(type instanceof TypeGlobal) || typeof key !== 'string' || !isLength(elements)) {
    throw new TypeError('it refers to what is no storage');
  }
  return new TorchStorage(key, type.dtype, elements);
}

function tensor(
  storage: unknown,
  type: unknown,
  offset: unknown,
  size: unknown,
  stride: unknown,
  grad: unknown,
): PthArray {
  if (!isStorage(storage) || !isLength(offset)) throw new TypeError('a tensor has no storage');
  if (type !== undefined && !(type instanceof TypeGlobal)) throw new TypeError('a tensor has no element type');
  return new PthArray({
    storage,
    dtype: type?.dtype ?? storage.dtype,
    offset,
    shape: lengths(size),
    strides: lengths(stride),
    requiresGrad: grad === true,
  });
}

function parameter(data: unknown, grad: unknown): PthArray {
  if (!(data instanceof PthArray)) throw new TypeError('a parameter is made of what is no tensor');
  return new PthArray({ ...data.layout, requiresGrad: grad === true });
}

/** A tensor with Python attributes, which are dropped: `(rebuilder, type, its arguments, attributes)`. */
function fromType([rebuild, type, args]: readonly unknown[], work: Work): unknown {
  const isPlain = type instanceof PickleGlobal && /^torch\.(Tensor|nn\.parameter\.Parameter)$/.test(type.name);
  const isRebuilder =
    rebuild instanceof PickleGlobal && /^torch\._utils\._rebuild_(tensor|parameter)/.test(rebuild.name);
  if (!isPlain || !isRebuilder || !isTuple(args)) throw new TypeError('it makes a tensor in a way that is not known');
  return rebuild.call?.(args, work);
}

function containerGlobals(): PickleGlobal[] {
  const items = (list: unknown, work: Work): readonly unknown[] => {
    if (list === undefined) return [];
    const all = list instanceof Set ? [...list] : list;
    if (!Array.isArray(all)) throw new TypeError('it makes a container of what is no list');
    work(all.length);
    return all;
  };
  const ordered = (list: unknown, work: Work): unknown => {
    const pairs = list instanceof Map ? [...list] : items(list, work);
    work(pairs.length);
    if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
      throw new TypeError('an OrderedDict has no pairs');
    return setItems(new Map(), pairs.flat());
  };
  const encoded = (text: unknown, encoding: unknown, work: Work): Uint8Array => {
    if (typeof text !== 'string' || !/^latin-?1$/.test(String(encoding)))
      throw new TypeError('it encodes what is no latin1');
    work(text.length);
    return Uint8Array.from(text, (character) => {
      const code = character.charCodeAt(0);
      if (character.length > 1 || code > 255) throw new TypeError('it encodes what is no latin1');
      return code;
    });
  };
  return [
    new PickleGlobal('collections.OrderedDict', ([list], work) => ordered(list, work)),
    new PickleGlobal('collections.Counter', ([counts], work) => ordered(counts, work)),
    new PickleGlobal('collections.defaultdict', () => new Map()),
    new PickleGlobal('_codecs.encode', ([text, encoding], work) => encoded(text, encoding, work)),
    ...['builtins', '__builtin__'].flatMap((module) => [
      new PickleGlobal(`${module}.set`, ([list], work) => setOf(items(list, work))),
      new PickleGlobal(`${module}.frozenset`, ([list], work) => setOf(items(list, work))),
      new PickleGlobal(`${module}.bytes`, (args) => {
        if (args.length > 0) throw new TypeError('it makes bytes in a way that is not known');
        return new Uint8Array(0);
      }),
      // Names only: what a defaultdict fills in.
      ...['dict', 'list', 'int', 'float'].map((type) => new PickleGlobal(`${module}.${type}`)),
    ]),
  ];
}

function isStorage(value: unknown): value is ArrayMemory {
  return value instanceof TorchStorage || value instanceof StorageView;
}

/** A stretch of another storage, as files of the oldest PyTorch versions have it. */
export class StorageView implements ArrayMemory {
  readonly key: string;
  readonly dtype: ArrayDtype;
  readonly byteLength: number;
  readonly #base: TorchStorage;
  readonly #start: number;

  /** @param offset first element in the base, of `elements` */
  constructor(base: TorchStorage, offset: unknown, elements: unknown) {
    if (!isLength(offset) || !isLength(elements) || offset + elements > base.elements) {
      throw new TypeError(`a view of storage '${base.key}' does not lie in it`);
    }
    this.key = base.key;
    this.dtype = base.dtype;
    this.byteLength = elements * bytesPerElement(base.dtype);
    this.#base = base;
    this.#start = offset * bytesPerElement(base.dtype);
  }

  get bytes(): Uint8Array {
    return this.#base.bytes.subarray(this.#start, this.#start + this.byteLength);
  }
}

function lengths(value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.every(isLength)) throw new TypeError('a tensor has a size that is none');
  return value;
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
