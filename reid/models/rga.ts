import { ShapeError } from '../../engine/errors.js';
import { BatchNorm1d, Dropout, init, Linear, Module } from '../../engine/nn/index.js';
import { mean } from '../../engine/ops/reduce.js';
import type { Tensor } from '../../engine/tensor.js';
import { RGAModule, type RGAModuleOptions, rgaWidths } from './attention/rga-module.js';
import { ResNet, type ResNetOptions, resnetStrides } from './backbones/resnet.js';
import type { ReidModel, TrainingOutput } from './model.js';

/** What the attention behind each stage weighs: positions then channels, positions, channels, or nothing (the ablation). */
export type RGABranch = 'sc' | 's' | 'c' | 'none';

export interface RGAOptions extends Pick<RGAModuleOptions, 'ratios' | 'form' | 'gammaInit'> {
  /** Size of the pictures, to which the model is bound. */
  readonly height: number;
  readonly width: number;
  readonly branch?: RGABranch;
  /** Default: ResNet-50 with a last stride of 1. */
  readonly backbone?: ResNetOptions;
  /** Of the features in front of the classifier; default 0, as in the published run. */
  readonly dropout?: number;
  /**
   * What retrieval compares: behind the last norm (`norm`, default; the original's `feat`), before it (`pool`; `feat_`), or the
   * classifier's scores.
   */
  readonly feature?: 'norm' | 'pool' | 'logits';
}

/** The paper's backbone. */
const RESNET50: ResNetOptions = { depth: 50, lastStride: 1 };

/** Options of the four modules. */
export function rgaModules(options: RGAOptions): RGAModuleOptions[] {
  const { height, width, branch = 'sc', backbone = RESNET50, ratios, form, gammaInit } = options;
  const { depth, width: planes = 64 } = backbone;
  const strides = resnetStrides(backbone);
  const last = Math.max(...strides);
  if (height % last !== 0 || width % last !== 0 || !(height > 0 && width > 0)) {
    throw new ShapeError(`RGA: height and width of the pictures must be multiples of ${last}, not ${height}×${width}.`);
  }
  const expansion = depth < 50 ? 1 : 4;
  return strides.map((stride, i) => ({
    channels: planes * expansion * 2 ** i,
    height: height / stride,
    width: width / stride,
    spatial: branch.includes('s'),
    channel: branch === 'sc' || branch === 'c',
    ratios,
    form,
    gammaInit,
  }));
}

/**
 * Refuses a size of pictures that is too small for the attention, before anything is built.
 *
 * @throws ShapeError naming the map that is too small
 */
export function checkRGA(options: RGAOptions): void {
  const modules = rgaModules(options);
  if ((options.branch ?? 'sc') !== 'none') for (const module of modules) rgaWidths(module);
}

/** A residual network with an attention module behind each stage. */
export class RGABackbone extends ResNet {
  readonly rga_att1: RGAModule | undefined;
  readonly rga_att2: RGAModule | undefined;
  readonly rga_att3: RGAModule | undefined;
  readonly rga_att4: RGAModule | undefined;

  constructor(options: RGAOptions) {
    super(options.backbone ?? RESNET50);
    const modules = rgaModules(options);
    const attention = (i: number) => (options.branch === 'none' ? undefined : new RGAModule(modules[i]!));
    this.rga_att1 = attention(0);
    this.rga_att2 = attention(1);
    this.rga_att3 = attention(2);
    this.rga_att4 = attention(3);
  }

  /** The maps behind each stage and its attention. */
  stages(images: Tensor): Tensor[] {
    const layers = [this.layer1, this.layer2, this.layer3, this.layer4];
    const attention = [this.rga_att1, this.rga_att2, this.rga_att3, this.rga_att4];
    const maps: Tensor[] = [];
    layers.reduce((x, layer, i) => {
      const y = layer.forward(x);
      maps.push(attention[i]?.forward(y) ?? y);
      return maps[i]!;
    }, this.stem(images));
    return maps;
  }

  override forward(images: Tensor): Tensor {
    return this.stages(images).at(-1)!;
  }
}

/** What an RGA model knows of pictures: before and behind the last norm, [N, C] each. */
export interface RGAFeatures {
  readonly pooled: Tensor;
  readonly normed: Tensor;
}

/**
 * Relation-aware global attention for re-identification (Zhang et al., CVPR 2020): the averaged map for the triplet loss, a
 * batch norm whose shift stays 0, and a classifier behind it. Names of parameters are the original's, whose checkpoints load.
 *
 * @example
 *   const model = new RGA({ height: 256, width: 128 }, 767);
 *   model.eval().forward(images); // [N, 2048]
 */
export class RGA extends Module implements ReidModel {
  readonly backbone: RGABackbone;
  readonly feat_bn: BatchNorm1d;
  readonly dropout: Dropout | undefined;
  readonly cls: Linear;
  readonly #feature: NonNullable<RGAOptions['feature']>;

  /**
   * @param identities of the training set
   * @throws ShapeError where the pictures are too small for the attention
   */
  constructor(options: RGAOptions, identities: number) {
    super();
    const { dropout = 0, feature = 'norm' } = options;
    this.#feature = feature;
    this.backbone = new RGABackbone(options);
    const channels = this.backbone.outputs;
    this.feat_bn = new BatchNorm1d(channels);
    this.feat_bn.bias!.requiresGrad = false;
    this.dropout = dropout > 0 ? new Dropout(dropout) : undefined;
    this.cls = new Linear(channels, identities, { bias: false });
    init.normal_(this.cls.weight, 0, 0.001);
  }

  features(images: Tensor): RGAFeatures {
    const pooled = mean(this.backbone.forward(images), [2, 3]);
    return { pooled, normed: this.feat_bn.forward(pooled) };
  }

  losses(images: Tensor): TrainingOutput {
    const { pooled, normed } = this.features(images);
    return { features: [pooled], logits: [this.cls.forward(this.dropout?.forward(normed) ?? normed)] };
  }

  forward(images: Tensor): Tensor {
    const { pooled, normed } = this.features(images);
    if (this.#feature === 'logits') return this.cls.forward(normed);
    return this.#feature === 'norm' ? normed : pooled;
  }
}
