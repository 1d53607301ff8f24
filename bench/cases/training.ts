import { backward } from '../../engine/autograd.js';
import { zeroGrad } from '../../engine/nn/parameter.js';
import { add, mul, sub } from '../../engine/ops/arithmetic.js';
import { conv2d } from '../../engine/ops/conv.js';
import { batchNorm } from '../../engine/ops/norm.js';
import { mean } from '../../engine/ops/reduce.js';
import { relu } from '../../engine/ops/unary.js';
import { Adam, AdamW, clipGradNorm, GradScaler, RMSprop, SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import type { Tensor } from '../../engine/tensor.js';
import { updateMemoryTable } from '../../reid/losses/memory-table.js';
import { clipFactor, largestBits, scaleBy, scaleVerdict, squareSums } from '../../shaders/gradients.js';
import { updateMemory } from '../../shaders/memory-table.js';
import { update } from '../../shaders/optim.js';
import { type Case, kernels } from '../case.js';
import { FEATURES, IDENTITIES, indices, P_K, random } from '../sizes.js';

/** The parameters of a bottleneck of layer3, with gradients. */
function bottleneck(): Tensor[] {
  const shapes = [[256, 1024, 1, 1], [256], [256], [256, 256, 3, 3], [256], [256], [1024, 256, 1, 1], [1024], [1024]];
  return shapes.map((shape) => {
    const parameter = random(shape);
    parameter.grad = random(shape).detach();
    return parameter;
  });
}

const optimisers = [
  ['sgd', (parameters: Tensor[]) => new SGD(parameters, { lr: 1e-9 })],
  ['sgdMomentum', (parameters: Tensor[]) => new SGD(parameters, { lr: 1e-9, momentum: 0.9, nesterov: true })],
  ['adam', (parameters: Tensor[]) => new Adam(parameters, { lr: 1e-9 })],
  ['adamW', (parameters: Tensor[]) => new AdamW(parameters, { lr: 1e-9 })],
  ['rmsprop', (parameters: Tensor[]) => new RMSprop(parameters, { lr: 1e-9 })],
] as const;

const clip = (kernel: string, factory: Case['of'][number]) =>
  kernels(kernel, [factory], [kernel], () => {
    const parameters = bottleneck();
    return () => clipGradNorm(parameters, 1e9);
  });

/** conv, norm, ReLU, conv, norm, the sum with the input, ReLU; mean square loss, all gradients, one step of SGD. */
function blockStep(): () => unknown {
  const [n, c, h, w] = [8, 64, 32, 16];
  const [x, target] = [random([n, c, h, w]), random([n, c, h, w]).detach()];
  const weights = [0, 1].map(() => {
    const t = mul(random([c, c, 3, 3]).detach(), 1 / Math.sqrt(9 * c));
    t.requiresGrad = true;
    return t;
  });
  const affine = [0, 1].map(() => ({ weight: random([c]), bias: random([c]), training: true }) as const);
  const parameters = [...weights, ...affine.flatMap(({ weight, bias }) => [weight, bias])];
  const optimiser = new SGD(parameters, { lr: 1e-4 });
  return () =>
    scope(() => {
      const first = relu(batchNorm(conv2d(x, weights[0]!, undefined, { padding: 1 }), affine[0]!));
      const second = batchNorm(conv2d(first, weights[1]!, undefined, { padding: 1 }), affine[1]!);
      const off = sub(relu(add(second, x)), target);
      backward(mean(mul(off, off)));
      optimiser.step();
      optimiser.zeroGrad();
      zeroGrad([x]);
    });
}

export const training: readonly Case[] = [
  { name: 'block_step', of: [update], prepare: blockStep },
  ...optimisers.map(([name, make]) =>
    kernels(name, [update], [name], () => {
      const optimiser = make(bottleneck());
      optimiser.step();
      return () => optimiser.step();
    }),
  ),
  clip('squareSums', squareSums),
  clip('clipFactor', clipFactor),
  clip('scaleBy', scaleBy),
  kernels('loss_scale', [largestBits, scaleVerdict], ['largestBits', 'scaleVerdict'], () => {
    const optimiser = new SGD(bottleneck(), { lr: 1e-4 });
    const scaler = new GradScaler();
    return () => scaler.step(optimiser);
  }),
  ...[false, true].map((hardest) =>
    kernels(hardest ? 'updateMemory_hardest' : 'updateMemory', [updateMemory], ['updateMemory'], () => {
      const [memory, features] = [random([IDENTITIES, FEATURES]).detach(), random([P_K, FEATURES]).detach()];
      const labels = indices([P_K], IDENTITIES);
      return () => updateMemoryTable(memory, features, labels, { momentum: 0.5, hardest });
    }),
  ),
];
