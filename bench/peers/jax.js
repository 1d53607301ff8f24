// jax-js as a program of the comparison: under jit, but for distances, which it computes faster without.

import { parametersOf, shapeOf } from '../../dist/bench/peers/cases.js';
import { provideNavigatorGpu, versionOf } from '../../dist/bench/peers/dawn.js';
import { serve } from '../../dist/bench/peers/serve.js';

const adapter = await provideNavigatorGpu();
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy: np,
  valueAndGrad,
  vjp,
} = await import('@jax-js/jax');
const devices = await init('webgpu');
if (!devices.includes('webgpu')) throw new Error('jax-js has no WebGPU device.');
defaultDevice('webgpu');

const PADDING = [
  [1, 1],
  [1, 1],
];
const EPS = 1e-5;

// A function takes the arrays that it is given (`.ref` keeps one), which is how jax-js counts references.
const conv = (groups) => (x, weight) =>
  lax.convGeneralDilated(x, weight, [1, 1], PADDING, { featureGroupCount: groups });

const inputOf = (given, name) => np.array(given.input(name)).reshape([...shapeOf(given, name)]);

/** A function of the inputs that gives the outputs by name. */
const plain =
  (make, compile = jit) =>
  (given) => {
    const inputs = given.inputs.map(({ name }) => inputOf(given, name));
    const f = compile(make(given));
    return {
      run: () => f(...inputs.map((input) => input.ref)),
      release: () => {
        for (const input of inputs) input.dispose();
        f.dispose?.();
      },
    };
  };

function attention() {
  return (q, k, v) => {
    const d = q.shape.at(-1);
    const scores = np.matmul(q, np.swapaxes(k, -1, -2)).mul(1 / Math.sqrt(d));
    return { y: np.matmul(nn.softmax(scores, -1), v) };
  };
}

function pairDistances() {
  return (x, y) => {
    const lengths = (of) => np.square(of).sum(1);
    const products = np.matmul(x.ref, np.transpose(y.ref));
    const sums = lengths(x)
      .reshape([-1, 1])
      .add(lengths(y).reshape([1, -1]));
    return { d: np.maximum(sums.sub(products.mul(2)), 0) };
  };
}

function batchNorm(x, gamma, beta) {
  const [axes, line] = [
    [0, 2, 3],
    [1, -1, 1, 1],
  ];
  const mean = np.mean(x.ref, axes, { keepdims: true });
  const off = x.sub(mean);
  const variance = np.mean(np.square(off.ref), axes, { keepdims: true });
  const normal = off.div(np.sqrt(variance.add(EPS)));
  return normal.mul(gamma.reshape(line)).add(beta.reshape(line));
}

function blockStep(given) {
  const names = parametersOf(given);
  const convolve = conv(1);
  const lossOf = (x, weight1, gamma1, beta1, weight2, gamma2, beta2, target) => {
    const first = nn.relu(batchNorm(convolve(x.ref, weight1), gamma1, beta1));
    const second = batchNorm(convolve(first, weight2), gamma2, beta2);
    return np.mean(np.square(nn.relu(second.add(x)).sub(target)));
  };
  const f = jit((x, target, parameters) => {
    const all = [x, ...parameters.map((one) => one.ref), target];
    const [loss, [dx, ...gradients]] = valueAndGrad(lossOf, { argnums: [0, 1, 2, 3, 4, 5, 6] })(...all);
    return { loss, dx, next: parameters.map((one, i) => one.sub(gradients[i].mul(given.lr))) };
  });
  const [x, target] = ['x', 'target'].map((name) => inputOf(given, name));
  let parameters = names.map((name) => inputOf(given, name));
  return {
    run: () => {
      const { next, ...outputs } = f(x.ref, target.ref, parameters);
      parameters = next;
      return outputs;
    },
    state: () => Object.fromEntries(names.map((name, i) => [name, parameters[i]])),
    release: () => {
      for (const one of [x, target, ...parameters]) one.dispose();
      f.dispose?.();
    },
  };
}

serve({
  version: versionOf('@jax-js/jax'),
  adapter,
  prepare: {
    matmul: plain(() => (a, b) => ({ c: np.matmul(a, b) })),
    conv: plain(({ groups }) => (x, weight) => ({ y: conv(groups)(x, weight) })),
    convBackward: plain(({ groups }) => (x, weight, dy) => {
      const [y, back] = vjp(conv(groups), [x, weight]);
      y.dispose();
      const [dx, dweight] = back(dy);
      back.dispose?.();
      return { dx, dweight };
    }),
    attention: plain(attention),
    pairDistances: plain(pairDistances, (f) => f),
    blockStep,
  },
  finish: (outputs) => blockUntilReady(outputs),
  read: async (output) => output.ref.data(),
  drop: (output) => output.dispose(),
});
