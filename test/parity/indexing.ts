import { mul } from '../../engine/ops/arithmetic.js';
import * as indexing from '../../engine/ops/indexing.js';
import { cat, stack } from '../../engine/ops/join.js';
import * as rearrange from '../../engine/ops/rearrange.js';
import * as view from '../../engine/ops/view.js';
import { maskedFill, prelu, where } from '../../engine/ops/where.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import type { OpRunners } from './case.js';

const parts = (tensors: readonly Tensor[]) => Object.fromEntries(tensors.map((t, i) => [`out${i}`, t]));
const inOrder = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.keys(tensors)
    .sort()
    .map((name) => tensors[name]!);

/** Operators that read and write by index, choose, join, cut and move. */
export const indexOps: OpRunners = {
  where: ({ tensors }) => where(tensors.cond!, tensors.a!, tensors.b!),
  masked_fill: ({ tensors, attrs }) => maskedFill(tensors.a!, tensors.mask!, attrs.value as number),
  prelu: ({ tensors }) => prelu(tensors.x!, tensors.weight!),
  gather: ({ tensors, attrs }) => indexing.gather(tensors.x!, attrs.dim as number, tensors.index!),
  scatter: ({ tensors, attrs }) => indexing.scatter(tensors.x!, attrs.dim as number, tensors.index!, tensors.src!),
  scatter_add: ({ tensors, attrs }) =>
    indexing.scatterAdd(tensors.x!, attrs.dim as number, tensors.index!, tensors.src!),
  index_select: ({ tensors, attrs }) => indexing.indexSelect(tensors.x!, attrs.dim as number, tensors.index!),
  index_add: ({ tensors, attrs }) => indexing.indexAdd(tensors.x!, attrs.dim as number, tensors.index!, tensors.src!),
  index_copy: ({ tensors, attrs }) => indexing.indexCopy(tensors.x!, attrs.dim as number, tensors.index!, tensors.src!),
  embedding: ({ tensors }) => indexing.embedding(tensors.index!, tensors.weight!),
  one_hot_scatter: ({ tensors }) => mul(indexing.oneHot(tensor(Int32Array.of(1, 4, 0)), 5), tensors.x!),
  cat: ({ tensors, attrs }) => cat(inOrder(tensors), attrs.dim as number),
  stack: ({ tensors, attrs }) => stack(inOrder(tensors), attrs.dim as number),
  split: ({ tensors, attrs }) =>
    parts(view.split(tensors.x!, attrs.split_size as number | number[], attrs.dim as number)),
  chunk: ({ tensors, attrs }) => parts(view.chunk(tensors.x!, attrs.chunks as number, attrs.dim as number)),
  slice: ({ tensors, attrs }) =>
    (attrs.ranges as number[][]).reduce((x, [start, end, step], i) => view.slice(x, i, start, end, step), tensors.x!),
  flip: ({ tensors, attrs }) => rearrange.flip(tensors.x!, attrs.dims as number[]),
  roll: ({ tensors, attrs }) => rearrange.roll(tensors.x!, attrs.shifts as number, attrs.dim as number),
  permute: ({ tensors, attrs }) => view.permute(tensors.x!, attrs.dims as number[]),
  transpose: ({ tensors, attrs }) => view.transpose(tensors.x!, ...(attrs.dims as [number, number])),
  reshape: ({ tensors, attrs }) => view.reshape(tensors.x!, attrs.shape as number[]),
  expand: ({ tensors, attrs }) => view.expand(tensors.x!, attrs.shape as number[]),
  repeat: ({ tensors, attrs }) => rearrange.repeat(tensors.x!, attrs.repeats as number[]),
  tril: ({ tensors, attrs }) => rearrange.tril(tensors.x!, attrs.diagonal as number),
  triu: ({ tensors, attrs }) => rearrange.triu(tensors.x!, attrs.diagonal as number),
  diagonal: ({ tensors }) => rearrange.diagonal(tensors.x!),
  unfold2d: ({ tensors, attrs }) =>
    rearrange.unfold2d(tensors.x!, attrs.kernel_size as number, {
      padding: attrs.padding as number,
      stride: attrs.stride as number,
    }),
  pixel_shuffle: ({ tensors, attrs }) => rearrange.pixelShuffle(tensors.x!, attrs.upscale_factor as number),
};
