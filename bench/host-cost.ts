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

What JavaScript costs in a training step (small ResNet-18, 4 pictures of 32×16, Adam), run plainly and replayed: milliseconds
of the main thread until everything is submitted, microseconds a dispatch, submits; medians.`;

const STEPS = 120;
const IDENTITIES = 10;
const SHAPE = [4, 3, 32, 16] as const;

interface Cost {
  readonly way: 'plain' | 'replayed';
  readonly dispatches: number;
  readonly submits: number;
  /** Median milliseconds of JavaScript a step. */
  readonly ms: number;
  readonly usPerDispatch: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function cost(gpu: Gpu, replayed: boolean): Promise<Cost> {
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
  let counts = { dispatches: 0, submits: 0 };
  for (let i = 0; i < STEPS; i++) {
    const before = gpu.queue.counts;
    const start = performance.now();
    const flushed = scope(() => {
      (replayed ? recorded : update)(tensor(images, SHAPE), tensor(labels, [SHAPE[0]]));
      // Encoding and submitting happen before this returns; what is left are promises.
      return gpu.flush();
    });
    if (i >= STEPS / 4) times.push(performance.now() - start);
    await flushed;
    const after = gpu.queue.counts;
    counts = { dispatches: after.dispatches - before.dispatches, submits: after.submits - before.submits };
    await gpu.finish();
  }
  await recorded.release();
  const ms = median(times);
  return { way: replayed ? 'replayed' : 'plain', ...counts, ms, usPerDispatch: (1000 * ms) / counts.dispatches };
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(HELP);
} else {
  const gpu = await openGpu();
  const costs = [await cost(gpu, false), await cost(gpu, true)];
  if (values.json) console.log(JSON.stringify({ adapter: gpu.name, costs }));
  else {
    console.log(`${gpu.name}\n`);
    for (const { way, dispatches, submits, ms, usPerDispatch } of costs) {
      console.log(
        `${way.padEnd(9)} ${dispatches} dispatches, ${submits} submits, ${ms.toFixed(2)} ms of JavaScript, ${usPerDispatch.toFixed(2)} µs a dispatch`,
      );
    }
  }
  gpu.close();
}
