// Bytes that a training step moves, before and after the fusion of its kernels: node dist/bench/traffic.js

import { parseArgs } from 'node:util';
import {
  backward,
  crossEntropy,
  type Gpu,
  manualSeed,
  noGrad,
  openGpu,
  randn,
  scope,
  type Tensor,
  tensor,
} from '../engine/index.js';
import type { Module } from '../engine/nn/index.js';
import { add } from '../engine/ops/arithmetic.js';
import { mean } from '../engine/ops/reduce.js';
import { Adam } from '../engine/optim/index.js';
import { type KernelShare, shares, type Timing } from '../engine/profiler.js';
import { batchHardTriplet } from '../reid/losses/triplet.js';
import { Bottleneck } from '../reid/models/backbones/resnet.js';
import { Baseline } from '../reid/models/baseline.js';
import { unfusedBlock, unfusedResNet } from './unfused.js';

const HELP = `Usage: node dist/bench/traffic.js [OPTIONS]

Measures what fused kernels save: the same work once with a kernel for every operator (batch norm, then the sum with the
shortcut, then ReLU) and once as the models run it. The works: a training step of the recipe "baseline" (ResNet-18 of width 16,
64 × 32, batch 64), a training step of a bottleneck of ResNet-50 (layer1, batch 8), and inference with both. Prints by kernel
the dispatches, the megabytes that must move by the shaders' account, and the milliseconds of the GPU's clock; then
dispatches, megabytes and times of the whole, and the most memory in use.

  --only PATTERN   only the works whose name matches this regular expression
  --rounds N       timed runs of each, in turns; their medians are printed; default 5
  --help           this text

Exit status: 0, 1 when the two do not compute the same, 2 for wrong usage.`;

/** Wrong usage: told without a stack. */
class UsageError extends Error {}

/** Computes something and gives a number by which both ways are compared. */
type Run = () => Promise<number>;

interface Work {
  readonly name: string;
  /** Makes a fresh model; both ways begin with the same numbers. */
  readonly make: (fused: boolean) => Run;
}

const IDENTITIES = 751;
const IMAGES = [64, 3, 64, 32] as const;
const BLOCK = [8, 256, 64, 32] as const;

/** One step of Adam down the gradient of `lossOf`. */
function step(model: Module, lossOf: () => Tensor): Run {
  const optimiser = new Adam(model.parameters(), { lr: 1e-4 });
  return () =>
    scope(() => {
      const loss = lossOf();
      backward(loss);
      optimiser.step();
      optimiser.zeroGrad();
      return loss.item();
    });
}

const meanOf = (forward: () => Tensor): Run => {
  return () => noGrad(() => scope(() => mean(forward()).item()));
};

/** The model of the recipe `baseline`, and the map of its backbone. */
function baseline(fused: boolean) {
  const model = new Baseline({ depth: 18, width: 16, stem: 'small', stemStride: 2, lastStride: 1 }, IDENTITIES);
  const images = randn(IMAGES).keep();
  const maps = () => (fused ? model.base.forward(images) : unfusedResNet(model.base, images, { pool: false }));
  return { model, maps };
}

function bottleneck(fused: boolean) {
  const block = new Bottleneck(BLOCK[1], BLOCK[1] / Bottleneck.expansion, 1);
  const x = randn(BLOCK).keep();
  // As within a network, where the shortcut wants a gradient too.
  x.requiresGrad = true;
  const y = () => (fused ? block.forward(x) : unfusedBlock(block, x));
  return { block, x, y };
}

const WORKS: readonly Work[] = [
  {
    name: 'step_baseline',
    make: (fused) => {
      const { model, maps } = baseline(fused);
      const labels = Int32Array.from({ length: IMAGES[0] }, (_, i) => i >> 2);
      const targets = tensor(labels, [labels.length]).keep();
      return step(model, () => {
        const features = mean(maps(), [2, 3]);
        const logits = model.classifier.forward(model.bottleneck.forward(features));
        return add(crossEntropy(logits, targets, { labelSmoothing: 0.1 }), batchHardTriplet(features, labels, 0.3));
      });
    },
  },
  {
    name: 'step_bottleneck',
    make: (fused) => {
      const { block, x, y } = bottleneck(fused);
      const run = step(block, () => mean(y()));
      return async () => {
        const loss = await run();
        x.grad?.storage.release();
        x.grad = undefined;
        return loss;
      };
    },
  },
  {
    name: 'inference_baseline',
    make: (fused) => {
      const { model, maps } = baseline(fused);
      model.eval();
      return meanOf(maps);
    },
  },
  {
    name: 'inference_bottleneck',
    make: (fused) => {
      const { block, y } = bottleneck(fused);
      block.eval();
      return meanOf(y);
    },
  },
];

