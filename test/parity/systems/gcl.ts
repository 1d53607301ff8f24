import { BatchNorm1d, Linear, Module } from '../../../engine/nn/index.js';
import { add, mul, sub } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { mean } from '../../../engine/ops/reduce.js';
import { sum } from '../../../engine/ops/sum.js';
import { abs, mulScalar } from '../../../engine/ops/unary.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { fakeLoss, generatorLoss, realLoss } from '../../../reid/losses/gcl/adversarial.js';
import { identityLoss } from '../../../reid/losses/identity.js';
import { batchHardTriplet } from '../../../reid/losses/triplet.js';
import { ResNet } from '../../../reid/models/backbones/resnet.js';
import {
  ConvBlock,
  type ConvBlockOptions,
  MLP,
  ResidualBlock,
  type ResidualKind,
  SpacedPyramid,
} from '../../../reid/models/gcl/blocks.js';
import { Discriminator } from '../../../reid/models/gcl/discriminator.js';
import { Generator, StructureEncoder } from '../../../reid/models/gcl/generator.js';
import { IdentityNet } from '../../../reid/models/gcl/identity-net.js';
import { NonLocalBlock } from '../../../reid/models/gcl/non-local.js';
import { fill } from '../../golden/fill.js';
import type { SystemBuilder } from '../model.js';
import type { GoldenModel } from '../model-golden.js';
import { entryNames } from './names.js';
import { optimiserOf } from './optimiser.js';

/** An upstream of the file, `signed` 1.5. */
const upstream = (name: string, { shape }: Tensor): Tensor =>
  tensor(fill(name, shape, { kind: 'signed', scale: 1.5 }), shape);

/** A block alone; its loss is the sum of the output times a fill. */
const part =
  (build: (golden: GoldenModel) => Module & { forward(x: Tensor): Tensor }): SystemBuilder =>
  (golden) => {
    const model = build(golden);
    return {
      model,
      names: () => entryNames(model),
      evaluate: (x) => ({ out: model.forward(x) }),
      train: (x) => {
        const out = model.forward(x);
        return { outputs: { out }, losses: { total: sum(mul(out, upstream(`${golden.seed}/upstream`, out))) } };
      },
    };
  };

const shapeOf = (golden: GoldenModel, name: string) => golden.state_dict.find(([key]) => key === name)![1];
const STYLE = { norm: 'in', activation: 'lrelu' } as const;

/** A block of the file, told by its name: 3×3 and stride 2 with a norm, 5×5 with another activation. */
const convBlock = (options: ConvBlockOptions) =>
  part((golden) => {
    const [outputs, inputs, kernel] = shapeOf(golden, 'conv.weight') as [number, number, number];
    return new ConvBlock(inputs, outputs, kernel, options);
  });

const residualBlock = (kind: ResidualKind) =>
  part(({ inputs }) => new ResidualBlock(inputs[0]!.shape[1]!, STYLE, kind));

const REPEATED = { padding: 2, padMode: 'replicate' } as const;
const NORMED = { stride: 2, padding: 1, activation: 'lrelu' } as const;

/** Parts of the networks, by the file's names. */
export const GCL_PARTS: Readonly<Record<string, SystemBuilder>> = {
  content_encoder: part(
    ({ config }) => new StructureEncoder({ width: config.dim as number, blocks: config.n_res as number }),
  ),
  aspp: part(({ inputs }) => new SpacedPyramid(inputs[0]!.shape[1]!, STYLE)),
  resblock_basic: residualBlock('basic'),
  resblock_slim: residualBlock('slim'),
  resblock_series: residualBlock('series'),
  resblock_parallel: residualBlock('parallel'),
  nonlocal: part(({ inputs }) => new NonLocalBlock(inputs[0]!.shape[1]!)),
  mlp: part((golden) => {
    const [inner, inputs] = shapeOf(golden, 'model.0.fc.weight') as [number, number];
    return new MLP(inputs, shapeOf(golden, 'model.2.fc.weight')[0]!, inner);
  }),
  conv2dblock_bn: convBlock({ ...NORMED, norm: 'bn' }),
  conv2dblock_in: convBlock({ ...NORMED, norm: 'in' }),
  conv2dblock_ln: convBlock({ ...NORMED, norm: 'ln' }),
  conv2dblock_none: convBlock({ ...NORMED, norm: 'none' }),
  conv2dblock_relu: convBlock({ ...REPEATED, activation: 'relu' }),
  conv2dblock_prelu: convBlock({ ...REPEATED, activation: 'prelu' }),
  conv2dblock_selu: convBlock({ ...REPEATED, activation: 'selu' }),
  conv2dblock_tanh: convBlock({ ...REPEATED, activation: 'tanh' }),
};

