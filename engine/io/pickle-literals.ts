import { exact, type PickleBytes } from './pickle-bytes.js';

/** Text lines (protocol 0) longer than this are taken for damage. */
const MAX_LINE = 1 << 20;

/**
 * The value of an opcode that stands for itself: numbers, text, bytes, empty containers.
 *
 * @returns `undefined` when the opcode is of another kind; Python's None is `null`
 */
export function readLiteral(code: number, bytes: PickleBytes): unknown {
  switch (code) {
    case 0x4e: // NONE
      return null;
    case 0x88: // NEWTRUE
      return true;
    case 0x89: // NEWFALSE
      return false;
    case 0x4a: // BININT
      return bytes.int32();
    case 0x4b: // BININT1
      return bytes.uint8();
    case 0x4d: // BININT2
      return bytes.uint16();
    case 0x8a: // LONG1
      return bytes.integer(bytes.uint8());
    case 0x8b: // LONG4
      return bytes.integer(bytes.uint32());
    case 0x49: // INT
      return decimal(bytes.line(), bytes);
    case 0x4c: // LONG
      return decimal(bytes.line().replace(/L$/, ''), bytes);
    case 0x46: // FLOAT
      return floating(bytes.line(), bytes);
    case 0x47: // BINFLOAT
      return bytes.float64();
    case 0x53: // STRING
      return quoted(bytes.line(MAX_LINE), bytes);
    case 0x54: // BINSTRING
      return bytes.latin1(bytes.uint32());
    case 0x55: // SHORT_BINSTRING
      return bytes.latin1(bytes.uint8());
    case 0x56: // UNICODE
      return unescaped(bytes.line(MAX_LINE));
    case 0x58: // BINUNICODE
      return bytes.utf8(bytes.uint32());
    case 0x8c: // SHORT_BINUNICODE
      return bytes.utf8(bytes.uint8());
    case 0x8d: // BINUNICODE8
      return bytes.utf8(bytes.length64());
    case 0x42: // BINBYTES
      return bytes.take(bytes.uint32());
    case 0x43: // SHORT_BINBYTES
      return bytes.take(bytes.uint8());
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return bytes.take(bytes.length64());
    case 0x5d: // EMPTY_LIST
      return [];
    case 0x7d: // EMPTY_DICT
      return new Map();
    case 0x8f: // EMPTY_SET
      return new Set();
    case 0x29: // EMPTY_TUPLE
      return Object.freeze([]);
    default:
      return undefined;
  }
}

function decimal(text: string, bytes: PickleBytes): number | bigint | boolean {
  if (text === '00' || text === '01') return text === '01';
  if (!/^-?\d{1,2400}$/.test(text))
    throw bytes.error(`'${text.slice(0, 40)}' in it is no whole number; the file is damaged`);
  return exact(BigInt(text));
}

function floating(text: string, bytes: PickleBytes): number {
  const special = /^(-?)(inf|nan)$/.exec(text);
  if (special)
    return special[2] === 'nan' ? Number.NaN : special[1] ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!/^-?\d+(\.\d*)?(e[-+]?\d+)?$/.test(text))
    throw bytes.error(`'${text.slice(0, 40)}' in it is no number; the file is damaged`);
  return Number(text);
}

function quoted(text: string, bytes: PickleBytes): string {
  const inner = /^(['"])(.*)\1$/.exec(text)?.[2];
  if (inner === undefined) throw bytes.error('a text in it has no quotes; the file is damaged');
  if (inner.includes('\\')) throw bytes.error('it has an escaped text of pickle protocol 0; save it with protocol 2');
  return inner;
}

/** Python's raw-unicode-escape. */
function unescaped(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
