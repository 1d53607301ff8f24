import { isTuple, type PickleHost, plainHost, readPickle } from './pickle.js';
import type { PthArray } from './pth-array.js';
import { asBytes, FormatError } from './source.js';
import { StorageView, storageOf, type TorchStorage, torchGlobals } from './torch-globals.js';
import { readZipDirectory, readZipEntry, type ZipEntry } from './zip.js';

export { stateDictOf } from './state-dict.js';

/** What a `.pth` file holds. */
export interface PthFile {
  /**
   * The tree that was saved: dict → Map, list → array, tuple → frozen array, set → Set, str → string, bytes → Uint8Array,
   * int → number or bigint, None → null; tensors, parameters and numpy arrays → PthArray.
   */
  readonly value: unknown;
  /** `zip` since PyTorch 1.6, `legacy` before. */
  readonly format: 'zip' | 'legacy';
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;
/** Expanded tensors (stride 0) may take this many times the file's bytes, or this many bytes, when written out. */
const GROWTH_FACTOR = 16;
const FREE_GROWTH = 256 * 2 ** 20;

/**
 * Reads a file written by PyTorch's `torch.save`, of either format, without running any of the code that it may ask
 * for: a restricted pickle machine builds tensors and plain containers and refuses everything else by name.
 *
 * Checked besides: checksums (zip), byte order, storage sizes, strides and offsets of every tensor.
 *
 * @example
 * const weights = stateDictOf((await readPth(bytes, 'osnet.pth')).value);
 *
 * @param bytes the whole file; arrays may be views of it
 * @param file the file's name, for errors
 * @throws FormatError naming the file, what is wrong or refused, and what to do
 */
export async function readPth(bytes: Uint8Array | ArrayBuffer, file = '.pth data'): Promise<PthFile> {
  const all = asBytes(bytes);
  if (all.length === 0) throw new FormatError(`${file} is empty; copy or download it again`);
  if (all[0] === 0x50 && all[1] === 0x4b) return { value: await readZip(all, file), format: 'zip' };
  if (all[0] === 0x80) return { value: readLegacy(all, file), format: 'legacy' };
  const isSafetensors = all.length > 9 && all[8] === 0x7b;
  throw new FormatError(
    isSafetensors
      ? `${file} looks like a safetensors file; read it as one`
      : `${file} is no file of torch.save: it starts as neither a zip archive nor a pickle. Download it again`,
  );
}

async function readZip(bytes: Uint8Array, file: string): Promise<unknown> {
  const directory = readZipDirectory(bytes, file);
  const pickles = [...directory.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new FormatError(
      `${file} is a zip archive, but not of torch.save: it has ${pickles.length} data.pkl. Download it again`,
    );
  }
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  if (directory.has(`${folder}constants.pkl`)) {
    throw new FormatError(`${file} is a TorchScript program; load it in PyTorch and save its state_dict() alone`);
  }
  const order = directory.get(`${folder}byteorder`);
  if (order) checkByteOrder(new TextDecoder().decode(await readZipEntry(bytes, order, file)).trim() === 'little', file);

  const loader = new TorchLoader(bytes.length, file);
  const { value } = readPickle(await readZipEntry(bytes, directory.get(pickles[0]) as ZipEntry, file), 0, file, loader);
  for (const storage of loader.storages.values()) {
    const entry = directory.get(`${folder}data/${storage.key}`);
    if (!entry)
      throw new FormatError(`${file}: storage '${storage.key}' is not in it; the file is damaged, copy it again`);
    loader.fill(storage, await readZipEntry(bytes, entry, file));
  }
  return value;
}

/** Magic number, version, system, the pickled value, the keys of its storages, then each storage's length and bytes. */
function readLegacy(bytes: Uint8Array, file: string): unknown {
  let at = 0;
  const next = (host: PickleHost) => {
    const { value, end } = readPickle(bytes, at, file, host);
    at = end;
    return value;
  };
  if (next(plainHost) !== LEGACY_MAGIC) {
    throw new FormatError(`${file} is a pickle, but not of torch.save; load it in Python and save it with torch.save`);
  }
  const version = next(plainHost);
  if (version !== LEGACY_PROTOCOL) {
    throw new FormatError(`${file} has version ${String(version)} of the old format; only ${LEGACY_PROTOCOL} is read`);
  }
  const system = next(plainHost);
  checkByteOrder(!(system instanceof Map) || system.get('little_endian') === true, file);
  const loader = new TorchLoader(bytes.length, file);
  const value = next(loader);
  const keys = next(plainHost);
  if (!Array.isArray(keys)) throw new FormatError(`${file}: its list of storages is none; the file is damaged`);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const missing = new Set(loader.storages.keys());
  for (const key of keys) {
    const storage = loader.storages.get(key);
    if (!storage || !missing.delete(key)) {
      throw new FormatError(`${file}: it lists storage '${String(key)}' wrongly; the file is damaged, copy it again`);
    }
    if (at + 8 > bytes.length || at + 8 + storage.byteLength > bytes.length) {
      throw new FormatError(
        `${file}: storage '${key}' goes beyond its end; the file is cut short, copy or download it again`,
      );
    }
    const elements = view.getBigInt64(at, true);
    if (elements !== BigInt(storage.elements)) {
      throw new FormatError(
        `${file}: storage '${key}' has ${elements} elements, not ${storage.elements}; the file is damaged`,
      );
    }
    loader.fill(storage, bytes.subarray(at + 8, at + 8 + storage.byteLength));
    at += 8 + storage.byteLength;
  }
  if (missing.size > 0)
    throw new FormatError(`${file}: storage '${[...missing][0]}' is not in it; the file is damaged`);
  if (at !== bytes.length)
    throw new FormatError(`${file} has ${bytes.length - at} bytes too many; the file is damaged`);
  return value;
}

function checkByteOrder(isLittle: boolean, file: string): void {
  if (!isLittle)
    throw new FormatError(`${file} was written by a big-endian machine; load it in PyTorch there and convert it`);
}

/** What the pickle of a checkpoint may refer to, and the storages that it did refer to. */
class TorchLoader implements PickleHost {
  readonly storages = new Map<string, TorchStorage>();
  readonly #file: string;
  readonly #globals = torchGlobals((array) => this.#count(array));
  readonly #growthLimit: number;
  #growth = 0;

