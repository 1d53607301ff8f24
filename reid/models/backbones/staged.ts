import type { BatchNorm2d, Module, Sequential } from '../../../engine/nn/index.js';
import type { Tensor } from '../../../engine/tensor.js';

/** A backbone of a stem and four stages, between which attention can stand. */
export interface StagedBackbone extends Module {
  /** The last norm of the stem. */
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  /** Channels behind each stage. */
  readonly stageOutputs: readonly number[];
  /** How much smaller than the picture the map behind each stage is. */
  readonly stageStrides: readonly number[];
  /** Channels of the features. */
  readonly outputs: number;
  /** Images [N, 3, H, W] → what the first stage reads. */
  stem(x: Tensor): Tensor;
  /** Images [N, 3, H, W] → the map behind the last stage. */
  forward(x: Tensor): Tensor;
}
