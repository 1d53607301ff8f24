import { scaledDotProductAttention } from '../../engine/ops/attention.js';
import { type ConvOptions, type ConvTransposeOptions, conv1d, conv2d, convTranspose2d } from '../../engine/ops/conv.js';
import { addmm, linear, matmul } from '../../engine/ops/matmul.js';
import { transpose } from '../../engine/ops/view.js';
import type { OpArguments, OpRunners } from './case.js';

type Attrs = OpArguments['attrs'];

const convOptions = ({ stride, padding, dilation, groups }: Attrs) =>
  ({ stride, padding, dilation, groups }) as ConvOptions;

const product = ({ tensors }: OpArguments) => matmul(tensors.a!, tensors.b!);

/** Matrix products and convolutions. */
export const linearOps: OpRunners = {
  conv2d: ({ tensors, attrs }) => conv2d(tensors.x!, tensors.weight!, tensors.bias, convOptions(attrs)),
  conv1d: ({ tensors, attrs }) =>
    conv1d(tensors.x!, tensors.weight!, tensors.bias, convOptions(attrs) as { stride?: number }),
  conv_transpose2d: ({ tensors, attrs }) =>
    convTranspose2d(tensors.x!, tensors.weight!, tensors.bias, {
      ...convOptions(attrs),
      outputPadding: attrs.output_padding as ConvTransposeOptions['outputPadding'],
    }),
  linear: ({ tensors }) => linear(tensors.x!, tensors.weight!, tensors.bias),
  matmul: product,
  bmm: product,
  addmm: ({ tensors, attrs }) =>
    addmm(tensors.c!, tensors.a!, tensors.b!, { beta: attrs.beta as number, alpha: attrs.alpha as number }),
  sdpa: ({ tensors }) => scaledDotProductAttention(tensors.q!, tensors.k!, tensors.v!),
  sdpa_causal: ({ tensors }) => scaledDotProductAttention(tensors.q!, tensors.k!, tensors.v!, { causal: true }),
  matmul_transposed: ({ tensors }) => matmul(tensors.a!, transpose(tensors.b!)),
};
