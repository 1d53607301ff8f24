import { ShapeError } from '../../../engine/errors.js';
import { BatchNorm1d, Conv2d, init, Linear, Module } from '../../../engine/nn/index.js';
import { add, div, mul, sub } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { cat } from '../../../engine/ops/join.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { amin, mean } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { relu, sigmoid } from '../../../engine/ops/unary.js';
import { permute, reshape, transpose } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { ResNetOptions } from '../backbones/resnet.js';
import type { ReidModel, TrainingOutput } from '../model.js';
import { Trunk } from './trunk.js';

export interface FGReIDOptions {
  /** Of both trunks. Default: ResNet-50 with a last stride of 1. */
  readonly backbone?: ResNetOptions;
  /** Channels of each branch; features have twice as many. Default 1024. */
  readonly channels?: number;
  /** Channels of the non-local block. Default 256. */
  readonly inner?: number;
  /**
   * Whose smallest entry the attention is measured from: that of the whole `batch`, as the original has it, so that a feature
   * depends on the pictures beside it in evaluation too; or of each `image` (or clip) by itself. Default `batch`.
   */
  readonly minScope?: 'batch' | 'image';
  /** Whether positions see each other (default true); without, the ablation. */
  readonly nonLocal?: boolean;
  /**
   * Whether the inner maps of the trunks' blocks are computed again when their gradients come back, in place of being kept: a third of the
   * memory for a third more work, the same numbers. Default false.
   */
  readonly recompute?: boolean;
}

const RESNET50: ResNetOptions = { depth: 50, lastStride: 1 };

/** The maps of a batch: N pictures, or all frames of B clips of T one after the other. */
interface Maps {
  readonly clips: number;
  readonly frames: number;
  /** Of both branches, [N, C, H, W]. */
  readonly global: Tensor;
  readonly contextual: Tensor;
}

/** What the model knows of pictures or clips. */
export interface FGReIDFeatures {
  /** Both branches behind their norms, [B, C] each. */
  readonly global: Tensor;
  readonly contextual: Tensor;
}

/**
 * Fine-grained re-identification of pictures and clips (Pathak, "Fine-grained re-identification", 2020). Two trunks see the same
 * input. The first gives global features and, by its own strongest channels, a map of attention; the second's map, weighted by
 * it and with every position looking at all others of the picture (or of the whole clip), is averaged by the attention. Both
 * features share one classifier. Names of parameters are the original's; pictures and clips need the same ones.
 *
 * @example
 *   const model = new FGReID({}, 751);
 *   model.eval().forward(images); // [B, 2048] for pictures [B, 3, H, W] and for clips [B, T, 3, H, W]
 */
export class FGReID extends Module implements ReidModel {
  readonly base: Trunk;
  readonly base_mars: Trunk;
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly bn1: BatchNorm1d;
  readonly bn2: BatchNorm1d;
  readonly classifier: Linear;
  readonly theta: Conv2d;
  readonly g: Conv2d;
  readonly w_z: Conv2d;
  readonly #minScope: 'batch' | 'image';
  readonly #nonLocal: boolean;

  /** @param identities of the training set */
  constructor(options: FGReIDOptions, identities: number) {
    super();
    const {
      backbone = RESNET50,
      channels = 1024,
      inner = 256,
      minScope = 'batch',
      nonLocal = true,
      recompute,
    } = options;
    this.#minScope = minScope;
    this.#nonLocal = nonLocal;
    this.base = new Trunk(backbone, recompute);
    this.base_mars = new Trunk(backbone, recompute);
    this.conv1 = projection(this.base.outputs, channels);
    this.conv2 = projection(this.base.outputs, channels);
    this.bn1 = new BatchNorm1d(channels);
    this.bn2 = new BatchNorm1d(channels);
    this.classifier = new Linear(channels, identities, { bias: false });
    this.theta = new Conv2d(channels, inner, 1, { bias: false });
    this.g = new Conv2d(channels, inner, 1, { bias: false });
    this.w_z = new Conv2d(inner, channels, 1, { bias: false });
    init.constant_(this.w_z.weight, 0);
  }

