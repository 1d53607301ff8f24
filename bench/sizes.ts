import { grad } from '../engine/autograd.js';
import { mulScalar } from '../engine/ops/unary.js';
import { randn, uniform } from '../engine/random.js';
import type { Shape } from '../engine/shape.js';
import { type Tensor, tensor } from '../engine/tensor.js';

/** Images in a batch: few, so that a software adapter is done in time. */
export const BATCH = 8;

/** Where a ResNet-50 on images of 256 × 128 stands (its last stride is 1, as re-identification wants it): channels, height, width. */
export const STAGES = {
  image: [3, 256, 128],
  stem: [64, 128, 64],
  /** Behind the max pool, and the width of the 3×3 convolutions of layer1. */
  narrow1: [64, 64, 32],
  layer1: [256, 64, 32],
  narrow2: [128, 32, 16],
  layer2: [512, 32, 16],
  narrow3: [256, 16, 8],
  layer3: [1024, 16, 8],
  narrow4: [512, 16, 8],
  layer4: [2048, 16, 8],
} as const;

export type Stage = keyof typeof STAGES;

/** Features of an image, and the identities of Market-1501's training set. */
export const FEATURES = 2048;
export const IDENTITIES = 751;
/** Images of a batch of 16 identities × 4. */
export const P_K = 64;

/** A batch of activations. */
export const activation = (stage: Stage): Tensor => randn([BATCH, ...STAGES[stage]], { requiresGrad: true });

export const random = (shape: Shape): Tensor => randn(shape, { requiresGrad: true });

/** Numbers in (0, 1). */
export const fraction = (shape: Shape): Tensor => uniform(shape, 0.01, 0.99, { requiresGrad: true });

/** int32 indices below `most`, spread evenly. */
export const indices = (shape: Shape, most: number): Tensor =>
  tensor(
    Int32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, (_, i) => (i * 7919) % most),
    shape,
  );

/** The way back of y to `inputs`, which may be walked again and again. */
export function backwardOf(y: Tensor, inputs: readonly Tensor[]): () => unknown {
  const gradients = [mulScalar(y.detach(), 0.1)];
  return () => grad([y], inputs, { gradients, retainGraph: true });
}
