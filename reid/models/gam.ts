import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  convNorm,
  Dropout,
  init,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from '../../engine/nn/index.js';
import { add } from '../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../engine/ops/distance.js';
import { mean } from '../../engine/ops/reduce.js';
import { relu } from '../../engine/ops/unary.js';
import type { Tensor } from '../../engine/tensor.js';
import { GAMAttention } from './gam-attention.js';
import { GAM_R50, type GAMOptions } from './gam-options.js';
import type { RetrievalModel } from './model.js';

/** Groups of a convolution by its name in the trunk, as `layer3.0.conv2` or `layer3.0.downsample.0`. */
export type GroupsOf = (layer: string) => number;

/** The groups that the switches ask for. */
export function groupsOf({ groups, groupedStages, groupDownsample }: Required<GAMOptions>): GroupsOf {
  return (layer) => {
    const grouped = groupedStages.includes(Number(/^layer(\d)/.exec(layer)?.[1]));
    return grouped && (groupDownsample || !layer.includes('downsample')) ? groups : 1;
  };
}

const conv1x1 = (inputs: number, outputs: number, groups: number, stride = 1): Conv2d =>
  new Conv2d(inputs, outputs, 1, { stride, groups, bias: false });

/** A bottleneck of grouped convolutions with attention before the sum; [N, in, H, W] → [N, 4 planes, H/stride, W/stride]. */
export class GAMBottleneck extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | undefined;
  readonly gam: GAMAttention | undefined;
  readonly #options: Required<GAMOptions>;

  /** @param name of the block in the trunk, as `layer1.0` */
  constructor(
    name: string,
    sizes: { readonly inputs: number; readonly planes: number; readonly stride: number; readonly attends: boolean },
    options: Required<GAMOptions>,
    groups: GroupsOf,
  ) {
    super();
    const { inputs, planes, stride, attends } = sizes;
    const outputs = 4 * planes;
    this.#options = options;
    this.conv1 = conv1x1(inputs, planes, groups(`${name}.conv1`));
    this.bn1 = new BatchNorm2d(planes);
    const inner = { stride, padding: 1, groups: groups(`${name}.conv2`), bias: false };
    this.conv2 = new Conv2d(planes, planes, 3, inner);
    this.bn2 = new BatchNorm2d(planes);
    this.conv3 = conv1x1(planes, outputs, groups(`${name}.conv3`));
    this.bn3 = new BatchNorm2d(outputs);
    this.downsample = name.endsWith('.0')
      ? new Sequential(conv1x1(inputs, outputs, groups(`${name}.downsample.0`), stride), new BatchNorm2d(outputs))
      : undefined;
    this.apply(initialise);
    this.gam = attends
      ? new GAMAttention({ ...options, channels: outputs, groups: groups(`${name}.conv3`) })
      : undefined;
  }

  forward(x: Tensor): Tensor {
    const y = convNorm(this.conv1, this.bn1, x, { relu: true });
    const z = convNorm(this.conv2, this.bn2, y, { relu: true });
    const skip = this.#skip(x);
    if (!this.gam) return convNorm(this.conv3, this.bn3, z, { residual: skip, relu: true });
    const attended = this.gam.forward(convNorm(this.conv3, this.bn3, z));
    return relu(this.#options.combine === 'mul' ? attended : add(attended, skip));
  }

  #skip(x: Tensor): Tensor {
    if (!this.downsample) return x;
    const [conv, norm] = this.downsample.layers as [Conv2d, BatchNorm2d];
    return convNorm(conv, norm, x);
  }
}

/** Convolutions N(0, 2 / fan_out), a grouped one's fan not divided by its groups; norms begin at 1 and 0 by themselves. */
function initialise(module: Module): void {
  if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
}

/** Images [N, 3, H, W] → the last map [N, outputs, H/32, W/32] (less where the stem or the last stride is smaller). */
export class GAMTrunk extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly #maxpool: MaxPool2d | undefined;
  /** Channels of the last map. */
  readonly outputs: number;

  constructor(options: Required<GAMOptions>, groups: GroupsOf = groupsOf(options)) {
    super();
    const { width, stem, stemStride, blocks, lastStride, attentionIn } = options;
    const kernel = stem === 'imagenet' ? 7 : 3;
    this.conv1 = new Conv2d(3, width, kernel, { stride: stemStride, padding: (kernel - 1) / 2, bias: false });
    initialise(this.conv1);
    this.bn1 = new BatchNorm2d(width);
    this.#maxpool = stem === 'imagenet' ? new MaxPool2d(3, { stride: 2, padding: 1 }) : undefined;
    let inputs = width;
    const stage = (index: number, first: number): Sequential => {
      const planes = width * 2 ** index;
      const count = blocks[index]!;
      const layers = Array.from({ length: count }, (_, i) => {
        const attends = attentionIn === 'everyBlock' || (attentionIn === 'stageEnds' && i === count - 1);
        const sizes = { inputs, planes, stride: i === 0 ? first : 1, attends };
        inputs = 4 * planes;
        return new GAMBottleneck(`layer${index + 1}.${i}`, sizes, options, groups);
      });
      return new Sequential(...layers);
    };
    this.layer1 = stage(0, 1);
    this.layer2 = stage(1, 2);
    this.layer3 = stage(2, 2);
    this.layer4 = stage(3, lastStride);
    this.outputs = inputs;
  }

  forward(images: Tensor): Tensor {
    const x = convNorm(this.conv1, this.bn1, images, { relu: true });
    const stages = [this.layer1, this.layer2, this.layer3, this.layer4];
    return stages.reduce((y, stage) => stage.forward(y), this.#maxpool?.forward(x) ?? x);
  }
}

