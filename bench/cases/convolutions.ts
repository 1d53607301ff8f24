import { type ConvOptions, conv2d } from '../../engine/ops/conv.js';
import type { Tensor } from '../../engine/tensor.js';
import { convGather } from '../../shaders/conv.js';
import { packWeights } from '../../shaders/conv-pack.js';
import { convWeightGrad } from '../../shaders/conv-weights.js';
import { depthwise, depthwiseWeightGrad } from '../../shaders/depthwise.js';
import { type Case, kernels } from '../case.js';
import { activation, BATCH, backwardOf, random, STAGES, type Stage } from '../sizes.js';

interface Layer extends ConvOptions {
  readonly from: Stage;
  /** [O, C / groups, R, S] */
  readonly weight: readonly number[];
}

const LAYERS = {
  stem7x7: { from: 'image', weight: [64, 3, 7, 7], stride: 2, padding: 3 },
  layer1_3x3: { from: 'narrow1', weight: [64, 64, 3, 3], padding: 1 },
  layer1_1x1: { from: 'layer1', weight: [64, 256, 1, 1] },
  layer2_3x3_stride2: { from: 'narrow2', weight: [128, 128, 3, 3], stride: 2, padding: 1 },
  layer3_1x1: { from: 'narrow3', weight: [1024, 256, 1, 1] },
  layer4_3x3: { from: 'narrow4', weight: [512, 512, 3, 3], padding: 1 },
} as const satisfies Record<string, Layer>;

const made = ({ from, weight, ...options }: Layer) => {
  const [x, w] = [activation(from), random(weight)];
  return { x, w, y: () => conv2d(x, w, undefined, options) };
};

const kernelOf = ({ weight }: Layer) => (weight[2] === 1 && weight[3] === 1 ? 'conv1x1' : 'conv');

/** Of every layer: the output, the gradient of the input, the gradient of the weights. */
const layers = Object.entries<Layer>(LAYERS).flatMap(([name, layer]): Case[] => [
  kernels(`conv_${name}`, [convGather], [kernelOf(layer)], () => made(layer).y),
  ...(layer.from === 'image'
    ? []
    : [
        kernels(`conv_${name}_dx`, [convGather], [kernelOf(layer)], () => {
          const { x, y } = made(layer);
          return backwardOf(y(), [x]);
        }),
      ]),
  kernels(`conv_${name}_dw`, [convWeightGrad], ['convWeightGrad'], () => {
    const { w, y } = made(layer);
    return backwardOf(y(), [w]);
  }),
]);

/** Forward, and both gradients without the forward, as a user runs them. */
function pair(name: string, shape: readonly number[], groups: number): Case[] {
  const [, channels] = shape as readonly [number, number];
  const make = (): [x: Tensor, w: Tensor] => [random(shape), random([channels, channels / groups, 3, 3])];
  return [
    {
      name: `${name}_fwd`,
      of: [convGather, packWeights],
      prepare: () => {
        const [x, w] = make().map((t) => t.detach()) as [Tensor, Tensor];
        return () => conv2d(x, w, undefined, { padding: 1, groups });
      },
    },
    {
      name: `${name}_bwd`,
      of: [convGather, packWeights, convWeightGrad],
      prepare: () => {
        const [x, w] = make();
        return backwardOf(conv2d(x, w, undefined, { padding: 1, groups }), [x, w]);
      },
    },
  ];
}

const DEPTHWISE: Layer = { from: 'narrow2', weight: [128, 1, 3, 3], padding: 1, groups: 128 };

export const convolutions: readonly Case[] = [
  ...pair('conv', [8, 64, 64, 32], 1),
  ...pair('gconv', [BATCH, 256, ...STAGES.layer2.slice(1)], 32),
  ...layers,
  kernels('packWeights', [packWeights], ['packWeights'], () => made(LAYERS.layer4_3x3).y),
  kernels('depthwise', [depthwise], ['depthwise'], () => made(DEPTHWISE).y),
  kernels('depthwise_dx', [depthwise], ['depthwise'], () => {
    const { x, y } = made(DEPTHWISE);
    return backwardOf(y(), [x]);
  }),
  kernels('depthwise_dw', [depthwiseWeightGrad], ['depthwiseWeightGrad'], () => {
    const { w, y } = made(DEPTHWISE);
    return backwardOf(y(), [w]);
  }),
];
