import type { GraphBuilder } from '../builder.js';
import type { GraphOperator, GraphValue } from '../graph.js';
import { OnnxError } from '../model.js';

/** Writes an operator of ours in ONNX's; returns the name of the result. */
export type Lowering = (op: GraphOperator, build: GraphBuilder) => string;

/** Lowerings by the names under which operators record themselves. */
export type Lowerings = Readonly<Record<string, Lowering>>;

/** The names of an operator's inputs. */
export const inputsOf = ({ inputs }: GraphOperator, build: GraphBuilder): string[] =>
  inputs.map((value) => build.name(value));

/** The error for a form of an operator that ONNX does not have. */
export const noForm = (op: GraphOperator, what: string): OnnxError =>
  new OnnxError(`onnx: ${op.name} ${what}, for which there is no form in ONNX here. Compute it outside of the model.`);

/** The size of one dimension, which must not vary. */
export function sizeAt(op: GraphOperator, value: GraphValue, axis: number): number {
  const n = value.shape.at(axis);
  if (typeof n !== 'number') throw noForm(op, `has a dimension ${axis} that varies with the batch`);
  return n;
}

/** Applies a residual and a ReLU, as the epilogues of norms and convolutions do. A slope of 1 is no ReLU. */
export function finish(build: GraphBuilder, y: string, residual: string | undefined, slope: number): string {
  const sum = residual === undefined ? y : build.node('Add', [y, residual]);
  if (slope === 1) return sum;
  return slope === 0 ? build.node('Relu', [sum]) : build.node('LeakyRelu', [sum], { alpha: { float: slope } });
}
