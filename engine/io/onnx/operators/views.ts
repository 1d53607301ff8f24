import { END } from '../builder.js';
import type { Dim } from '../graph.js';
import { inputsOf, type Lowering, type Lowerings, noForm } from './lowering.js';

/** Other shapes and places of the same elements. */

const sameDim = (a: Dim, b: Dim): boolean =>
  a === b ? a !== undefined : typeof a === 'object' && typeof b === 'object' && a.batches === b.batches;

const reshape: Lowering = ({ inputs: [source], output }, build) => {
  const x = build.name(source!);
  const before = source!.shape;
  if (before.length === output.shape.length && before.every((n, i) => sameDim(n, output.shape[i]))) return x;
  return build.node('Reshape', [x, build.reshapeTo(output.shape)]);
};

/** A size that stays is 1 in ONNX's target: it broadcasts both ways. */
const expand: Lowering = ({ inputs: [source], output }, build) => {
  const lead = output.shape.length - source!.shape.length;
  const target = output.shape.map((n, i) => (i >= lead && sameDim(source!.shape[i - lead], n) ? 1 : n));
  return build.node('Expand', [build.name(source!), build.sizes(target)]);
};

/** Ends count and clip as ours do: those below zero from the back. */
const slice: Lowering = (op, build) => {
  const [start, end] = ['start', 'end'].map((name) => Math.max(-END, Math.min(op.number(name), END))) as [
    number,
    number,
  ];
  return build.slice(build.name(op.inputs[0]!), [op.number('axis')], start, end, op.number('step'));
};

/** Backwards from the last to before the first. */
const flip: Lowering = (op, build) => build.slice(build.name(op.inputs[0]!), op.numbers('axes'), -1, -END, -1);

const pad: Lowering = (op, build) => {
  const modes: Readonly<Record<string, string>> = { constant: 'constant', reflect: 'reflect', replicate: 'edge' };
  const mode = modes[op.text('mode')]!;
  const pads = build.integers([...op.numbers('before'), ...op.numbers('after')]);
  const value = mode === 'constant' ? [build.floats(op.number('value'))] : [];
  return build.node('Pad', [build.name(op.inputs[0]!), pads, ...value], { mode });
};

const triangle =
  (upper: number): Lowering =>
  (op, build) => {
    if (op.output.shape.length < 2) throw noForm(op, 'is of a tensor of fewer than two dimensions');
    return build.node('Trilu', [build.name(op.inputs[0]!), build.integers([op.number('diagonal')])], { upper });
  };

export const views: Lowerings = {
  reshape,
  permute: (op, build) => build.node('Transpose', inputsOf(op, build), { perm: op.numbers('order') }),
  expand,
  slice,
  cat: (op, build) => build.node('Concat', inputsOf(op, build), { axis: op.number('axis') }),
  flip,
  pad,
  tril: triangle(0),
  triu: triangle(1),
};
