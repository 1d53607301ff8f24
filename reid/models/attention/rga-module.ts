import { ShapeError } from '../../../engine/errors.js';
import { BatchNorm2d, Conv2d, convNorm, init, Module, normRelu } from '../../../engine/nn/index.js';
import { add, mul } from '../../../engine/ops/arithmetic.js';
import { conv2d } from '../../../engine/ops/conv.js';
import { mean } from '../../../engine/ops/reduce.js';
import { sigmoid } from '../../../engine/ops/unary.js';
import { contiguous, flatten, reshape, slice, transpose, unsqueeze } from '../../../engine/ops/view.js';
import type { Tensor } from '../../../engine/tensor.js';
import { affinities, type RelationForm, relationEmbedding } from './relation.js';

/** By how much an RGA module narrows channels and positions, and the hidden layer of its heads; 8 each in the paper. */
export interface RGARatios {
  readonly channel: number;
  readonly spatial: number;
  readonly down: number;
}

export interface RGAModuleOptions {
  /** The map that the module is made for: its weights know every position. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Whether positions are weighted (RGA-S); default true. */
  readonly spatial?: boolean;
  /** Whether channels are weighted (RGA-C); default true. */
  readonly channel?: boolean;
  readonly ratios?: RGARatios;
  readonly form?: RelationForm;
  /**
   * Scales of the module's norms at the start: `uniform01` (default) draws them from [0, 1), as the PyTorch of the paper's time
   * did; `ones` is what newer ones do. `zeroLast` is 1 but for the norms in front of the sigmoids, which begin at 0: every
   * weight is ½ then, which a network without pretrained weights needs to learn at all.
   */
  readonly gammaInit?: 'uniform01' | 'ones' | 'zeroLast';
}

export const RGA_RATIOS: RGARatios = { channel: 8, spatial: 8, down: 8 };

/** Numbers of channels inside of a module. */
export interface RGAWidths {
  /** Embedded channels and embedded positions. */
  readonly channels: number;
  readonly positions: number;
  /** Hidden channels of the heads; undefined where the half is off. */
  readonly spatialHead: number | undefined;
  readonly channelHead: number | undefined;
}

/**
 * The widths of a module.
 *
 * @throws ShapeError where one of them would be 0: the map is too small for the ratios
 */
export function rgaWidths(options: RGAModuleOptions): RGAWidths {
  const { channels, height, width, spatial = true, channel = true, ratios = RGA_RATIOS } = options;
  const inner = Math.floor(channels / ratios.channel);
  const positions = Math.floor((height * width) / ratios.spatial);
  const widths: RGAWidths = {
    channels: inner,
    positions,
    spatialHead: spatial ? Math.floor((1 + positions) / ratios.down) : undefined,
    channelHead: channel ? Math.floor((1 + inner) / ratios.down) : undefined,
  };
  if (Object.values(widths).some((n) => n === 0)) {
    throw new ShapeError(
      `RGAModule: a map of ${channels} channels, ${height}×${width}, is too small for the ratios ${JSON.stringify(ratios)}: ` +
        `it leaves ${inner} embedded channels, ${positions} embedded positions and heads of ` +
        `${widths.spatialHead ?? '–'} (spatial) and ${widths.channelHead ?? '–'} (channel). Take a larger input or smaller ratios.`,
    );
  }
  return widths;
}

/** 1×1 convolution, norm, ReLU; named 0 and 1 as in a Sequential. */
class Embed extends Module {
  readonly 0: Conv2d;
  readonly 1: BatchNorm2d;

  constructor(inputs: number, outputs: number) {
    super();
    this[0] = new Conv2d(inputs, outputs, 1, { bias: false });
    this[1] = new BatchNorm2d(outputs);
  }

  forward(x: Tensor): Tensor {
    return convNorm(this[0], this[1], x, { relu: true });
  }
}

/** Two layers from a node's own embedding and its relations to one number; 2, the ReLU, has no entries. */
class Head extends Module {
  readonly 0: Conv2d;
  readonly 1: BatchNorm2d;
  readonly 3: Conv2d;
  readonly 4: BatchNorm2d;

  constructor(inputs: number, hidden: number) {
    super();
    this[0] = new Conv2d(inputs, hidden, 1, { bias: false });
    this[1] = new BatchNorm2d(hidden);
    this[3] = new Conv2d(hidden, 1, 1, { bias: false });
    this[4] = new BatchNorm2d(1);
  }

  /** `own` [B, 1, h, w] and `relations` [B, r, h, w], as if joined in this order → [B, 1, h, w]. */
  forward(own: Tensor, relations: Tensor): Tensor {
    const { weight } = this[0];
    const y = add(conv2d(own, slice(weight, 1, 0, 1)), conv2d(relations, slice(weight, 1, 1)));
    return convNorm(this[3], this[4], normRelu(this[1], y));
  }
}

/** The parts of one half. */
interface Half {
  readonly g: Embed;
  readonly relations: Embed;
  readonly head: Head;
  readonly theta: Embed;
  readonly phi: Embed;
}

/** What a module's halves look at: maps in (0, 1) and, where asked for, affinities. */
export interface RGAAttention {
  /** [B, 1, h, w] */
  readonly spatial?: Tensor;
  /** [B, C, 1, 1], of the map that the spatial half has weighted */
  readonly channel?: Tensor;
}

/** [B, C, h, w] → [B, h·w, C, 1]: positions in the place of channels. */
const turned = (x: Tensor): Tensor => unsqueeze(contiguous(transpose(flatten(x, 2))), 3);

