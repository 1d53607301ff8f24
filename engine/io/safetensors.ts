import {
  type ArrayDataOf,
  type ArrayDtype,
  bytesOf,
  bytesPerElement,
  dataFromBytes,
  elementCount,
  type NamedArray,
} from './arrays.js';
import { duplicateFreeKeys } from './json-keys.js';
import { asBytes, type ByteSource, FormatError, memorySource } from './source.js';

/** Where a tensor lies in a safetensors file. */
export interface SafetensorsEntry {
  readonly dtype: ArrayDtype;
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** An open safetensors file: its header is read and checked, its tensors are read when asked for. */
export interface Safetensors {
  /** In the order of the header. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The free text of the `__metadata__` field. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads one tensor. */
  read(name: string): Promise<NamedArray>;
}

/** A tensor to write; `data` may be fetched when its turn comes, so that no two need be in memory. */
export interface SafetensorsInput {
  readonly dtype: ArrayDtype;
  readonly shape: readonly number[];
  readonly data: ArrayDataOf[ArrayDtype] | (() => Promise<ArrayDataOf[ArrayDtype]>);
}

/** The limit of the format's own library. */
const MAX_HEADER = 100_000_000;
const LENGTH_BYTES = 8;

const dtypeOfCode: Readonly<Record<string, ArrayDtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  U64: 'uint64',
  I32: 'int32',
  U32: 'uint32',
  I16: 'int16',
  U16: 'uint16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};
const codeOfDtype = Object.fromEntries(Object.entries(dtypeOfCode).map(([code, dtype]) => [dtype, code]));

/**
 * Reads a whole safetensors file from memory. Arrays are views of `bytes` where alignment allows.
 *
 * Format: 8 bytes little-endian header length, a JSON header, then the tensors without gaps
 * (github.com/huggingface/safetensors, "Format").
 *
 * @example
 * const { tensors, metadata } = await readSafetensors(bytes, 'model.safetensors');
 *
 * @param file the file's name, for errors
 * @throws FormatError naming the file and the tensor for whatever does not fit: lengths, offsets, types, names
 */
export async function readSafetensors(
  bytes: Uint8Array | ArrayBuffer,
  file = 'safetensors data',
): Promise<{ tensors: Map<string, NamedArray>; metadata: Readonly<Record<string, string>> }> {
  const opened = await openSafetensors(memorySource(asBytes(bytes), file));
  const tensors = new Map<string, NamedArray>();
  for (const name of opened.entries.keys()) tensors.set(name, await opened.read(name));
  return { tensors, metadata: opened.metadata };
}

/**
 * Opens a safetensors file of any size: reads and checks its header only.
 *
 * @example
 * const checkpoint = await openSafetensors(await openFile('model.safetensors'));
 * for (const name of checkpoint.entries.keys()) upload(name, await checkpoint.read(name));
 *
 * @throws FormatError as {@link readSafetensors}
 */
export async function openSafetensors(source: ByteSource): Promise<Safetensors> {
  const { name: file, size } = source;
  if (size < LENGTH_BYTES) {
    throw new FormatError(`${file} has ${size} bytes, too few for a safetensors file; copy or download it again`);
  }
  const prefix = await source.read(0, LENGTH_BYTES);
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) {
    throw new FormatError(`${file}: its header would have ${length} bytes; it is no safetensors file, or damaged`);
  }
  if (LENGTH_BYTES + Number(length) > size) {
    throw new FormatError(
      `${file}: its header should have ${length} bytes, but the file ends after ${size}; copy or download it again`,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  const { entries, metadata } = parseHeader(await source.read(LENGTH_BYTES, Number(length)), file, dataStart);
  checkLayout(entries, file, dataStart, size);
  return {
    entries,
    metadata,
    read: async (name) => {
      const entry = entries.get(name);
      if (!entry) throw new FormatError(`${file} has no tensor '${name}'; it has ${listed(entries.keys())}`);
      const { dtype, shape, offset, byteLength } = entry;
      return { dtype, shape, data: dataFromBytes(dtype, await source.read(offset, byteLength), elementCount(shape)) };
    },
  };
}

function parseHeader(
  bytes: Uint8Array,
  file: string,
  dataStart: number,
): { entries: Map<string, SafetensorsEntry>; metadata: Record<string, string> } {
  let header: unknown;
  let names: string[];
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
    names = duplicateFreeKeys(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${file}: its header cannot be read (${reason}); it is no safetensors file, or damaged`, {
      cause: error,
    });
  }
  if (!isRecord(header)) throw new FormatError(`${file}: its header is no JSON object; it is no safetensors file`);
  const entries = new Map<string, SafetensorsEntry>();
  for (const name of names) {
    if (name !== '__metadata__') entries.set(name, parseEntry(header[name], `${file}: tensor '${name}'`, dataStart));
  }
  return { entries, metadata: parseMetadata(header.__metadata__, file) };
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  const pairs = isRecord(value) ? Object.entries(value) : [['', undefined]];
  for (const [key, text] of pairs) {
    if (typeof text !== 'string')
      throw new FormatError(`${file}: __metadata__ must map names to text; '${key}' does not`);
  }
  return Object.fromEntries(pairs) as Record<string, string>;
}

function parseEntry(value: unknown, where: string, dataStart: number): SafetensorsEntry {
  if (!isRecord(value)) throw new FormatError(`${where} has no dtype, shape and data_offsets`);
  const { dtype: code, shape, data_offsets: offsets } = value;
  if (typeof code !== 'string' || !Object.hasOwn(dtypeOfCode, code)) {
    throw new FormatError(
      `${where} has the type ${JSON.stringify(code)}; known are ${Object.keys(dtypeOfCode).join(', ')}. Convert it before`,
    );
  }
  if (!isLengths(shape)) throw new FormatError(`${where} has the shape ${JSON.stringify(shape)}, which is none`);
  if (!isLengths(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw new FormatError(`${where} has data_offsets ${JSON.stringify(offsets)}; expected [begin, end]`);
  }
  const dtype = dtypeOfCode[code];
  const [begin, end] = offsets;
  let expected = Number.POSITIVE_INFINITY;
  try {
    expected = elementCount(shape) * bytesPerElement(dtype);
  } catch {
    // More elements than any file holds: the comparison below says so.
  }
  if (end - begin !== expected) {
    throw new FormatError(
      `${where} of type ${code} and shape [${shape}] takes ${expected} bytes, but has ${end - begin}; the file is damaged`,
    );
  }
  return { dtype, shape, offset: dataStart + begin, byteLength: end - begin };
}

/** The tensors must follow one another without gap or overlap, from the header's end to the file's. */
function checkLayout(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  file: string,
  dataStart: number,
  size: number,
): void {
  const inOrder = [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const [name, { offset, byteLength }] of inOrder) {
    if (offset + byteLength > size) {
      throw new FormatError(
        `${file}: tensor '${name}' ends at byte ${offset + byteLength}, but the file at ${size}; copy or download it again`,
      );
    }
    if (offset !== end) {
      const problem =
        offset < end ? `overlaps the one before it by ${end - offset}` : `leaves a gap of ${offset - end}`;
      throw new FormatError(`${file}: tensor '${name}' ${problem} bytes; the file is damaged`);
    }
    end = offset + byteLength;
  }
  if (end !== size) {
    throw new FormatError(`${file} has ${size - end} bytes after its last tensor; the file is damaged`);
  }
}

/**
 * Writes a safetensors file as a sequence of chunks: the header, then the tensors one by one.
 *
 * Tensors with larger elements come first in the file, so that all are aligned; the header keeps the given order.
 *
 * @example
 * await writeFileAtomically('model.safetensors', writeSafetensors(parameters, { epoch: '12' }));
 *
 * @throws FormatError when a name comes twice or is `__metadata__`, or data do not fit their type and shape
 */
export async function* writeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsInput]>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const inputs = new Map<string, SafetensorsInput>();
  for (const [name, input] of tensors) {
    if (inputs.has(name)) throw new FormatError(`safetensors: the tensor name '${name}' is given twice`);
    if (name === '__metadata__') throw new FormatError("safetensors: no tensor can be named '__metadata__'");
    inputs.set(name, input);
  }
  const laidOut = [...inputs].sort(([, a], [, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));
  const offsets = new Map<string, number>();
  let end = 0;
  for (const [name, { dtype, shape }] of laidOut) {
    offsets.set(name, end);
    end += elementCount(shape) * bytesPerElement(dtype);
  }
  yield headerBytes(inputs, offsets, metadata);
  for (const [name, { dtype, shape, data }] of laidOut) {
    const array = typeof data === 'function' ? await data() : data;
    const bytes = bytesOf({ data: array });
    if (array.constructor !== dataFromBytes(dtype, new Uint8Array(0), 0).constructor) {
      throw new FormatError(`safetensors: tensor '${name}' is said to be ${dtype}, but is a ${array.constructor.name}`);
    }
    if (array.length !== elementCount(shape)) {
      throw new FormatError(`safetensors: tensor '${name}' of shape [${shape}] has ${array.length} elements`);
    }
    yield bytes;
  }
}

function headerBytes(
  inputs: ReadonlyMap<string, SafetensorsInput>,
  offsets: ReadonlyMap<string, number>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand: an object would move names that look like numbers to the front.
  const fields = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  for (const [name, { dtype, shape }] of inputs) {
    const begin = offsets.get(name) as number;
    const end = begin + elementCount(shape) * bytesPerElement(dtype);
    const entry = { dtype: codeOfDtype[dtype], shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  const out = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(json, LENGTH_BYTES);
  return out;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function listed(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? 'none' : `'${all.slice(0, 4).join("', '")}'${all.length > 4 ? ` … (${all.length})` : ''}`;
}
