import { Bench } from 'tinybench';
import type { Gpu } from '../engine/gpu.js';
import { scope } from '../engine/scope.js';
import { type Case, dispatchesOf, timed } from './case.js';

/** What a benchmark found; a line of the JSON file. */
export interface Result {
  readonly case: string;
  /** Wall time of one run, until the GPU is done with it: the median. */
  readonly ms: number;
  /** Time of all of this process's threads, on a software adapter the kernels' own included: the mean. */
  readonly cpu_ms: number;
  /** By the shaders' own account of their operations and bytes, over `ms`. */
  readonly gflops: number;
  readonly gbps: number;
  /** By the GPU's clock, kernels alone; null where the adapter has no timestamps. */
  readonly gpu_ms: number | null;
  readonly adapter: string;
}

/** Milliseconds that a benchmark runs for, and how often at least. */
const TIME = 400;
const LEAST_RUNS = 3;
/** Runs are bundled up to this many milliseconds: waiting for the GPU costs one or two by itself. */
const BUNDLE = 20;
const MOST_IN_BUNDLE = 100;
/** Runs that are timed by the GPU's clock. */
const STAMPED = 3;

const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

/** Runs one benchmark: compiles and warms up first, then bundles of runs, each until the GPU is done. */
export async function measure(gpu: Gpu, one: Case): Promise<Result> {
  return scope(async () => {
    const work = one.prepare();
    const { queue } = gpu;
    const dispatches = scope(() => timed(one, dispatchesOf(gpu, work)));
    const run = one.kernels
      ? () => {
          for (const { shader, buffers } of dispatches) queue.dispatch(shader, buffers);
        }
      : () => scope(() => void work());
    const times = async (count: number) => {
      for (let i = 0; i < count; i++) run();
      await gpu.finish();
    };
    await gpu.finish();
    await times(1);
    const start = performance.now();
    await times(1);
    const bundle = Math.max(1, Math.min(MOST_IN_BUNDLE, Math.ceil(BUNDLE / (performance.now() - start))));

    let cpu = 0;
    let runs = 0;
    const bench = new Bench({ time: TIME, iterations: LEAST_RUNS, warmup: false, throws: true });
    bench.add(one.name, async () => {
      const before = process.cpuUsage();
      await times(bundle);
      cpu += cpuMs(before);
      runs += bundle;
    });
    await bench.run();
    const result = bench.tasks[0]!.result;
    if (result.state !== 'completed') throw new Error(`${one.name}: tinybench ended with ${result.state}.`);
    const ms = result.latency.p50 / bundle;

    const total = (of: 'flops' | 'bytes') => dispatches.reduce((sum, { shader }) => sum + shader[of], 0);
    const perMs = (amount: number) => amount / (ms * 1e6);
    return {
      case: one.name,
      ms,
      cpu_ms: cpu / runs,
      gflops: perMs(total('flops')),
      gbps: perMs(total('bytes')),
      gpu_ms: gpu.has('timestamp-query') ? await stamped(gpu, run) : null,
      adapter: gpu.name,
    };
  }, gpu);
}

async function stamped(gpu: Gpu, run: () => void): Promise<number> {
  const timings = await gpu.profile(() => {
    for (let i = 0; i < STAMPED; i++) run();
  });
  return timings.reduce((ns, { start, end }) => ns + end - start, 0) / 1e6 / STAMPED;
}
