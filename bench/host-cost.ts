import { parseArgs } from 'node:util';
import {
  backward,
  crossEntropy,
  type Gpu,
  manualSeed,
  openGpu,
  scope,
  staticStep,
  type Tensor,
  tensor,
} from '../engine/index.js';
import { Adam } from '../engine/optim/index.js';
import { Baseline } from '../reid/models/baseline.js';

const HELP = `node dist/bench/host-cost.js [--json]

What a training step (small ResNet-18, 4 pictures of 32×16, Adam) costs the main thread until everything is submitted, run
plainly and replayed: milliseconds, microseconds a dispatch, submits; medians. In the last line the three calls a dispatch
makes into Dawn do nothing: what is left is JavaScript, and Dawn's submit of an empty pass.`;

const STEPS = 120;
const IDENTITIES = 10;
const SHAPE = [4, 3, 32, 16] as const;
const WAYS = ['plain', 'replayed', 'replayed without Dawn'] as const;
const CALLS = ['setPipeline', 'setBindGroup', 'dispatchWorkgroups'] as const;

interface Cost {
  readonly way: (typeof WAYS)[number];
  readonly dispatches: number;
  readonly submits: number;
  /** Median milliseconds of the main thread a step. */
  readonly ms: number;
  readonly usPerDispatch: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Makes the calls that encode a dispatch do nothing; returns how to undo it. */
function silence(gpu: Gpu): () => void {
  const pass = gpu.device.createCommandEncoder().beginComputePass();
  const prototype = Object.getPrototypeOf(pass) as GPUComputePassEncoder;
  const before = Object.getOwnPropertyDescriptors(prototype);
  for (const call of CALLS) Object.defineProperty(prototype, call, { ...before[call], value: () => {} });
  return () => {
    for (const call of CALLS) Object.defineProperty(prototype, call, before[call]);
  };
}

async function cost(gpu: Gpu, way: Cost['way']): Promise<Cost> {
  manualSeed(1);
  const model = new Baseline({ depth: 18, width: 16, stem: 'small', stemStride: 2 }, IDENTITIES);
  model.train();
  const optimiser = new Adam(model.parameters(), { lr: 1e-3 });
  const update = (images: Tensor, labels: Tensor) => {
    const loss = crossEntropy(model.losses(images).logits[0]!, labels);
    backward(loss);
    optimiser.step();
    optimiser.zeroGrad();
    return loss.detach();
  };
  const recorded = staticStep(update);
  const images = new Float32Array(SHAPE.reduce((n, m) => n * m, 1)).map((_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: SHAPE[0] }, (_, i) => i);
  const times: number[] = [];
  let undo = () => {};
  let counts = { dispatches: 0, submits: 0 };
  for (let i = 0; i < STEPS; i++) {
    if (way === 'replayed without Dawn' && i === STEPS / 4) undo = silence(gpu);
    const before = gpu.queue.counts;
    const start = performance.now();
    const flushed = scope(() => {
      (way === 'plain' ? update : recorded)(tensor(images, SHAPE), tensor(labels, [SHAPE[0]]));
      // Encoding and submitting happen before this returns; what is left are promises.
      return gpu.flush();
    });
    if (i >= STEPS / 4) times.push(performance.now() - start);
    await flushed;
    const after = gpu.queue.counts;
    counts = { dispatches: after.dispatches - before.dispatches, submits: after.submits - before.submits };
    await gpu.finish();
  }
  undo();
  await recorded.release();
  const ms = median(times);
  return { way, ...counts, ms, usPerDispatch: (1000 * ms) / counts.dispatches };
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(HELP);
} else {
  const gpu = await openGpu();
  const costs: Cost[] = [];
  for (const way of WAYS) costs.push(await cost(gpu, way));
  if (values.json) console.log(JSON.stringify({ adapter: gpu.name, costs }));
  else {
    console.log(`${gpu.name}\n`);
    for (const { way, dispatches, submits, ms, usPerDispatch } of costs) {
      console.log(
        `${way.padEnd(21)} ${dispatches} dispatches, ${submits} submits, ${ms.toFixed(2)} ms, ${usPerDispatch.toFixed(2)} µs a dispatch`,
      );
    }
  }
  gpu.close();
}
