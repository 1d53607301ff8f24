import { waitFor } from '#gpu-host';
import type { Shader } from '../shaders/shader.js';
import { GpuError } from './errors.js';

/** One dispatch as the GPU's clock saw it. */
export interface Timing {
  readonly name: string;
  /** Nanoseconds of the GPU's clock. */
  readonly start: number;
  readonly end: number;
  readonly flops: number;
  readonly bytes: number;
}

/** A kernel's part of a profile. */
export interface KernelShare {
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
  /** Of the whole, 0 to 1. */
  readonly share: number;
  readonly gflops: number;
  readonly gbps: number;
}

const CAPACITY = 1024;

/** Times every dispatch by GPU timestamps, each in a compute pass of its own. */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  #open: Shader[] = [];
  readonly #pending: Promise<void>[] = [];
  readonly timings: Timing[] = [];

  /** Throws a GpuError where the adapter has no `timestamp-query`. */
  constructor(device: GPUDevice) {
    if (!device.features.has('timestamp-query')) {
      throw new GpuError(
        'This adapter has no timestamps (feature timestamp-query), so kernels can not be timed on it.',
      );
    }
    this.#device = device;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * CAPACITY });
  }

  /** Whether the queries must be resolved (a submit) before another pass. */
  get full(): boolean {
    return this.#open.length >= CAPACITY;
  }

  /** The descriptor of a pass that times one dispatch. */
  pass(shader: Shader): GPUComputePassDescriptor {
    const index = 2 * this.#open.length;
    this.#open.push(shader);
    return {
      label: shader.name,
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 },
    };
  }

  /** Appends the reading of the open queries to an encoder that is about to be submitted. */
  resolve(encoder: GPUCommandEncoder): void {
    const shaders = this.#open;
    if (shaders.length === 0) return;
    this.#open = [];
    const size = 16 * shaders.length;
    const device = this.#device;
    const buffer = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    encoder.resolveQuerySet(this.#queries, 0, 2 * shaders.length, buffer, 0);
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    const collect = async () => {
      await waitFor(staging.mapAsync(GPUMapMode.READ));
      const times = new BigUint64Array(staging.getMappedRange());
      shaders.forEach(({ name, flops, bytes }, i) => {
        this.timings.push({ name, flops, bytes, start: Number(times[2 * i]), end: Number(times[2 * i + 1]) });
      });
      staging.destroy();
      buffer.destroy();
    };
    // The submit comes right after this call; the map is asked for once it has.
    this.#pending.push(Promise.resolve().then(collect));
  }

  /** Waits for the timings of everything submitted. */
  async settle(): Promise<void> {
    while (this.#pending.length > 0) await this.#pending.shift();
  }
}

/** Timings by kernel, the slowest first. */
export function shares(timings: readonly Timing[]): KernelShare[] {
  const kernels = new Map<string, { calls: number; ns: number; flops: number; bytes: number }>();
  for (const { name, start, end, flops, bytes } of timings) {
    const sum = kernels.get(name) ?? { calls: 0, ns: 0, flops: 0, bytes: 0 };
    sum.calls++;
    sum.ns += end - start;
    sum.flops += flops;
    sum.bytes += bytes;
    kernels.set(name, sum);
  }
  const whole = [...kernels.values()].reduce((ns, kernel) => ns + kernel.ns, 0) || 1;
  return [...kernels]
    .map(([name, { calls, ns, flops, bytes }]) => {
      const perSecond = 1 / Math.max(ns, 1);
      return { name, calls, ms: ns / 1e6, share: ns / whole, gflops: flops * perSecond, gbps: bytes * perSecond };
    })
    .sort((a, b) => b.ms - a.ms);
}

/** Kernels by time as a table for people. */
export function profileTable(timings: readonly Timing[]): string {
  const rows = shares(timings).map(({ name, calls, ms, share, gflops, gbps }) => [
    name,
    String(calls),
    ms.toFixed(2),
    `${(100 * share).toFixed(1)} %`,
    gflops.toFixed(2),
    gbps.toFixed(2),
  ]);
  const table = [['kernel', 'calls', 'ms', 'share', 'GFLOP/s', 'GB/s'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return table.map(line).join('\n');
}

/** Timings in the trace event format, which chrome://tracing and Perfetto open. */
export function traceEvents(timings: readonly Timing[]): string {
  const origin = timings.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
  const traceEvents = timings.map(({ name, start, end, flops, bytes }) => ({
    name,
    ph: 'X',
    pid: 1,
    tid: 1,
    ts: (start - origin) / 1e3,
    dur: (end - start) / 1e3,
    args: { flops, bytes },
  }));
  return JSON.stringify({ traceEvents, displayTimeUnit: 'ms' });
}
