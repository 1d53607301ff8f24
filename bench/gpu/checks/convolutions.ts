import { conv2d, grad } from '../../../engine/index.js';
import { groupedLayers, nameOf, resnetLayers, type Sizes } from '../cases.js';
import { type ConvShape, convForward, convInputGrad, convWeightGrad, outSize } from '../references/conv.js';
import { PRODUCTS } from '../sampled.js';
import { type CheckSet, numbers, type Result, result } from './set.js';

/** A convolution and both of its gradients. */
export function convolution(shape: ConvShape, { bias = false, name = nameOf(shape) } = {}): CheckSet {
  const { batch, channels, height, width, outputs, kernel, stride, padding, groups, dilation = 1 } = shape;
  const [outH, outW] = outSize(shape);
  const [per, each, taps] = [channels / groups, outputs / groups, kernel * kernel];
  return {
    name,
    shares: groups === 1 || per > 1,
    make: async () => {
      const x = await numbers([batch, channels, height, width], true);
      const w = await numbers([outputs, per, kernel, kernel], true);
      const dy = await numbers([batch, outputs, outH, outW]);
      const b = bias ? await numbers([outputs]) : undefined;
      const options = { stride, padding, dilation, groups };
      const y = conv2d(x.t, w.t, undefined, options);
      const data = { x: x.data, w: w.data, dy: dy.data, bias: b?.data };
      const back = (t: typeof x) => () => grad([y], [t.t], { gradients: [dy.t], retainGraph: true })[0]!;
      const results: Result[] = [
        result(
          `${name} forward`,
          () => conv2d(x.t.detach(), w.t.detach(), b?.t, options),
          [dy.data.length, per * taps, PRODUCTS],
          convForward(shape, data),
        ),
        result(`${name} dx`, back(x), [x.data.length, each * taps, PRODUCTS], convInputGrad(shape, data)),
        result(`${name} dw`, back(w), [w.data.length, batch * outH * outW, PRODUCTS], convWeightGrad(shape, data)),
      ];
      return channels > 3 ? results : results.filter((one) => !one.name.endsWith(' dx'));
    },
  };
}

const BASE = { stride: 1, padding: 1, kernel: 3, groups: 1 };

/** Shapes that fill no tile, with every way of reading the source that the kernels have. */
const ODD: readonly (readonly [what: string, shape: ConvShape, bias?: boolean])[] = [
  ['stride 2', { ...BASE, batch: 3, channels: 5, height: 13, width: 11, outputs: 7, stride: 2 }],
  ['two groups', { ...BASE, batch: 2, channels: 6, height: 9, width: 7, outputs: 10, groups: 2 }, true],
  ['rows of quads', { ...BASE, batch: 2, channels: 21, height: 12, width: 8, outputs: 37 }, true],
  ['1x1, odd plane', { ...BASE, batch: 3, channels: 17, height: 7, width: 5, outputs: 19, kernel: 1, padding: 0 }],
  ['1x1, quads', { ...BASE, batch: 3, channels: 23, height: 8, width: 6, outputs: 41, kernel: 1, padding: 0 }, true],
  [
    '1x1, stride 2',
    { ...BASE, batch: 2, channels: 16, height: 9, width: 8, outputs: 33, kernel: 1, padding: 0, stride: 2 },
  ],
  ['7x7', { ...BASE, batch: 2, channels: 3, height: 17, width: 19, outputs: 12, kernel: 7, padding: 3, stride: 2 }],
  ['5x5', { ...BASE, batch: 2, channels: 4, height: 9, width: 12, outputs: 6, kernel: 5, padding: 2 }],
  ['dilation 2', { ...BASE, batch: 2, channels: 8, height: 11, width: 10, outputs: 9, padding: 2, dilation: 2 }],
  ['groups of 8', { ...BASE, batch: 2, channels: 32, height: 8, width: 8, outputs: 32, groups: 4 }],
  ['groups of 8, odd', { ...BASE, batch: 3, channels: 24, height: 7, width: 9, outputs: 24, groups: 3, stride: 2 }],
  ['depthwise, odd', { ...BASE, batch: 2, channels: 13, height: 9, width: 7, outputs: 13, groups: 13 }, true],
  ['depthwise, quads', { ...BASE, batch: 3, channels: 16, height: 8, width: 8, outputs: 16, groups: 16 }],
  ['depthwise, stride 2', { ...BASE, batch: 2, channels: 9, height: 9, width: 10, outputs: 9, groups: 9, stride: 2 }],
  ['depthwise, two each', { ...BASE, batch: 2, channels: 6, height: 8, width: 12, outputs: 12, groups: 6 }],
  // Work enough for the largest tiles, and no size that they divide.
  ['large tile, rows', { ...BASE, batch: 5, channels: 67, height: 30, width: 20, outputs: 70 }],
  ['large tile, 1x1', { ...BASE, batch: 5, channels: 261, height: 30, width: 20, outputs: 131, kernel: 1, padding: 0 }],
  ['large tile, odd', { ...BASE, batch: 5, channels: 67, height: 29, width: 21, outputs: 71 }],
];

export const oddConvolutions: readonly CheckSet[] = ODD.map(([what, shape, bias]) =>
  convolution(shape, { bias, name: `odd conv, ${what}` }),
);

/** The convolutions that are measured. */
export const largeConvolutions = ({ batch, height, width }: Sizes): CheckSet[] =>
  [...resnetLayers(height, width), ...groupedLayers(height, width)].map((layer) => convolution({ batch, ...layer }));
