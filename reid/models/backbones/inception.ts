import { AvgPool2d, BatchNorm2d, Conv2d, convNorm, Linear, MaxPool2d, Module } from '../../../engine/nn/index.js';
import { add, mul } from '../../../engine/ops/arithmetic.js';
import type { ConvOptions } from '../../../engine/ops/conv.js';
import { cat } from '../../../engine/ops/join.js';
import { avgPool2d } from '../../../engine/ops/pool.js';
import { mean } from '../../../engine/ops/reduce.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { truncatedNormal } from './truncated-normal.js';

/** Inception-v3 (Szegedy et al., "Rethinking the inception architecture", CVPR 2016), named as in torchvision. */

type Kernel = number | readonly [number, number];

/** Convolution, norm (of eps 1e-3), ReLU. */
class Unit extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inputs: number, outputs: number, kernel: Kernel, options: ConvOptions = {}) {
    super();
    this.conv = new Conv2d(inputs, outputs, kernel, { ...options, bias: false });
    this.bn = new BatchNorm2d(outputs, { eps: 1e-3 });
  }

  forward(x: Tensor): Tensor {
    return convNorm(this.conv, this.bn, x, { relu: true });
  }
}

const unit = (inputs: number, outputs: number, kernel: Kernel, padding: Kernel = 0): Unit =>
  new Unit(inputs, outputs, kernel, { padding });

const halving = (inputs: number, outputs: number): Unit => new Unit(inputs, outputs, 3, { stride: 2 });

const around = new AvgPool2d(3, { stride: 1, padding: 1 });
const halve = new MaxPool2d(3, { stride: 2 });

/** Units one after the other. */
const chain = (x: Tensor, ...units: readonly Unit[]): Tensor => units.reduce((y, one) => one.forward(y), x);

/** 1×1, 5×5, two 3×3, and a pool: at the largest maps. */
class InceptionA extends Module {
  readonly branch1x1: Unit;
  readonly branch5x5_1: Unit;
  readonly branch5x5_2: Unit;
  readonly branch3x3dbl_1: Unit;
  readonly branch3x3dbl_2: Unit;
  readonly branch3x3dbl_3: Unit;
  readonly branch_pool: Unit;

  constructor(inputs: number, pooled: number) {
    super();
    this.branch1x1 = unit(inputs, 64, 1);
    this.branch5x5_1 = unit(inputs, 48, 1);
    this.branch5x5_2 = unit(48, 64, 5, 2);
    this.branch3x3dbl_1 = unit(inputs, 64, 1);
    this.branch3x3dbl_2 = unit(64, 96, 3, 1);
    this.branch3x3dbl_3 = unit(96, 96, 3, 1);
    this.branch_pool = unit(inputs, pooled, 1);
  }

  forward(x: Tensor): Tensor {
    const branches = [
      this.branch1x1.forward(x),
      chain(x, this.branch5x5_1, this.branch5x5_2),
      chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2, this.branch3x3dbl_3),
      this.branch_pool.forward(around.forward(x)),
    ];
    return cat(branches, 1);
  }
}

/** To half of the size: 3×3, two 3×3, and a pool. */
class InceptionB extends Module {
  readonly branch3x3: Unit;
  readonly branch3x3dbl_1: Unit;
  readonly branch3x3dbl_2: Unit;
  readonly branch3x3dbl_3: Unit;

  constructor(inputs: number) {
    super();
    this.branch3x3 = halving(inputs, 384);
    this.branch3x3dbl_1 = unit(inputs, 64, 1);
    this.branch3x3dbl_2 = unit(64, 96, 3, 1);
    this.branch3x3dbl_3 = halving(96, 96);
  }

  forward(x: Tensor): Tensor {
    const double = chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2, this.branch3x3dbl_3);
    return cat([this.branch3x3.forward(x), double, halve.forward(x)], 1);
  }
}

const WIDE: Kernel = [1, 7];
const TALL: Kernel = [7, 1];
const WIDE_PAD: Kernel = [0, 3];
const TALL_PAD: Kernel = [3, 0];

/** 1×1, one pair of 1×7 and 7×1, two pairs, and a pool. */
class InceptionC extends Module {
  readonly branch1x1: Unit;
  readonly branch7x7_1: Unit;
  readonly branch7x7_2: Unit;
  readonly branch7x7_3: Unit;
  readonly branch7x7dbl_1: Unit;
  readonly branch7x7dbl_2: Unit;
  readonly branch7x7dbl_3: Unit;
  readonly branch7x7dbl_4: Unit;
  readonly branch7x7dbl_5: Unit;
  readonly branch_pool: Unit;