interface Measured {
  readonly value: number;
  readonly timings: readonly Timing[];
  readonly cpuMs: number;
  readonly ms: number;
  readonly peak: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Runs both ways in turns, so that what else the machine does falls on both alike. */
async function measure(gpu: Gpu, { make }: Work, rounds: number): Promise<[Measured, Measured]> {
  const ways = [false, true].map((fused) => {
    manualSeed(1);
    return { run: make(fused), cpu: [] as number[], wall: [] as number[], value: 0, peak: 0 };
  });
  for (let round = -1; round < rounds; round++) {
    for (const way of ways) {
      await gpu.finish();
      const start = gpu.memory().live;
      gpu.pool.resetPeak();
      const before = process.cpuUsage();
      const began = performance.now();
      const value = await way.run();
      if (round < 0) {
        way.value = value;
        continue;
      }
      const { user, system } = process.cpuUsage(before);
      way.cpu.push((user + system) / 1000);
      way.wall.push(performance.now() - began);
      way.peak = gpu.memory().peak - start;
    }
  }
  const results: Measured[] = [];
  for (const { run, cpu, wall, value, peak } of ways) {
    const timings = gpu.has('timestamp-query') ? await gpu.profile(run) : [];
    results.push({ value, timings, cpuMs: median(cpu), ms: median(wall), peak });
  }
  return results as [Measured, Measured];
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1);

/** Rows of text as columns: the first to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return rows.map(line).join('\n');
}

function report(name: string, unfused: Measured, fused: Measured): string {
  const bytes = (timings: readonly Timing[]) => {
    const sums = new Map<string, number>();
    for (const { name: kernel, bytes } of timings) sums.set(kernel, (sums.get(kernel) ?? 0) + bytes);
    return sums;
  };
  const [before, after] = [unfused, fused].map(({ timings }) => ({
    shares: new Map(shares(timings).map((share): [string, KernelShare] => [share.name, share])),
    bytes: bytes(timings),
  }));
  const of = ({ shares, bytes }: NonNullable<typeof before>, kernel: string) => {
    const share = shares.get(kernel);
    return share ? [String(share.calls), mb(bytes.get(kernel)!), share.ms.toFixed(2)] : ['-', '-', '-'];
  };
  const size = (kernel: string) => before!.bytes.get(kernel) ?? after!.bytes.get(kernel) ?? 0;
  const kernels = [...new Set([...before!.bytes.keys(), ...after!.bytes.keys()])].sort((a, b) => size(b) - size(a));
  const head = ['kernel', 'calls', 'MB', 'GPU ms', 'calls', 'MB', 'GPU ms'];
  const sum = (timings: readonly Timing[], f: (t: Timing) => number) => timings.reduce((n, t) => n + f(t), 0);
  const whole: [string, (m: Measured) => number, (n: number) => string][] = [
    ['dispatches', ({ timings }) => timings.length, String],
    ['MB moved', ({ timings }) => sum(timings, (t) => t.bytes), mb],
    ['GPU ms', ({ timings }) => sum(timings, (t) => t.end - t.start) / 1e6, (n) => n.toFixed(1)],
    ['CPU ms', ({ cpuMs }) => cpuMs, (n) => n.toFixed(1)],
    ['wall ms', ({ ms }) => ms, (n) => n.toFixed(1)],
    ['peak MB', ({ peak }) => peak, mb],
  ];
  return [
    `${name}: unfused, then fused`,
    columns([head, ...kernels.map((kernel) => [kernel, ...of(before!, kernel), ...of(after!, kernel)])]),
    '',
    columns([
      ['', 'unfused', 'fused', 'ratio'],
      ...whole.map(([what, f, text]) => {
        const [a, b] = [f(unfused), f(fused)];
        return [what, text(a), text(b), a > 0 ? (b / a).toFixed(3) : '-'];
      }),
    ]),
  ].join('\n');
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        rounds: { type: 'string', default: '5' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a whole number of at least 1.`);
    return { help: values.help, rounds, only: new RegExp(values.only) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function main(): Promise<number> {
  const { only, rounds, help } = readOptions();
  if (help) {
    console.log(HELP);
    return 0;
  }
  const works = WORKS.filter(({ name }) => only.test(name));
  if (works.length === 0) {
    throw new UsageError(`No work matches ${only}. There are ${WORKS.map(({ name }) => name).join(', ')}.`);
  }
  const gpu = await openGpu();
  let failed = 0;
  try {
    console.log(`${gpu.name}, Node ${process.versions.node}`);
    for (const work of works) {
      const [unfused, fused] = await measure(gpu, work, rounds);
      console.log(`\n${report(work.name, unfused, fused)}`);
      const off = Math.abs(fused.value - unfused.value);
      if (!(off <= 1e-4 * Math.max(1, Math.abs(unfused.value)))) {
        failed++;
        console.log(`\n${work.name}: fused it gives ${fused.value}, unfused ${unfused.value}.`);
      }
      await gpu.trim();
    }
  } finally {
    gpu.close();
  }
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`traffic: ${error.message}`);
  return error instanceof UsageError ? 2 : 1;
});
