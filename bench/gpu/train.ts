import {
  backward,
  crossEntropy,
  type Gpu,
  manualSeed,
  openGpu,
  optim,
  randn,
  scope,
  shares,
  type Tensor,
  tensor,
} from '../../engine/index.js';
import { add } from '../../engine/ops/arithmetic.js';
import { staticStep } from '../../engine/static-step.js';
import { batchHardTriplet } from '../../reid/losses/triplet.js';
import { Baseline } from '../../reid/models/baseline.js';
import { measured, type Sizes, type TrainWork } from './cases.js';
import { messageOf, type Part } from './part.js';
import type { TrainLine } from './results.js';

/** Steps before the clock starts, and seconds for which it runs. */
const WARM = 2;
const SECONDS = 8;
const MOST_STEPS = 40;
/** Kernels of a step's profile that are kept. */
const MOST_SHARES = 16;

/** One way of driving the step, in the order they are timed. */
const WAYS = [
  ['', 'queued one after the other'],
  [', loss read', 'the loss read after each, as training does'],
  [', static', 'recorded once and replayed'],
] as const;

type Found = Omit<TrainLine, 'part' | 'case' | 'message' | 'status'>;

/** A step of the strong baseline on one batch, and its loss. */
function makeStep({ height, width, identities, images: each }: TrainWork, batch: number) {
  manualSeed(0);
  const model = new Baseline({ depth: 50, lastStride: 1 }, identities);
  model.train();
  const parameters = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const optimiser = new optim.Adam(parameters, { lr: 3.5e-4, weightDecay: 5e-4 });
  const labels = Int32Array.from({ length: batch }, (_, i) => Math.floor(i / each) % identities);
  const [images, target] = [randn([batch, 3, height, width]).keep(), tensor(labels, [batch]).keep()];
  const step = (pictures: Tensor, wanted: Tensor): Tensor => {
    const features = model.pooled(pictures);
    const logits = model.classifier.forward(model.bottleneck.forward(features));
    const id = crossEntropy(logits, wanted, { labelSmoothing: 0.1 });
    const loss = add(id, batchHardTriplet(features, labels, 0.3));
    backward(loss);
    optimiser.step();
    optimiser.zeroGrad();
    return loss.detach();
  };
  return { step, images, target };
}

/** Milliseconds of a step, of as many as there is time for. */
async function timeSteps(gpu: Gpu, step: () => unknown, seconds: number): Promise<number> {
  const start = performance.now();
  await step();
  await gpu.finish();
  const one = performance.now() - start;
  const count = Math.max(1, Math.min(MOST_STEPS, Math.floor((1000 * seconds) / one) - 1));
  const since = performance.now();
  for (let i = 0; i < count; i++) await step();
  await gpu.finish();
  return (performance.now() - since) / count;
}

async function timeTraining(gpu: Gpu, work: TrainWork, batch: number, part: Part, name: string): Promise<void> {
  const { step, images, target } = makeStep(work, batch);
  const plain = () => scope(() => step(images, target), gpu);
  const first = await plain().item();
  for (let i = 1; i < WARM; i++) await plain().item();
  const before = gpu.queue.counts.dispatches;
  gpu.pool.resetPeak();
  await plain().item();
  const dispatches = gpu.queue.counts.dispatches - before;
  const { peak } = gpu.memory();
  const recorded = staticStep(step, gpu);
  const ways: (() => unknown)[] = [() => void plain(), () => plain().item(), () => void recorded(images, target)];
  let last = first;
  for (const [i, [suffix, how]] of WAYS.entries()) {
    if (i > 0 && !part.hasTime) break;
    const seconds = Math.min(SECONDS, part.secondsLeft / (WAYS.length + 1 - i));
    // The first calls of a recorded step are plain ones.
    for (let k = 0; k < (suffix === ', static' ? 4 : 0); k++) await ways[i]!();
    const ms = await timeSteps(gpu, ways[i]!, seconds);
    last = await plain().item();
    const profile = i === 0 ? await profiled(gpu, plain) : { gpu_ms: null, shares: [] };
    const found: Found = { batch, ms, dispatches, peak_bytes: peak, losses: [first, last], ...profile };
    const status = Number.isFinite(last) && last < first ? 'ok' : 'wrong';
    const why = status === 'wrong' ? { message: `the loss of one batch went from ${first} to ${last}` } : {};
    const note = suffix === ', static' && !recorded.recorded ? { message: `not recorded: ${recorded.why}` } : {};
    part.add({ part: 'train', case: `${name}${suffix}`, status, ...found, ...note, ...why });
    part.say(
      `${name}${suffix}: batch ${batch}, ${ms.toFixed(1)} ms a step, ${((1000 * batch) / ms).toFixed(1)} images/s (${how}); loss ${first.toFixed(2)} to ${last.toFixed(2)}`,
    );
  }
  await recorded.release();
}

async function profiled(gpu: Gpu, step: () => unknown): Promise<Pick<Found, 'gpu_ms' | 'shares'>> {
  if (!gpu.has('timestamp-query')) return { gpu_ms: null, shares: [] };
  const found = shares(await gpu.profile(step));
  return {
    gpu_ms: found.reduce((sum, { ms }) => sum + ms, 0),
    shares: found.slice(0, MOST_SHARES).map(({ name, calls, ms }) => ({ name, calls, ms })),
  };
}

/** The part `train`: a whole step, with smaller batches where the memory does not take the wanted one. */
export async function runTrain(part: Part, sizes: Sizes): Promise<void> {
  const { name } = measured(sizes).find(({ work }) => work.kind === 'train')!;
  for (const batch of sizes.train.batches) {
    if (!part.begins(`${name}, batch ${batch}`)) continue;
    const gpu = await openGpu();
    try {
      await timeTraining(gpu, sizes.train, batch, part, name);
      return;
    } catch (error) {
      const message = messageOf(error);
      part.say(`${name}: batch ${batch} FAILED  ${message}`);
      const nothing = { ms: null, gpu_ms: null, dispatches: 0, peak_bytes: 0, losses: null, shares: [] } as const;
      part.add({ part: 'train', case: name, status: 'failed', batch, ...nothing, message });
    } finally {
      gpu.close();
    }
  }
  part.end();
}
