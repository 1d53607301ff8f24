import type { Gpu } from '../../engine/index.js';

/** How long one run takes. */
export interface Time {
  /** Wall milliseconds in a long queue of runs: the median of the rounds, and the least. */
  readonly ms: number;
  readonly best: number;
  /** The dispatches' own milliseconds by the GPU's clock, without what lies between them; null without timestamps. */
  readonly gpu_ms: number | null;
  /** How often it ran. */
  readonly runs: number;
}

/** Runs are queued up to so many milliseconds: waiting for the end costs one or two of them. */
const ROUND = 80;
const ROUNDS = 5;
const LEAST_ROUNDS = 2;
const MOST_IN_ROUND = 4000;
/** Milliseconds after which no further round begins: a software adapter has runs of seconds. */
const ENOUGH = 1500;
/** Runs by the GPU's clock, which browsers and Dawn round to 65 µs: many, so that this does not show. */
const STAMPED = { ms: 30, least: 2, most: 200 };

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Times `run`, which only queues work; the first run, which compiles, does not count. */
export async function time(gpu: Gpu, run: () => void): Promise<Time> {
  const round = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < count; i++) run();
    await gpu.finish();
    return (performance.now() - start) / count;
  };
  await round(1);
  const few = Math.max(1, Math.min(8, Math.ceil(5 / (await round(1)))));
  const count = Math.max(1, Math.min(MOST_IN_ROUND, Math.ceil(ROUND / (await round(few)))));
  const rounds: number[] = [];
  const start = performance.now();
  while (rounds.length < LEAST_ROUNDS || (rounds.length < ROUNDS && performance.now() - start < ENOUGH)) {
    rounds.push(await round(count));
  }
  const ms = median(rounds);
  const stamped = Math.max(STAMPED.least, Math.min(STAMPED.most, Math.ceil(STAMPED.ms / ms)));
  return {
    ms,
    best: Math.min(...rounds),
    gpu_ms: gpu.has('timestamp-query') && ms < ENOUGH ? await clocked(gpu, run, stamped) : null,
    runs: count * rounds.length,
  };
}

async function clocked(gpu: Gpu, run: () => void, count: number): Promise<number> {
  const timings = await gpu.profile(() => {
    for (let i = 0; i < count; i++) run();
  });
  return timings.reduce((ns, { start, end }) => ns + end - start, 0) / 1e6 / count;
}