  constructor(fileSize: number, file: string) {
    this.#file = file;
    this.#growthLimit = Math.max(FREE_GROWTH, GROWTH_FACTOR * fileSize);
  }

  find(module: string, name: string) {
    return this.#globals.get(`${module}.${name}`);
  }

  persistent(id: unknown): unknown {
    const named = storageOf(id);
    const known = this.storages.get(named.key);
    if (known && (known.dtype !== named.dtype || known.elements !== named.elements)) {
      throw new TypeError(`storage '${named.key}' is described twice, differently`);
    }
    const storage = known ?? named;
    this.storages.set(storage.key, storage);
    // Files of the oldest versions say here which stretch of the storage is meant: (key, offset, elements).
    const stretch = isTuple(id) ? id[5] : undefined;
    return isTuple(stretch) ? new StorageView(storage, stretch[1], stretch[2]) : storage;
  }

  fill(storage: TorchStorage, bytes: Uint8Array): void {
    if (bytes.byteLength !== storage.byteLength) {
      throw new FormatError(
        `${this.#file}: storage '${storage.key}' has ${bytes.byteLength} bytes, but ${storage.elements} ${storage.dtype} ` +
          `elements take ${storage.byteLength}; the file is damaged, copy or download it again`,
      );
    }
    storage.bytes = bytes;
  }

  #count(array: PthArray): void {
    this.#growth += array.growth;
    if (this.#growth > this.#growthLimit) {
      throw new TypeError(`its tensors would grow to ${this.#growth} bytes when written out, which is refused`);
    }
  }
}