  constructor(inputs: number, inner: number) {
    super();
    this.branch1x1 = unit(inputs, 192, 1);
    this.branch7x7_1 = unit(inputs, inner, 1);
    this.branch7x7_2 = unit(inner, inner, WIDE, WIDE_PAD);
    this.branch7x7_3 = unit(inner, 192, TALL, TALL_PAD);
    this.branch7x7dbl_1 = unit(inputs, inner, 1);
    this.branch7x7dbl_2 = unit(inner, inner, TALL, TALL_PAD);
    this.branch7x7dbl_3 = unit(inner, inner, WIDE, WIDE_PAD);
    this.branch7x7dbl_4 = unit(inner, inner, TALL, TALL_PAD);
    this.branch7x7dbl_5 = unit(inner, 192, WIDE, WIDE_PAD);
    this.branch_pool = unit(inputs, 192, 1);
  }

  forward(x: Tensor): Tensor {
    const twice = [this.branch7x7dbl_1, this.branch7x7dbl_2, this.branch7x7dbl_3, this.branch7x7dbl_4];
    const branches = [
      this.branch1x1.forward(x),
      chain(x, this.branch7x7_1, this.branch7x7_2, this.branch7x7_3),
      chain(x, ...twice, this.branch7x7dbl_5),
      this.branch_pool.forward(around.forward(x)),
    ];
    return cat(branches, 1);
  }
}

/** To half of the size: 3×3, 1×7 and 7×1 and 3×3, and a pool. */
class InceptionD extends Module {
  readonly branch3x3_1: Unit;
  readonly branch3x3_2: Unit;
  readonly branch7x7x3_1: Unit;
  readonly branch7x7x3_2: Unit;
  readonly branch7x7x3_3: Unit;
  readonly branch7x7x3_4: Unit;

  constructor(inputs: number) {
    super();
    this.branch3x3_1 = unit(inputs, 192, 1);
    this.branch3x3_2 = halving(192, 320);
    this.branch7x7x3_1 = unit(inputs, 192, 1);
    this.branch7x7x3_2 = unit(192, 192, WIDE, WIDE_PAD);
    this.branch7x7x3_3 = unit(192, 192, TALL, TALL_PAD);
    this.branch7x7x3_4 = halving(192, 192);
  }

  forward(x: Tensor): Tensor {
    const seven = chain(x, this.branch7x7x3_1, this.branch7x7x3_2, this.branch7x7x3_3, this.branch7x7x3_4);
    return cat([chain(x, this.branch3x3_1, this.branch3x3_2), seven, halve.forward(x)], 1);
  }
}

/** 1×1, and branches that end in a 1×3 beside a 3×1: at the smallest maps. */
class InceptionE extends Module {
  readonly branch1x1: Unit;
  readonly branch3x3_1: Unit;
  readonly branch3x3_2a: Unit;
  readonly branch3x3_2b: Unit;
  readonly branch3x3dbl_1: Unit;
  readonly branch3x3dbl_2: Unit;
  readonly branch3x3dbl_3a: Unit;
  readonly branch3x3dbl_3b: Unit;
  readonly branch_pool: Unit;

  constructor(inputs: number) {
    super();
    this.branch1x1 = unit(inputs, 320, 1);
    this.branch3x3_1 = unit(inputs, 384, 1);
    this.branch3x3_2a = unit(384, 384, [1, 3], [0, 1]);
    this.branch3x3_2b = unit(384, 384, [3, 1], [1, 0]);
    this.branch3x3dbl_1 = unit(inputs, 448, 1);
    this.branch3x3dbl_2 = unit(448, 384, 3, 1);
    this.branch3x3dbl_3a = unit(384, 384, [1, 3], [0, 1]);
    this.branch3x3dbl_3b = unit(384, 384, [3, 1], [1, 0]);
    this.branch_pool = unit(inputs, 192, 1);
  }

  forward(x: Tensor): Tensor {
    const three = this.branch3x3_1.forward(x);
    const double = chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2);
    const branches = [
      this.branch1x1.forward(x),
      this.branch3x3_2a.forward(three),
      this.branch3x3_2b.forward(three),
      this.branch3x3dbl_3a.forward(double),
      this.branch3x3dbl_3b.forward(double),
      this.branch_pool.forward(around.forward(x)),
    ];
    return cat(branches, 1);
  }
}

/** The auxiliary classifier beside the map of 17×17 (pictures of 299×299), for training on ImageNet. */
class InceptionAux extends Module {
  readonly conv0: Unit;
  readonly conv1: Unit;
  readonly fc: Linear;

  constructor(inputs: number, classes: number) {
    super();
    this.conv0 = unit(inputs, 128, 1);
    this.conv1 = unit(128, 768, 5);
    this.fc = new Linear(768, classes);
  }

