import * as norm from '../../engine/ops/norm.js';
import { pad } from '../../engine/ops/pad.js';
import * as pool from '../../engine/ops/pool.js';
import { gridSample, interpolate } from '../../engine/ops/resample.js';
import type { Tensor } from '../../engine/tensor.js';
import type { OpArguments, OpRunner, OpRunners } from './case.js';

type Pair = number | readonly [number, number];

const batchNorm = ({ tensors, attrs }: OpArguments) =>
  norm.batchNorm(tensors.x!, {
    weight: tensors.weight,
    bias: tensors.bias,
    runningMean: tensors.running_mean,
    runningVar: tensors.running_var,
    training: attrs.training as boolean,
    momentum: attrs.momentum as number,
    eps: attrs.eps as number,
  });

const windows = ({ attrs }: OpArguments) => ({
  kernelSize: attrs.kernel_size as Pair,
  stride: attrs.stride as Pair,
  padding: attrs.padding as Pair,
  dilation: attrs.dilation as Pair | undefined,
  ceilMode: attrs.ceil_mode as boolean,
  countIncludePad: attrs.count_include_pad as boolean | undefined,
});

const adaptive =
  (f: (x: Tensor, outputSize: Pair) => Tensor): OpRunner =>
  ({ tensors, attrs }) =>
    f(tensors.x!, attrs.output_size as Pair);

/** Norms, pools, padding and resampling. */
export const spatial: OpRunners = {
  batch_norm_train: (args) => ({
    out: batchNorm(args),
    running_mean: args.tensors.running_mean!,
    running_var: args.tensors.running_var!,
  }),
  batch_norm_eval: batchNorm,
  instance_norm: ({ tensors, attrs }) =>
    norm.instanceNorm(tensors.x!, { weight: tensors.weight, bias: tensors.bias, eps: attrs.eps as number }),
  layer_norm: ({ tensors, attrs }) =>
    norm.layerNorm(tensors.x!, attrs.normalized_shape as number[], tensors.weight, tensors.bias, attrs.eps as number),
  group_norm: ({ tensors, attrs }) =>
    norm.groupNorm(tensors.x!, attrs.num_groups as number, tensors.weight, tensors.bias, attrs.eps as number),
  max_pool2d: (args) => pool.maxPool2d(args.tensors.x!, windows(args)),
  avg_pool2d: (args) => pool.avgPool2d(args.tensors.x!, windows(args)),
  adaptive_avg_pool2d: adaptive(pool.adaptiveAvgPool2d),
  adaptive_max_pool2d: adaptive(pool.adaptiveMaxPool2d),
  interpolate: ({ tensors, attrs }) =>
    interpolate(tensors.x!, {
      size: attrs.size as Pair | undefined,
      scaleFactor: attrs.scale_factor as Pair | undefined,
      mode: attrs.mode as 'nearest' | 'bilinear',
      alignCorners: attrs.align_corners as boolean | undefined,
    }),
  grid_sample: ({ tensors, attrs }) =>
    gridSample(tensors.x!, tensors.grid!, {
      mode: attrs.mode as 'nearest' | 'bilinear',
      paddingMode: attrs.padding_mode as 'zeros' | 'border',
      alignCorners: attrs.align_corners as boolean,
    }),
  pad: ({ tensors, attrs }) =>
    pad(tensors.x!, attrs.pad as number[], {
      mode: attrs.mode as 'constant' | 'reflect' | 'replicate',
      value: attrs.value as number | undefined,
    }),
};
