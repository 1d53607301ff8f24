import type { Tensor } from '../../engine/tensor.js';
import type { FillRule } from '../golden/fill.js';

/** The golden files' format, as far as operators need it (see the README beside the golden files). */

export interface GoldenInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly fill: string;
  readonly rule: FillRule;
}

/** A tensor as stored: whole (`data`) or, when large, in figures. */
export interface GoldenValue {
  readonly shape: readonly number[];
  readonly dtype?: 'int';
  readonly data?: readonly number[];
  readonly mean?: number;
  readonly std?: number;
  readonly l2?: number;
  readonly first?: readonly number[];
  readonly samples?: readonly number[];
  readonly noise?: number | null;
  readonly zero?: boolean;
}

export interface GoldenCase {
  readonly id: string;
  readonly op?: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly GoldenInput[];
  readonly int_inputs?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }[];
  readonly labels?: readonly number[] | null;
  readonly upstream?: readonly { readonly output: string; readonly fill: string; readonly rule: FillRule }[];
  readonly outputs: Readonly<Record<string, GoldenValue>>;
  readonly grads: Readonly<Record<string, GoldenValue>>;
}

/** What an operator of the parity run gets: the tensors by name (integers as int32) and PyTorch's arguments. */
export interface OpArguments {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Runs one operator; a single result is the output called `out`. */
export type OpRunner = (args: OpArguments) => Tensor | Record<string, Tensor>;
export type OpRunners = Readonly<Record<string, OpRunner>>;
