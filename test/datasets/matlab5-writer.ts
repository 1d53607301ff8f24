import { deflateSync } from 'node:zlib';
import { ByteWriter } from './little-endian.js';

/** A variable to be written, N x 1 unless a shape is given (values column by column). */
export type Matlab5Column =
  | {
      readonly type: 'uint8' | 'uint16' | 'double';
      readonly values: readonly number[];
      readonly shape?: readonly [number, number];
    }
  | { readonly type: 'cells'; readonly values: readonly string[] };

const TYPES = { uint8: [9, 2, 1], uint16: [11, 4, 2], double: [6, 9, 8] } as const;

function element(type: number, data: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  // Up to four bytes fit into the tag.
  if (data.length > 0 && data.length <= 4) return out.int(type, 2).int(data.length, 2).put(data).fillTo(8).bytes;
  return out.int(type, 4).int(data.length, 4).put(data).align(8).bytes;
}

const ints = (values: readonly number[], size: 1 | 2 | 4): Uint8Array =>
  values.reduce((out, value) => out.int(value, size), new ByteWriter()).bytes;

function matrix(name: string, arrayClass: number, shape: readonly number[], parts: readonly Uint8Array[]): Uint8Array {
  const inner = new ByteWriter();
  inner.put(element(6, ints([arrayClass, 0], 4)));
  inner.put(element(5, ints(shape, 4)));
  inner.put(element(1, new TextEncoder().encode(name)));
  for (const part of parts) inner.put(part);
  return element(14, inner.bytes);
}

const textOf = (text: string): Uint8Array =>
  matrix(
    '',
    4,
    [1, text.length],
    [
      element(
        4,
        ints(
          [...text].map((letter) => letter.charCodeAt(0)),
          2,
        ),
      ),
    ],
  );

function variable(name: string, column: Matlab5Column): Uint8Array {
  const shape = [column.values.length, 1];
  if (column.type === 'cells') return matrix(name, 1, shape, column.values.map(textOf));
  const [arrayClass, stored, size] = TYPES[column.type];
  const bytes =
    column.type === 'double'
      ? new Uint8Array(Float64Array.from(column.values).buffer)
      : ints(column.values, size as 1 | 2);
  return matrix(name, arrayClass, column.shape ?? shape, [element(stored, bytes)]);
}

/** A MATLAB file of version 5, little-endian. */
export function writeMatlab5(columns: Readonly<Record<string, Matlab5Column>>, compressed = true): Uint8Array {
  const out = new ByteWriter();
  out.text('MATLAB 5.0 MAT-file, written by a test').fillTo(124).int(0x0100, 2).text('IM');
  for (const [name, column] of Object.entries(columns)) {
    const plain = variable(name, column);
    if (!compressed) out.put(plain);
    else {
      const packed = deflateSync(plain);
      out.int(15, 4).int(packed.length, 4).put(packed);
    }
  }
  return out.bytes;
}

/** A matrix by its rows. */
export const matrixOf = (
  rows: readonly (readonly number[])[],
  type: 'uint16' | 'double' = 'double',
): Matlab5Column => ({
  type,
  values: rows[0]!.flatMap((_, column) => rows.map((row) => row[column]!)),
  shape: [rows.length, rows[0]!.length],
});
