import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { requestHostAdapter } from '#gpu-host';
import { openGpu } from '../../engine/index.js';
import { ROOT } from '../../test/files.js';
import type { Part } from './part.js';
import { findPython } from './pytorch.js';
import { waysOf } from './ways.js';

/** Names and values of an object of the platform's, whose properties are on its prototype. */
function listed(from: object): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name in from) {
    const value = (from as Record<string, unknown>)[name];
    if (['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value)) found[name] = value;
  }
  return found;
}

/** What a command prints, or undefined where it is missing or fails. */
function output(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.trim() : undefined;
}

const NVIDIA = ['name', 'driver_version', 'memory.total', 'clocks.max.sm', 'clocks.max.memory', 'power.limit'];

/** Features that Dawn shows only when it is told to allow what is experimental. */
function experimental(): unknown {
  try {
    const answer = output(process.execPath, [join(ROOT, 'cli/setup/probe.js'), '--installed', '--experimental']);
    return (JSON.parse(answer!.split('\n').at(-1)!) as { features?: string[] }).features?.filter((name) =>
      name.startsWith('chromium-'),
    );
  } catch {
    return 'not told';
  }
}

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;

/** The part `facts`: what computes here. */
export async function runFacts(part: Part): Promise<void> {
  // Loading PyTorch takes seconds, which pass meanwhile.
  const python = findPython(1000 * part.secondsLeft + 10_000);
  const { adapter, release } = await requestHostAdapter({ powerPreference: 'high-performance' });
  const features = [...adapter.features].sort();
  const limits = listed(adapter.limits);
  const info = listed(adapter.info);
  release();
  const gpu = await openGpu();
  const { kinds, notes } = waysOf(gpu);
  const { subgroupMinSize, subgroupMaxSize, isFallbackAdapter, architecture } = gpu.info;
  const software = isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(`${gpu.name} ${architecture}`);
  const facts = {
    info,
    subgroups: [subgroupMinSize, subgroupMaxSize],
    sharing: gpu.sharing,
    ways: kinds,
    notes,
    features,
    experimental: experimental(),
    limits,
    device_limits: listed(gpu.limits),
    dawn: `webgpu ${versionOf('webgpu')}`,
    nvidia: output('nvidia-smi', [`--query-gpu=${NVIDIA.join(',')}`, '--format=csv,noheader']),
    node: process.versions.node,
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
  };
  // Dawn's description names the driver alone on some machines.
  const name = [facts.nvidia?.split(',')[0], gpu.name].filter(Boolean).join(', ');
  part.add({ part: 'facts', date: new Date().toISOString(), adapter: name, software, facts });
  part.say(`${name}${software ? ' (computes on the CPU)' : ''}, Dawn by ${facts.dawn}, Node ${facts.node}`);
  if (facts.nvidia) part.say(`${NVIDIA.join(', ')}: ${facts.nvidia}`);
  part.say(`subgroups of ${subgroupMinSize} to ${subgroupMaxSize} lanes; rows are shared by ${gpu.sharing.kind}`);
  for (const name of ['shader-f16', 'subgroups', 'timestamp-query'] as const) {
    part.say(`${name}: ${gpu.has(name) ? 'yes' : 'no'}`);
  }
  gpu.close();
  const found = await python;
  part.add(found);
  part.say(found.torch === null ? found.device : `PyTorch ${found.torch} on ${found.device}`);
}
