import { DatasetError } from './error.js';
import { readMatlab5 } from './matlab5.node.js';

/** A matrix of a MATLAB file. */
export interface MatlabNumbers {
  readonly rows: number;
  readonly columns: number;
  /** A number by row and column, both from 0. */
  at(row: number, column: number): number;
}

/**
 * Reads one matrix of a MATLAB file of version 5.
 *
 * @param file for errors
 * @throws DatasetError when it is no such file, or has no such matrix
 */
export function matlabNumbers(bytes: Uint8Array, file: string, name: string): MatlabNumbers {
  const variables = readMatlab5(bytes, file);
  const value = variables.get(name);
  if (value?.kind !== 'numbers' || value.shape.length !== 2) {
    const has = [...variables.keys()].join(', ') || 'no variable';
    throw new DatasetError(`${file} has no matrix ${name}; it has ${has}. Copy it again.`);
  }
  const [rows, columns] = value.shape as [number, number];
  return { rows, columns, at: (row, column) => value.numbers[column * rows + row]! };
}