  /**
   * Where the first branch looks: a weight in [½, 1) for each position, [B, 1, H, W] for pictures, [B · T, 1, H, W] for clips.
   *
   * @param images [B, 3, H, W] or [B, T, 3, H, W]
   */
  attention(images: Tensor): Tensor {
    const maps = this.#maps(images);
    const [n, , h, w] = maps.global.shape as [number, number, number, number];
    return reshape(this.#attend(maps, mean(maps.global, [2, 3])), [n, 1, h, w]);
  }

  /** @param images [B, 3, H, W] or clips [B, T, 3, H, W] */
  features(images: Tensor): FGReIDFeatures {
    const maps = this.#maps(images);
    const pooled = mean(maps.global, [2, 3]);
    const attention = this.#attend(maps, pooled);
    const [n, c] = pooled.shape as [number, number];
    const weighted = mul(reshape(maps.contextual, [n, c, -1]), attention);
    const seen = this.#nonLocal ? this.#lookAround(maps, reshape(weighted, maps.contextual.shape)) : weighted;
    const context = div(sum(reshape(seen, [n, c, -1]), 2), sum(attention, 2));
    const overFrames = (x: Tensor) => (images.rank === 5 ? mean(reshape(x, [maps.clips, maps.frames, c]), 1) : x);
    return {
      global: this.bn1.forward(overFrames(pooled)),
      contextual: this.bn2.forward(overFrames(context)),
    };
  }

  losses(images: Tensor): TrainingOutput {
    const { global, contextual } = this.features(images);
    const logits = [this.classifier.forward(global), this.classifier.forward(contextual)];
    return { features: [cat([global, contextual], 1)], logits };
  }

  forward(images: Tensor): Tensor {
    const { global, contextual } = this.features(images);
    return cat([global, contextual], 1);
  }

  #maps(images: Tensor): Maps {
    if (images.rank !== 4 && images.rank !== 5) {
      throw new ShapeError(
        `FGReID: takes pictures [B, 3, H, W] or clips [B, T, 3, H, W], not a tensor of ${images.rank} dimensions.`,
      );
    }
    const clips = images.shape[0]!;
    const frames = images.rank === 5 ? images.shape[1]! : 1;
    const x = images.rank === 5 ? reshape(images, [clips * frames, ...images.shape.slice(2)]) : images;
    const global = this.conv1.forward(this.base.forward(x));
    const contextual = this.conv2.forward(this.base_mars.forward(x));
    return { clips, frames, global, contextual };
  }

  /** The weight of each position, [N, 1, P]: its entries of the map, each channel by how strong it is in the whole picture. */
  #attend({ clips, global }: Maps, pooled: Tensor): Tensor {
    const [n, c] = pooled.shape as [number, number];
    const strength = reshape(softmax(pooled, 1), [n, 1, c]);
    const strong = matmul(strength, reshape(global, [n, c, -1]));
    // As the strengths sum to 1, the smallest entry can be taken off the sum instead of each channel.
    if (this.#minScope === 'batch') return sigmoid(sub(strong, amin(global)));
    const least = amin(reshape(global, [clips, -1]), 1);
    return reshape(sigmoid(sub(reshape(strong, [clips, -1]), reshape(least, [clips, 1]))), strong.shape);
  }

  /** The non-local block: each position plus what it finds at those that are like it, in its picture or its clip. */
  #lookAround({ clips, frames }: Maps, z: Tensor): Tensor {
    const [n, , h, w] = z.shape as [number, number, number, number];
    const inner = this.theta.weight.shape[0]!;
    const ofClip = (x: Tensor) =>
      reshape(permute(reshape(x, [clips, frames, inner, h * w]), [0, 2, 1, 3]), [clips, inner, frames * h * w]);
    const likeness = l2Normalize(ofClip(relu(this.theta.forward(z))), 1);
    const values = ofClip(relu(this.g.forward(z)));
    const relations = softmax(matmul(transpose(likeness), likeness), -1);
    const found = reshape(matmul(values, transpose(relations)), [clips, inner, frames, h * w]);
    return add(z, this.w_z.forward(reshape(permute(found, [0, 2, 1, 3]), [n, inner, h, w])));
  }
}

/** A 1×1 convolution with a bias, N(0, 2 / inputs) at first. */
function projection(inputs: number, outputs: number): Conv2d {
  const conv = new Conv2d(inputs, outputs, 1);
  init.kaimingNormal_(conv.weight, { mode: 'fan_in', nonlinearity: 'relu' });
  init.constant_(conv.bias!, 0);
  return conv;
}
