import { inputsOf, type Lowering, type Lowerings, noForm, sizeAt } from './lowering.js';

/** Products of matrices, and attention, which is made of them. */

/** x Wᵀ + bias of two matrices. */
const linear: Lowering = (op, build) => build.node('Gemm', inputsOf(op, build), { transB: 1 });

/** softmax(q kᵀ · scale) v for [items, queries, d], [items, keys, d], [items, keys, dv]. */
const attention: Lowering = (op, build) => {
  if (op.flag('causal')) throw noForm(op, 'is causal');
  const [q, k, v] = inputsOf(op, build) as [string, string, string];
  const scores = build.node('MatMul', [q, build.node('Transpose', [k], { perm: [0, 2, 1] })]);
  const weights = build.node('Softmax', [build.node('Mul', [scores, build.floats(op.number('scale'))])], { axis: 2 });
  return build.node('MatMul', [weights, v]);
};

/** Of x [N, C, H, W] with weight [C, O / groups, R, S]; what is missing to the output's size is added at its end. */
const convTranspose: Lowering = (op, build) => {
  const [stride, padding, dilation] = ['stride', 'padding', 'dilation'].map((name) => op.numbers(name)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const [x, weight] = op.inputs as [(typeof op.inputs)[0], (typeof op.inputs)[0]];
  const kernel = [2, 3].map((i) => sizeAt(op, weight, i));
  const outputPadding = [0, 1].map((i) => {
    const least = (sizeAt(op, x, 2 + i) - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (kernel[i]! - 1) + 1;
    return sizeAt(op, op.output, 2 + i) - least;
  });
  return build.node('ConvTranspose', inputsOf(op, build), {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...padding],
    dilations: dilation,
    group: op.number('groups'),
    output_padding: outputPadding,
  });
};

export const products: Lowerings = {
  matmul: (op, build) => build.node('MatMul', inputsOf(op, build)),
  linear,
  scaledDotProductAttention: attention,
  conv2dInputGrad: convTranspose,
};