  forward(x: Tensor): Tensor {
    const pooled = avgPool2d(x, { kernelSize: 5, stride: 3 });
    return this.fc.forward(mean(chain(pooled, this.conv0, this.conv1), [2, 3]));
  }
}

export interface InceptionOptions {
  /** Classes of `fc` and `AuxLogits`, which ImageNet's files have; without it there are none. */
  readonly classes?: number;
  /** Whether pictures normalised by ImageNet's statistics are turned into the −1 … 1 that the public weights want. */
  readonly transformInput?: boolean;
}

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/**
 * Inception-v3: images [N, 3, H, W] → maps [N, 2048, h, w], 6×2 of 256×128 and 10×4 of 384×192.
 *
 * @example
 *   new InceptionV3().forward(images);
 */
export class InceptionV3 extends Module {
  readonly Conv2d_1a_3x3 = halving(3, 32);
  readonly Conv2d_2a_3x3 = unit(32, 32, 3);
  readonly Conv2d_2b_3x3 = unit(32, 64, 3, 1);
  readonly Conv2d_3b_1x1 = unit(64, 80, 1);
  readonly Conv2d_4a_3x3 = unit(80, 192, 3);
  readonly Mixed_5b = new InceptionA(192, 32);
  readonly Mixed_5c = new InceptionA(256, 64);
  readonly Mixed_5d = new InceptionA(288, 64);
  readonly Mixed_6a = new InceptionB(288);
  readonly Mixed_6b = new InceptionC(768, 128);
  readonly Mixed_6c = new InceptionC(768, 160);
  readonly Mixed_6d = new InceptionC(768, 160);
  readonly Mixed_6e = new InceptionC(768, 192);
  readonly AuxLogits: InceptionAux | undefined;
  readonly Mixed_7a = new InceptionD(768);
  readonly Mixed_7b = new InceptionE(1280);
  readonly Mixed_7c = new InceptionE(2048);
  readonly fc: Linear | undefined;
  readonly #transformInput: boolean;
  /** Channels of the maps. */
  readonly outputs = 2048;

  constructor({ classes, transformInput = false }: InceptionOptions = {}) {
    super();
    this.#transformInput = transformInput;
    this.AuxLogits = classes === undefined ? undefined : new InceptionAux(768, classes);
    this.fc = classes === undefined ? undefined : new Linear(2048, classes);
    const small = new Map<Module | undefined, number>([
      [this.AuxLogits?.conv1.conv, 0.01],
      [this.AuxLogits?.fc, 0.001],
    ]);
    this.apply((module) => {
      if (!(module instanceof Conv2d || module instanceof Linear)) return;
      const { shape, gpu } = module.weight;
      const weight = truncatedNormal(shape, small.get(module) ?? 0.1, gpu);
      module.loadStateDict(new Map([['weight', weight]]), { strict: false });
      weight.storage.release();
    });
  }

  /** The map behind Mixed_6e, which the auxiliary classifier sees. */
  #inner(images: Tensor): Tensor {
    const x = this.#transformInput ? affine(images) : images;
    const y = halve.forward(chain(x, this.Conv2d_1a_3x3, this.Conv2d_2a_3x3, this.Conv2d_2b_3x3));
    const z = halve.forward(chain(y, this.Conv2d_3b_1x1, this.Conv2d_4a_3x3));
    const five = [this.Mixed_5b, this.Mixed_5c, this.Mixed_5d];
    const six = [this.Mixed_6a, this.Mixed_6b, this.Mixed_6c, this.Mixed_6d, this.Mixed_6e];
    return [...five, ...six].reduce((map, block) => block.forward(map), z);
  }

  forward(images: Tensor): Tensor {
    const seven = [this.Mixed_7a, this.Mixed_7b, this.Mixed_7c];
    return seven.reduce((map, block) => block.forward(map), this.#inner(images));
  }

  /** Maps → scores [N, classes]. */
  classify(maps: Tensor): Tensor {
    if (!this.fc) throw new TypeError('InceptionV3: it was made without classes, so there is no classifier.');
    return this.fc.forward(mean(maps, [2, 3]));
  }

  /** Images of about 299×299 → the auxiliary classifier's scores [N, classes]. */
  auxiliary(images: Tensor): Tensor {
    if (!this.AuxLogits) throw new TypeError('InceptionV3: it was made without classes, so there is no classifier.');
    return this.AuxLogits.forward(this.#inner(images));
  }
}

/** x · std / 0.5 + (mean − 0.5) / 0.5, channel by channel. */
function affine(images: Tensor): Tensor {
  const channels = (values: readonly number[]) => tensor(Float32Array.from(values), [1, 3, 1, 1], { gpu: images.gpu });
  const factor = channels(STD.map((std) => std / 0.5));
  const shift = channels(MEAN.map((value) => (value - 0.5) / 0.5));
  return add(mul(images, factor), shift);
}
