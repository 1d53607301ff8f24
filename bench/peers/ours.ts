// This engine as a program of the comparison.

import { readFileSync } from 'node:fs';
import { backward, grad } from '../../engine/autograd.js';
import { openGpu } from '../../engine/gpu.js';
import { add, mul, sub } from '../../engine/ops/arithmetic.js';
import { scaledDotProductAttention } from '../../engine/ops/attention.js';
import { conv2d } from '../../engine/ops/conv.js';
import { squaredEuclidean } from '../../engine/ops/distance.js';
import { matmul } from '../../engine/ops/matmul.js';
import { batchNorm } from '../../engine/ops/norm.js';
import { mean } from '../../engine/ops/reduce.js';
import { relu } from '../../engine/ops/unary.js';
import { SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { parametersOf, shapeOf } from './cases.js';
import type { Given, Served, Work } from './serve.js';

type Inputs = Record<string, Tensor>;

/** The inputs of a case on the GPU, those named with gradients. */
function inputsOf(given: Given, differentiable: readonly string[] = []): Inputs {
  return Object.fromEntries(
    given.inputs.map(({ name }) => {
      const made = tensor(given.input(name), shapeOf(given, name), { requiresGrad: differentiable.includes(name) });
      return [name, made];
    }),
  );
}

const releaser = (inputs: Inputs) => () => {
  for (const input of Object.values(inputs)) input.storage.release();
};

/** A case without gradients: a function of its inputs. */
const plain =
  (output: string, f: (inputs: Inputs, given: Given) => Tensor) =>
  (given: Given): Work<Tensor> => {
    const inputs = inputsOf(given);
    return { run: () => ({ [output]: scope(() => f(inputs, given)) }), release: releaser(inputs) };
  };

function convBackward(given: Given): Work<Tensor> {
  const inputs = inputsOf(given, ['x', 'weight']);
  const { x, weight, dy } = inputs as { x: Tensor; weight: Tensor; dy: Tensor };
  const y = conv2d(x, weight, undefined, { padding: 1, groups: given.groups });
  return {
    run: () =>
      scope(() => {
        const [dx, dweight] = grad([y], [x, weight], { gradients: [dy], retainGraph: true });
        return { dx: dx!, dweight: dweight! };
      }),
    release: () => {
      y.storage.release();
      releaser(inputs)();
    },
  };
}

function blockStep(given: Given): Work<Tensor> {
  const names = parametersOf(given);
  const inputs = inputsOf(given, ['x', ...names]);
  const { x, target, weight1, gamma1, beta1, weight2, gamma2, beta2 } = inputs as Record<string, Tensor>;
  const optimiser = new SGD(
    names.map((name) => inputs[name]!),
    { lr: given.lr },
  );
  const layer = (input: Tensor, weights: Tensor, weight: Tensor, bias: Tensor) =>
    batchNorm(conv2d(input, weights, undefined, { padding: 1 }), { weight, bias, training: true });
  return {
    run: () =>
      scope(() => {
        const first = relu(layer(x!, weight1!, gamma1!, beta1!));
        const off = sub(relu(add(layer(first, weight2!, gamma2!, beta2!), x!)), target!);
        const loss = mean(mul(off, off));
        backward(loss);
        optimiser.step();
        optimiser.zeroGrad();
        const dx = x!.grad!;
        x!.grad = undefined;
        return { loss: loss.detach(), dx };
      }),
    state: () => Object.fromEntries(names.map((name) => [name, inputs[name]!])),
    release: releaser(inputs),
  };
}

/** The cases in this engine. */
export const preparations: Required<Served<Tensor>['prepare']> = {
  matmul: plain('c', ({ a, b }) => matmul(a!, b!)),
  conv: plain('y', ({ x, weight }, { groups }) => conv2d(x!, weight!, undefined, { padding: 1, groups })),
  convBackward,
  attention: plain('y', ({ q, k, v }) => scaledDotProductAttention(q!, k!, v!)),
  pairDistances: plain('d', ({ x, y }) => squaredEuclidean(x!, y!)),
  blockStep,
};

/** Opens the GPU and makes this engine a program. */
export async function ourProgram(): Promise<Served<Tensor>> {
  const gpu = await openGpu();
  const file = new URL('../../../package.json', import.meta.url);
  return {
    version: (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version,
    adapter: gpu.name,
    prepare: preparations,
    finish: () => gpu.finish(),
    read: async (output) => (await output.read()) as Float32Array,
    drop: (output) => output.storage.release(),
  };
}