/** The network without its head, under the name that the checkpoints have. */
class CNN extends Module {
  readonly base: GAMTrunk;

  constructor(base: GAMTrunk) {
    super();
    this.base = base;
  }

  forward(images: Tensor): Tensor {
    return this.base.forward(images);
  }
}

/** What the two losses see, [N, embedDim] each. */
export interface Embedding {
  /** Rows of length 1: for the instance loss. */
  readonly unit: Tensor;
  /** The same behind the dropout: for the clustering loss. */
  readonly dropped: Tensor;
}

/** From the averaged map to the training embedding. The spelling is that of the checkpoints. */
class EmbeddingHead extends Module {
  readonly embeding: Linear;
  readonly embeding_bn: BatchNorm1d;
  readonly #dropout: Dropout;

  constructor(inputs: number, outputs: number, dropout: number) {
    super();
    this.embeding = new Linear(inputs, outputs);
    init.normal_(this.embeding.weight, 0, Math.sqrt(2 / outputs));
    init.constant_(this.embeding.bias!, 0);
    this.embeding_bn = new BatchNorm1d(outputs);
    this.#dropout = new Dropout(dropout);
  }

  forward(pooled: Tensor): Embedding {
    const unit = l2Normalize(this.embeding_bn.forward(this.embeding.forward(pooled)));
    return { unit, dropped: this.#dropout.forward(unit) };
  }
}

/**
 * Grouped attention for unsupervised re-identification (Nikhal and Riggan, "Unsupervised attention based instance discriminative
 * learning for person re-identification", WACV 2021), reconstructed from what is published: a bottleneck network in groups that
 * only shortcuts, gates and pooled maps mix, with attention to channels and positions in its blocks.
 *
 * @example
 *   const model = new GAM();            // gam-r50
 *   new GAM(GAM_LATE);                  // the other reading
 *   model.eval().forward(images);       // [N, 2048], rows of length 1
 */
export class GAM extends Module implements RetrievalModel {
  readonly CNN: CNN;
  readonly avg_pooling: EmbeddingHead;

  /** @param groups of single convolutions, where they are not what the switches say: of a checkpoint's shapes */
  constructor(options: GAMOptions = {}, groups?: GroupsOf) {
    super();
    const all = { ...GAM_R50, ...options };
    const base = new GAMTrunk(all, groups ?? groupsOf(all));
    this.CNN = new CNN(base);
    this.avg_pooling = new EmbeddingHead(base.outputs, all.embedDim, all.dropout);
  }

  get trunk(): GAMTrunk {
    return this.CNN.base;
  }

  /** Images [N, 3, H, W] → what the losses see. */
  embed(images: Tensor): Embedding {
    return this.avg_pooling.forward(this.pooled(images));
  }

  /** Images [N, 3, H, W] → the average of the map [N, C]. */
  pooled(images: Tensor): Tensor {
    return mean(this.CNN.forward(images), [2, 3]);
  }

  /** Images [N, 3, H, W] → what clustering and retrieval compare [N, C]: the averaged map over its length. */
  forward(images: Tensor): Tensor {
    return l2Normalize(this.pooled(images));
  }
}

/** Refuses switches that make no network, naming the one that is wrong. */
export function checkGAM({
  groups,
  width,
  blocks,
  groupedStages,
  spatialKernel,
  reduction,
  gate,
  gateBias,
  gateStart,
  spatialBN,
}: Required<GAMOptions>): void {
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new RangeError(`GAM: ${what}.`);
  };
  need(Number.isInteger(groups) && groups >= 1, `groups is ${groups}; it should be a whole number of at least 1`);
  need(width % groups === 0, `width ${width} does not divide into ${groups} groups`);
  need(
    blocks.length === 4 && blocks.every((n) => Number.isInteger(n) && n >= 1),
    `blocks is [${blocks}]; it should be four whole numbers of at least 1`,
  );
  need(
    groupedStages.every((stage) => [1, 2, 3, 4].includes(stage)),
    `groupedStages is [${groupedStages}]; stages are numbered 1 to 4`,
  );
  need(spatialKernel % 2 === 1, `spatialKernel is ${spatialKernel}; it should be odd`);
  need(
    gateStart === 'middle' || (spatialBN && (gateBias || gate !== 'mlp')),
    'gateStart open needs gateBias and spatialBN, whose biases it sets',
  );
  need(reduction >= 1, `reduction is ${reduction}; it should be at least 1`);
}
