import type { BatchNorm, Conv2d } from '../engine/nn/index.js';
import { add } from '../engine/ops/arithmetic.js';
import { maxPool2d } from '../engine/ops/pool.js';
import { relu } from '../engine/ops/unary.js';
import type { Tensor } from '../engine/tensor.js';
import { type BasicBlock, Bottleneck, type ResNet } from '../reid/models/backbones/resnet.js';

/** Residual networks with a kernel of its own for every operator: what the fused ones are measured against. */

type Block = BasicBlock | Bottleneck;

const normed = (conv: Conv2d, norm: BatchNorm, x: Tensor): Tensor => norm.forward(conv.forward(x));

/** What `block.forward(x)` computes. */
export function unfusedBlock(block: Block, x: Tensor): Tensor {
  const shortcut = block.downsample?.layers.reduce((y, layer) => layer.forward(y), x) ?? x;
  const first = relu(normed(block.conv1, block.bn1, x));
  const second = normed(block.conv2, block.bn2, first);
  const last = block instanceof Bottleneck ? normed(block.conv3, block.bn3, relu(second)) : second;
  return relu(add(last, shortcut));
}

/** What `net.forward(images)` computes; `pool` says whether a max-pool follows the stem. */
export function unfusedResNet(net: ResNet, images: Tensor, { pool }: { readonly pool: boolean }): Tensor {
  const y = relu(normed(net.conv1, net.bn1, images));
  const start = pool ? maxPool2d(y, { kernelSize: 3, stride: 2, padding: 1 }) : y;
  return [net.layer1, net.layer2, net.layer3, net.layer4]
    .flatMap((stage) => stage.layers)
    .reduce((x, block) => unfusedBlock(block as unknown as Block, x), start);
}
