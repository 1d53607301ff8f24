// ONNX Runtime Web as a program of the comparison: its WebGPU execution provider, on graphs of one case each.

import * as ort from 'onnxruntime-web/webgpu';
import { shapeOf } from '../../dist/bench/peers/cases.js';
import { provideNavigatorGpu, versionOf } from '../../dist/bench/peers/dawn.js';
import { onnxModel } from '../../dist/bench/peers/onnx-model.js';
import { serve } from '../../dist/bench/peers/serve.js';

const adapter = await provideNavigatorGpu();
// One thread: kernels run on the GPU, and more would need workers.
ort.env.wasm.numThreads = 1;
// As the others ask for it, where a machine has two GPUs.
ort.env.webgpu.powerPreference = 'high-performance';

/** The first version with Attention. */
const OPSET = 23;

let device;

/** A graph as work: inputs and outputs stay on the GPU; `constants` names the inputs that are part of the model. */
const graph =
  (make, constants = []) =>
  async (given) => {
    const fed = given.inputs.filter(({ name }) => !constants.includes(name));
    const own = constants.map((name) => [name, { shape: shapeOf(given, name), data: given.input(name) }]);
    const { nodes, numbers = {} } = make(given);
    const model = onnxModel({
      inputs: Object.fromEntries(fed.map(({ name, shape }) => [name, shape])),
      outputs: Object.fromEntries(given.outputs.map(({ name, shape }) => [name, shape])),
      constants: { ...Object.fromEntries(own), ...numbers },
      nodes,
      opset: OPSET,
    });
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
      graphOptimizationLevel: 'all',
    });
    device = await ort.env.webgpu.device;
    const buffers = fed.map(({ name }) => {
      const data = given.input(name);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      const buffer = device.createBuffer({ size: data.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    });
    const feeds = Object.fromEntries(
      fed.map(({ name, shape }, i) => [
        name,
        ort.Tensor.fromGpuBuffer(buffers[i], { dataType: 'float32', dims: shape }),
      ]),
    );
    return {
      run: () => session.run(feeds),
      release: async () => {
        await session.release();
        for (const buffer of buffers) buffer.destroy();
      },
    };
  };

const node = (type, inputs, outputs, attributes = {}) => ({ type, inputs, outputs, attributes });

const convolution = ({ groups }) => ({
  nodes: [node('Conv', ['x', 'weight'], ['y'], { group: groups, kernel_shape: [3, 3], pads: [1, 1, 1, 1] })],
});

/** |y|² − 2 x yᵀ is one Gemm. */
const pairDistances = () => ({
  nodes: [
    node('Mul', ['x', 'x'], ['xx']),
    node('ReduceSum', ['xx', 'axis'], ['rows'], { keepdims: 1 }),
    node('Mul', ['y', 'y'], ['yy']),
    node('ReduceSum', ['yy', 'axis'], ['columns'], { keepdims: 0 }),
    node('Gemm', ['x', 'y', 'columns'], ['products'], { alpha: { float: -2 }, transB: 1 }),
    node('Add', ['products', 'rows'], ['sums']),
    node('Relu', ['sums'], ['d']),
  ],
  numbers: { axis: { shape: [1], data: BigInt64Array.of(1n) } },
});

const NO_BACKWARD = 'ONNX Runtime Web has no gradients';

serve({
  version: versionOf('onnxruntime-web'),
  adapter,
  prepare: {
    matmul: graph(() => ({ nodes: [node('MatMul', ['a', 'b'], ['c'])] })),
    conv: graph(convolution, ['weight']),
    attention: graph(() => ({ nodes: [node('Attention', ['q', 'k', 'v'], ['y'])] })),
    pairDistances: graph(pairDistances),
  },
  missing: { convBackward: NO_BACKWARD, blockStep: NO_BACKWARD },
  finish: () => device.queue.onSubmittedWorkDone(),
  read: (output) => output.getData(),
  drop: (output) => output.dispose(),
});
