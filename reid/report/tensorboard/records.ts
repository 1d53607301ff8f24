import { maskedCrc32c } from './crc32c.js';

/** Length, its checksum, and the checksum behind the data. */
const HEAD = 12;
const TAIL = 4;

/** One record of a TFRecord file: length as uint64, its masked CRC-32C, the data, theirs; all little-endian. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEAD + data.length + TAIL);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc32c(out.subarray(0, 8)), true);
  out.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedCrc32c(data), true);
  return out;
}

/** A record that was read, and where it ends in the file. */
export interface FramedRecord {
  readonly data: Uint8Array;
  readonly end: number;
}

/** The whole records from the start of a file. Reading ends where one is cut short or a checksum does not hold. */
export function* readRecords(bytes: Uint8Array): Generator<FramedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + HEAD + TAIL <= bytes.length) {
    const length = view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);
    const end = at + HEAD + length + TAIL;
    if (view.getUint32(at + 8, true) !== maskedCrc32c(bytes.subarray(at, at + 8)) || end > bytes.length) return;
    const data = bytes.subarray(at + HEAD, end - TAIL);
    if (view.getUint32(end - TAIL, true) !== maskedCrc32c(data)) return;
    yield { data, end };
    at = end;
  }
}