export const generator: SystemBuilder = ({ config }) => {
  const model = new Generator({
    width: config.dim as number,
    blocks: config.n_res as number,
    codeChannels: config.id_dim as number,
    mlpWidth: config.mlp_dim as number,
    inputs: config.input_dim as number,
  });
  const draw = (mesh: Tensor, id: Tensor) => {
    const content = model.encode(mesh);
    return { content, image: model.decode(content, id) };
  };
  return {
    model,
    names: () => entryNames(model),
    evaluate: (mesh, { id }) => draw(mesh, id!),
    train: (mesh, _, { id, target }) => {
      const outputs = draw(mesh, id!);
      return { outputs, losses: { total: mean(abs(sub(outputs.image, target!))) } };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};

export const discriminator: SystemBuilder = ({ config }) => {
  const model = new Discriminator({
    width: config.dim as number,
    layers: config.n_layer as number,
    blocks: config.n_res as number,
    scales: config.num_scales as number,
  });
  const named = (prefix: string, maps: readonly Tensor[]) =>
    Object.fromEntries(maps.map((map, i) => [`${prefix}scale${i}`, map]));
  return {
    model,
    names: () => entryNames(model),
    evaluate: (fake) => named('', model.scales(fake)),
    train: (fake, _, { real }) => {
      const ofReal = realLoss(model, real!);
      return {
        outputs: { ...named('fake_', model.scales(fake)), ...named('real_', model.scales(real!)) },
        losses: {
          total: add(fakeLoss(model, fake), ofReal.total),
          regularisation: ofReal.penalty,
          generator_loss_not_in_total: generatorLoss(model, fake),
        },
      };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};

export const identityNet: SystemBuilder = ({ seed, config }) => {
  const model = new IdentityNet({});
  return {
    model,
    names: () => entryNames(model),
    evaluate: (images) => {
      const { code, embedding } = model.identify(images);
      return { feat_fix: code, bn_fix: embedding, display: code, default: model.forward(images) };
    },
    train: (images) => {
      const { code: f, embedding: bn_x } = model.identify(images);
      const share = (name: string, t: Tensor) =>
        mulScalar(sum(mul(t, upstream(`${seed}/upstream.${name}`, t))), 1 / t.shape[1]!);
      return { outputs: { f, bn_x }, losses: { total: add(share('f', f), share('b', bn_x)) } };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};

/** The other encoder of the release: numbered parts, no ReLU in the stem, a classifier. */
class NumberedNet extends Module {
  readonly base: Numbered;
  readonly feat_bn = new BatchNorm1d(2048);
  readonly classifier: Linear;

  constructor(classes: number) {
    super();
    this.base = new Numbered();
    this.feat_bn.bias!.requiresGrad = false;
    this.classifier = new Linear(2048, classes, { bias: false });
  }

  forward(images: Tensor): { readonly x: Tensor; readonly normed: Tensor } {
    const x = mean(this.base.forward(images), [2, 3]);
    return { x, normed: this.feat_bn.forward(x) };
  }
}

class Numbered extends Module {
  readonly #net = new ResNet({ depth: 50, lastStride: 1, stemRelu: false });
  readonly 0 = this.#net.conv1;
  readonly 1 = this.#net.bn1;
  readonly 3 = this.#net.layer1;
  readonly 4 = this.#net.layer2;
  readonly 5 = this.#net.layer3;
  readonly 6 = this.#net.layer4;

  forward(images: Tensor): Tensor {
    return this.#net.forward(images);
  }
}

export const numberedNet: SystemBuilder = ({ config }) => {
  const model = new NumberedNet(config.num_classes as number);
  return {
    model,
    names: () => entryNames(model),
    evaluate: (images) => ({ feat: l2Normalize(model.forward(images).normed) }),
    train: (images, labels) => {
      const { x, normed } = model.forward(images);
      const prob = model.classifier.forward(normed);
      const target = tensor(Int32Array.from(labels!), [labels!.length]);
      const cls = identityLoss(prob, target, { labelSmoothing: 0.1 });
      const tri = batchHardTriplet(x, target, 0.3);
      return { outputs: { x, prob }, losses: { cls, tri, total: add(cls, tri) } };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};
