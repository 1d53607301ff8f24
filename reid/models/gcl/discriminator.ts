import { Conv2d, init, Module, Sequential } from '../../../engine/nn/index.js';
import { avgPool2d } from '../../../engine/ops/pool.js';
import type { Tensor } from '../../../engine/tensor.js';
import { ConvBlock, ResidualBlock } from './blocks.js';

export interface DiscriminatorOptions {
  /** Channels of the first layers. Default 32. */
  readonly width?: number;
  /** Times the map is halved. Default 2. */
  readonly layers?: number;
  /** Residual blocks. Default 4. */
  readonly blocks?: number;
  /** Sizes of the picture, each half of the one before. Default 3. */
  readonly scales?: number;
}

const ACTIVATION = { activation: 'lrelu' } as const;

/** Three networks of one shape that look at a picture in three sizes: [N, 3, H, W] → [N, 1, H/4, W/4], [N, 1, H/8, W/8] … */
export class Discriminator extends Module {
  readonly cnns: readonly Sequential[];

  constructor({ width = 32, layers = 2, blocks = 4, scales = 3 }: DiscriminatorOptions = {}) {
    super();
    this.cnns = Array.from({ length: scales }, () => {
      const downward = Array.from({ length: layers }, (_, i) => {
        // Only the last one is wider.
        const outputs = i === layers - 1 ? 2 * width : width;
        return [
          new ConvBlock(width, width, 3, { ...ACTIVATION, padding: 1 }),
          new ConvBlock(width, outputs, 3, { ...ACTIVATION, padding: 1, stride: 2 }),
        ];
      });
      return new Sequential(
        new ConvBlock(3, width, 1, ACTIVATION),
        ...downward.flat(),
        ...Array.from({ length: blocks }, () => new ResidualBlock(2 * width, ACTIVATION)),
        new Conv2d(2 * width, 1, 1),
      );
    });
    this.apply(initialise);
  }

  /** What each network says, one map a scale. */
  scales(images: Tensor): Tensor[] {
    let x = images;
    return this.cnns.map((net, i) => {
      if (i > 0) x = avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false });
      return net.forward(x);
    });
  }

  /** The map of the full size. */
  forward(images: Tensor): Tensor {
    return this.scales(images)[0]!;
  }
}

/** N(0, 0.02²) and biases of 0. */
function initialise(module: Module): void {
  if (!(module instanceof Conv2d)) return;
  init.normal_(module.weight, 0, 0.02);
  if (module.bias) init.constant_(module.bias, 0);
}
