// TensorFlow.js as a program of the comparison. Images are NHWC and weights HWIO, as it wants them; what is compared is brought
// into the cases' order when it is read, outside of the time.

import { createRequire } from 'node:module';
import { parametersOf, shapeOf } from '../../dist/bench/peers/cases.js';
import { provideNavigatorGpu, versionOf } from '../../dist/bench/peers/dawn.js';
import { serve } from '../../dist/bench/peers/serve.js';

const adapter = await provideNavigatorGpu();
// Its ES modules import each other without file extensions, which Node refuses; the CommonJS ones work.
const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-webgpu');
if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js has no WebGPU backend here.');
await tf.ready();
const backend = tf.backend();

const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];
const TO_HWIO = [2, 3, 1, 0];
const TO_OIHW = [3, 2, 0, 1];
const EPS = 1e-5;

const isWeight = (name) => /^d?weight/.test(name);

/** An input in TensorFlow's order of dimensions. */
const inputOf = (given, name) =>
  tf.tidy(() => {
    const made = tf.tensor(given.input(name), [...shapeOf(given, name)]);
    if (made.rank !== 4) return made;
    return tf.transpose(made, isWeight(name) ? TO_HWIO : TO_NHWC);
  });

/** An output in the case's order of dimensions. */
async function readImage(output, name) {
  if (output.rank !== 4) return output.data();
  const turned = tf.transpose(output, isWeight(name) ? TO_OIHW : TO_NCHW);
  const numbers = await turned.data();
  turned.dispose();
  return numbers;
}

/** A function of the inputs that gives the outputs by name. */
const plain =
  (make, { images = false, note } = {}) =>
  (given) => {
    const inputs = given.inputs.map(({ name }) =>
      images ? inputOf(given, name) : tf.tensor(given.input(name), [...shapeOf(given, name)]),
    );
    const f = make(given);
    return {
      run: () => tf.tidy(() => f(...inputs)),
      ...(images && { read: readImage }),
      ...(given.groups > 1 && note && { note }),
      release: () => tf.dispose(inputs),
    };
  };

const conv = (x, weight) => tf.conv2d(x, weight, 1, 'same');

/** The kernels that its gradients run, without the forward that `tf.grads` would run first. */
function convGradients(x, weight, dy) {
  const how = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
  const kernel = (name, inputs, attributes) => tf.engine().runKernel(name, inputs, { ...how, ...attributes });
  return {
    dx: kernel('Conv2DBackpropInput', { dy, filter: weight }, { inputShape: x.shape }),
    dweight: kernel('Conv2DBackpropFilter', { x, dy }, { filterShape: weight.shape }),
  };
}

const GROUPS_NOTE = 'it has no groups: a convolution of a slice for each, joined';

/** Channels last, weights by output channel last: each group's own part of both. */
const parts = (groups, ...tensors) => {
  const cut = tensors.map((one) => tf.split(one, groups, 3));
  return Array.from({ length: groups }, (_, i) => cut.map((one) => one[i]));
};

const grouped = (groups, f) => (x, weight) =>
  groups === 1
    ? f(x, weight)
    : tf.concat(
        parts(groups, x, weight).map((part) => f(...part)),
        3,
      );

const groupedGradients = (groups) => (x, weight, dy) => {
  if (groups === 1) return convGradients(x, weight, dy);
  const found = parts(groups, x, weight, dy).map((part) => convGradients(...part));
  return Object.fromEntries(
    ['dx', 'dweight'].map((name) => [
      name,
      tf.concat(
        found.map((one) => one[name]),
        3,
      ),
    ]),
  );
};

function attention(q, k, v) {
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1)));
  return { y: tf.matMul(tf.softmax(scores), v) };
}

function pairDistances(x, y) {
  const lengths = tf.add(tf.sum(tf.square(x), 1).expandDims(1), tf.sum(tf.square(y), 1).expandDims(0));
  return { d: tf.relu(tf.sub(lengths, tf.mul(tf.matMul(x, y, false, true), 2))) };
}

function batchNorm(x, gamma, beta) {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(x, mean, variance, beta, gamma, EPS);
}

function blockStep(given) {
  const names = parametersOf(given);
  const variables = Object.fromEntries(
    ['x', ...names].map((name) => [name, tf.variable(inputOf(given, name), true, name)]),
  );
  const { x, weight1, gamma1, beta1, weight2, gamma2, beta2 } = variables;
  const target = inputOf(given, 'target');
  const optimiser = tf.train.sgd(given.lr);
  const loss = () => {
    const first = tf.relu(batchNorm(conv(x, weight1), gamma1, beta1));
    const second = batchNorm(conv(first, weight2), gamma2, beta2);
    return tf.mean(tf.square(tf.sub(tf.relu(tf.add(second, x)), target)));
  };
  return {
    run: () => {
      const { value, grads } = tf.variableGrads(loss, Object.values(variables));
      const { x: dx, ...gradients } = grads;
      optimiser.applyGradients(gradients);
      tf.dispose(gradients);
      return { loss: value, dx };
    },
    state: () => Object.fromEntries(names.map((name) => [name, variables[name]])),
    read: readImage,
    release: () => {
      tf.dispose([target, ...Object.values(variables)]);
      optimiser.dispose();
    },
  };
}

const imagesWithGroups = { images: true, note: GROUPS_NOTE };

serve({
  version: versionOf('@tensorflow/tfjs-backend-webgpu'),
  adapter,
  prepare: {
    matmul: plain(() => (a, b) => ({ c: tf.matMul(a, b) })),
    conv: plain(
      ({ groups }) =>
        (x, weight) => ({ y: grouped(groups, conv)(x, weight) }),
      imagesWithGroups,
    ),
    convBackward: plain(({ groups }) => groupedGradients(groups), imagesWithGroups),
    attention: plain(() => attention),
    pairDistances: plain(() => pairDistances),
    blockStep,
  },
  finish: () => {
    // It collects dispatches before it submits them.
    backend.endComputePassEncoder();
    backend.submitQueue();
    return backend.device.queue.onSubmittedWorkDone();
  },
  read: (output) => output.data(),
  drop: (output) => output.dispose(),
});
