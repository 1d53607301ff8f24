import { type Gpu, openGpu, scope } from '../../engine/index.js';
import { type Dispatched, dispatchesOf } from '../case.js';
import { type Measured, measured, type Sizes, type Work } from './cases.js';
import { messageOf, type Part } from './part.js';
import type { SpeedLine } from './results.js';
import { type Time, time } from './timing.js';
import { prepare } from './work.js';

type Timed = Exclude<Work, { kind: 'train' }>;

const isTimed = (one: Measured): one is Measured & { readonly work: Timed } => one.work.kind !== 'train';

/** Shares of the time left that compiling all kernels ahead may take. */
const AHEAD = 0.3;

/** The dispatches of a case, made but not run. */
const planned = (gpu: Gpu, work: Timed): Dispatched[] =>
  scope(() => {
    let noted: Dispatched[] = [];
    dispatchesOf(
      gpu,
      () => {
        const run = prepare(work);
        noted = dispatchesOf(gpu, run, { run: false });
      },
      { run: false },
    );
    return noted;
  }, gpu);

/** Compiles the kernels of all cases at once, on as many threads as Dawn takes. */
async function compileAhead(gpu: Gpu, cases: readonly { readonly work: Timed }[], part: Part): Promise<void> {
  const start = performance.now();
  const shaders = cases.flatMap(({ work }) => planned(gpu, work).map(({ shader }) => shader));
  await gpu.trim();
  const late = new Promise((resolve) => setTimeout(resolve, 1000 * AHEAD * part.secondsLeft).unref());
  await Promise.race([gpu.queue.compile(shaders), late]);
  part.say(`${gpu.queue.counts.kernels} kernels compiled in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** Times one case: its dispatches are noted once, and repeated without the JavaScript that made them. */
export async function timeWork(gpu: Gpu, work: Timed): Promise<Time & { readonly kernels: readonly string[] }> {
  return scope(async () => {
    const run = prepare(work);
    await gpu.finish();
    const noted = scope(() => dispatchesOf(gpu, run), gpu);
    const result = await time(gpu, () => {
      for (const { shader, buffers } of noted) gpu.queue.dispatch(shader, buffers);
    });
    return { ...result, kernels: noted.map(({ shader }) => shader.name) };
  }, gpu);
}

const figures = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The part `speed`: every measured case but the training step. */
export async function runSpeed(part: Part, sizes: Sizes): Promise<void> {
  let gpu = await openGpu();
  const cases = measured(sizes).filter(isTimed);
  await compileAhead(gpu, cases, part);
  for (const { name, work } of cases) {
    if (!part.begins(name)) continue;
    const line = { part: 'speed', case: name, work } as const;
    try {
      const { kernels, ...result } = await timeWork(gpu, work);
      part.add({ ...line, ...result, kernels } satisfies SpeedLine);
      const clock = result.gpu_ms === null ? '' : `, ${figures(result.gpu_ms)} by the GPU's clock`;
      part.say(`${name.padEnd(40)} ${figures(result.ms)} ms${clock}`);
    } catch (error) {
      const message = messageOf(error);
      part.add({ ...line, ms: null, best: null, gpu_ms: null, runs: 0, kernels: [], message });
      part.say(`${name.padEnd(40)} FAILED  ${message}`);
    }
    if (gpu.healthy) await gpu.trim();
    else {
      gpu.close();
      gpu = await openGpu();
    }
  }
  gpu.close();
  part.end();
}