/**
 * Relation-aware global attention (Zhang et al., CVPR 2020): weighs positions, then channels, of a map [B, C, h, w] by what
 * each has in common with all others. The channel half is the spatial one on the turned map, where positions are channels.
 * Names and order of parameters are the original's.
 *
 * @example
 *   const attention = new RGAModule({ channels: 256, height: 64, width: 32 });
 *   attention.forward(x); // [B, 256, 64, 32]
 */
export class RGAModule extends Module {
  readonly gx_spatial: Embed | undefined;
  readonly gx_channel: Embed | undefined;
  readonly gg_spatial: Embed | undefined;
  readonly gg_channel: Embed | undefined;
  readonly W_spatial: Head | undefined;
  readonly W_channel: Head | undefined;
  readonly theta_spatial: Embed | undefined;
  readonly phi_spatial: Embed | undefined;
  readonly theta_channel: Embed | undefined;
  readonly phi_channel: Embed | undefined;
  readonly #options: RGAModuleOptions;

  /** @throws ShapeError where the map is too small, see rgaWidths */
  constructor(options: RGAModuleOptions) {
    super();
    this.#options = options;
    const { channels, height, width, gammaInit = 'uniform01' } = options;
    const { channels: inner, positions: some, spatialHead, channelHead } = rgaWidths(options);
    const nodes = height * width;
    const embed = (on: unknown, inputs: number, outputs: number) => (on ? new Embed(inputs, outputs) : undefined);
    this.gx_spatial = embed(spatialHead, channels, inner);
    this.gx_channel = embed(channelHead, nodes, some);
    this.gg_spatial = embed(spatialHead, 2 * nodes, some);
    this.gg_channel = embed(channelHead, 2 * channels, inner);
    this.W_spatial = spatialHead ? new Head(1 + some, spatialHead) : undefined;
    this.W_channel = channelHead ? new Head(1 + inner, channelHead) : undefined;
    this.theta_spatial = embed(spatialHead, channels, inner);
    this.phi_spatial = embed(spatialHead, channels, inner);
    this.theta_channel = embed(channelHead, nodes, some);
    this.phi_channel = embed(channelHead, nodes, some);
    if (gammaInit === 'zeroLast') {
      for (const head of [this.W_spatial, this.W_channel]) if (head) init.constant_(head[4].weight!, 0);
    } else if (gammaInit === 'uniform01') {
      this.apply((module) => {
        if (module instanceof BatchNorm2d) init.uniform_(module.weight!);
      });
    }
  }

  forward(x: Tensor): Tensor {
    this.#check(x);
    const seen = this.#spatial ? mul(x, this.#weights(this.#spatial, x)) : x;
    return this.#channel ? mul(seen, this.#channelWeights(seen)) : seen;
  }

  /** The weights of positions and of channels. */
  attention(x: Tensor): RGAAttention {
    this.#check(x);
    const spatial = this.#spatial && this.#weights(this.#spatial, x);
    const seen = spatial ? mul(x, spatial) : x;
    return { spatial, channel: this.#channel && this.#channelWeights(seen) };
  }

  /** The affinities R[i, j] that the low-rank form never makes: of positions [B, h·w, h·w], of channels [B, C, C]. */
  affinities(x: Tensor): RGAAttention {
    this.#check(x);
    const of = ({ theta, phi }: Half, z: Tensor) =>
      affinities(flatten(theta.forward(z), 2), flatten(phi.forward(z), 2));
    const seen = this.#spatial && this.#channel ? mul(x, this.#weights(this.#spatial, x)) : x;
    return {
      spatial: this.#spatial && of(this.#spatial, x),
      channel: this.#channel && of(this.#channel, turned(seen)),
    };
  }

  #check(x: Tensor): void {
    const { channels, height, width } = this.#options;
    const [, c, h, w] = x.shape;
    if (x.rank === 4 && c === channels && h === height && w === width) return;
    throw new ShapeError(
      `RGAModule: made for maps [B, ${channels}, ${height}, ${width}], it can not take ${x}: its weights belong to one size ` +
        'of picture. Resize the pictures, or build the model for theirs.',
    );
  }

  get #spatial(): Half | undefined {
    const { gx_spatial: g, gg_spatial: relations, W_spatial: head, theta_spatial: theta, phi_spatial: phi } = this;
    return g && { g, relations: relations!, head: head!, theta: theta!, phi: phi! };
  }

  get #channel(): Half | undefined {
    const { gx_channel: g, gg_channel: relations, W_channel: head, theta_channel: theta, phi_channel: phi } = this;
    return g && { g, relations: relations!, head: head!, theta: theta!, phi: phi! };
  }

  #channelWeights(x: Tensor): Tensor {
    return reshape(this.#weights(this.#channel!, turned(x)), [x.shape[0]!, x.shape[1]!, 1, 1]);
  }

  /** One weight in (0, 1) for each place of x [B, c, h, w]: [B, 1, h, w]. */
  #weights({ g, relations, head, theta, phi }: Half, x: Tensor): Tensor {
    const [batch, , h, w] = x.shape as [number, number, number, number];
    const { weight } = relations[0];
    const e = relationEmbedding(
      flatten(theta.forward(x), 2),
      flatten(phi.forward(x), 2),
      flatten(weight, 1),
      this.#options.form,
    );
    const related = normRelu(relations[1], reshape(e, [batch, weight.shape[0]!, h, w]));
    return sigmoid(head.forward(mean(g.forward(x), 1, true), related));
  }
}
