import { checkpoint } from '../../../engine/autograd.js';
import { type BatchNorm2d, type Conv2d, Module, type Sequential } from '../../../engine/nn/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import { ResNet, type ResNetOptions } from '../backbones/resnet.js';

/** A residual network whose parts have numbers for names: those of a sequence whose ReLU and pool, 2 and 3, have no weights. */
export class Trunk extends Module {
  readonly 0: Conv2d;
  readonly 1: BatchNorm2d;
  readonly 4: Sequential;
  readonly 5: Sequential;
  readonly 6: Sequential;
  readonly 7: Sequential;
  readonly #net: ResNet;
  readonly #recompute: boolean;

  /** @param recompute keeps only what lies between the blocks of a training step, and computes each again for its gradient */
  constructor(options: ResNetOptions, recompute = false) {
    super();
    this.#recompute = recompute;
    const net = new ResNet(options);
    this.#net = net;
    this[0] = net.conv1;
    this[1] = net.bn1;
    this[4] = net.layer1;
    this[5] = net.layer2;
    this[6] = net.layer3;
    this[7] = net.layer4;
  }

  /** Channels of the map. */
  get outputs(): number {
    return this.#net.outputs;
  }

  forward(images: Tensor): Tensor {
    if (!this.#recompute) return this.#net.forward(images);
    const stem = checkpoint((x) => this.#net.stem(x!), images);
    const blocks = [this[4], this[5], this[6], this[7]].flatMap((stage) => [...stage.layers]);
    return blocks.reduce((x, block) => checkpoint((y) => block.forward(y!), x), stem);
  }
}

const STAGE = /^layer([1-4])\./;
const STEM = { 'conv1.': '0.', 'bn1.': '1.' } as const;

/** The name in a trunk of an entry of torchvision's residual network; undefined for its classifier. */
export function trunkName(name: string): string | undefined {
  const stage = STAGE.exec(name);
  if (stage) return `${3 + Number(stage[1])}.${name.slice(stage[0].length)}`;
  for (const [theirs, ours] of Object.entries(STEM)) {
    if (name.startsWith(theirs)) return ours + name.slice(theirs.length);
  }
  return undefined;
}
