import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Gpu, openGpu } from '../engine/index.js';
import { isGCL } from '../reid/recipes/index.js';
import { readArguments, runCommand, wholeNumber } from './command.js';
import { describeNeeds, IDENTITIES, judgeRecipe, PICTURES, recipeOf } from './recipe-needs.js';
import { type Outcome, selfTest } from './self-test.js';

const HELP = `node cli/doctor.js [--recipe NAME [--set KEY=VALUE …] [--identities N]] [--json]

Says what this machine's GPU adapter is and has, checks the main kernels against plain loops on the CPU, and says what to do
where something is missing.

  --recipe NAME    says what training by a recipe needs here (memory, work, kernels), and checks nothing else
  --set KEY=VALUE  changes the recipe, as for train
  --identities N   of the training set; default 751, Market-1501's; of gcl… its pictures, default 12936
  --json           prints one object instead
  --help           prints this

Exit status: 0 when everything works, 1 when something failed or the recipe does not fit, 2 wrong usage.`;

const OPTIONS = {
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  identities: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Limits that the engine uses beyond WebGPU's guarantee, with the guarantee. */
const LIMITS = [
  ['maxStorageBufferBindingSize', 134217728, 'largest tensor, bytes'],
  ['maxBufferSize', 268435456, 'largest buffer, bytes'],
  ['maxStorageBuffersPerShaderStage', 8, 'buffers a kernel'],
  ['maxComputeWorkgroupStorageSize', 16384, 'workgroup memory, bytes'],
  ['maxComputeInvocationsPerWorkgroup', 256, 'invocations a workgroup'],
  ['maxComputeWorkgroupsPerDimension', 65535, 'workgroups a dimension'],
] as const;

/** Optional features, and what is lost without them. */
const FEATURES = [
  ['subgroups', 'Matrix rows are shared through workgroup memory, which is slower on software adapters.'],
  ['timestamp-query', 'Kernels can not be timed by the GPU: no --profile, and "npm run bench" has wall times only.'],
  ['shader-f16', 'No half precision: --set precision=float16 is refused.'],
] as const satisfies readonly (readonly [GPUFeatureName, string])[];

const INSTALL =
  'Run "npm run setup": where there is no GPU it installs a software Vulkan driver, on Linux without root rights. With a GPU, ' +
  "install or update its driver: Vulkan on Linux (Debian, Ubuntu: libvulkan1 and mesa-vulkan-drivers, or the maker's), " +
  'Direct3D 12 on Windows, Metal comes with macOS.';

/** Asks for an adapter in a process of its own: a driver that does not fit may crash or hang the process that loads it. */
function probe(): { adapter?: string; trouble?: string } {
  const path = fromRoot('cli/setup/probe.js');
  const { stdout, signal, error } = spawnSync(process.execPath, [path, '--installed'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (error) return { trouble: `Asking for an adapter gave no answer: ${error.message}.` };
  if (signal) return { trouble: `The graphics driver crashed (${signal}) when it was asked for an adapter.` };
  try {
    const { adapter, broken } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { adapter?: string; broken?: string };
    if (broken) return { trouble: `Dawn (the package "webgpu") does not start: ${broken}` };
    return adapter === undefined ? { trouble: 'No GPU adapter answers.' } : { adapter };
  } catch {
    return { trouble: 'Asking for an adapter ended without an answer.' };
  }
}

/** Where the driver was found. */
function driverSource(): string {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  if (named) return `named by the environment: ${named}`;
  return existsSync(fromRoot('.vulkan/driver.json'))
    ? 'installed by "npm run setup" in .vulkan/, or the system\'s'
    : "the system's";
}

function describe(gpu: Gpu) {
  const { vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize, subgroupMaxSize } = gpu.info;
  const software = isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(`${gpu.name} ${architecture}`);
  return {
    adapter: { name: gpu.name, vendor, architecture, device, description, software },
    driver: driverSource(),
    limits: Object.fromEntries(LIMITS.map(([name]) => [name, gpu.limits[name]])),
    features: Object.fromEntries(FEATURES.map(([name]) => [name, gpu.has(name)])),
    subgroups: [subgroupMinSize, subgroupMaxSize] as const,
    sharing: gpu.sharing,
  };
}

type Found = ReturnType<typeof describe>;

/** What to do, or to know, where something is missing. */
function adviceFor({ adapter, features }: Found, outcomes: readonly Outcome[]): string[] {
  const advice = FEATURES.filter(([name]) => !features[name]).map(([name, lost]) => `No ${name}: ${lost}`);
  if (adapter.software) {
    advice.push(
      `This adapter computes on the CPU (${availableParallelism()} cores). Where the machine has a GPU, install its driver; the engine then prefers it.`,
    );
  }
  if (outcomes.some(({ pass }) => !pass)) {
    advice.push(
      'The adapter computes something wrong. Update its driver, or try another one: VK_DRIVER_FILES=/path/to/icd.json node cli/doctor.js',
    );
  }
  return advice;
}

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}`,
    )
    .join('\n');
};

function printFound({ adapter, driver, limits, features, subgroups, sharing }: Found): void {
  const { name, vendor, architecture, device } = adapter;
  const sizes = subgroups[0] === subgroups[1] ? `${subgroups[0]}` : subgroups.join(' to ');
  const how =
    sharing.kind === 'subgroup'
      ? `by broadcast within subgroups of ${sharing.lanes} lanes`
      : `through workgroup memory, ${sharing.lanes} lanes`;
  const rows = [
    ['adapter', `${name}${adapter.software ? ' (software)' : ''}`],
    ['vendor', [vendor, architecture, device].filter(Boolean).join(', ') || 'not told'],
    ['driver', driver],
    ['subgroups', `of ${sizes} lanes`],
    ['matrix rows are shared', how],
    ...FEATURES.map(([feature]) => [feature, features[feature] ? 'yes' : 'no']),
    ...LIMITS.map(([limit, least, what]) => {
      const value = limits[limit]!;
      return [what, `${value.toLocaleString('en')}${value === least ? ' (what WebGPU guarantees)' : ''}`];
    }),
  ];
  console.log(table(rows));
}

function printOutcomes(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ name, pass, error, ms, gflops, reason }) => [
    name,
    pass ? 'pass' : 'FAIL',
    Number.isFinite(error) ? error.toExponential(1) : '-',
    ms > 0 ? ms.toPrecision(3) : '-',
    gflops > 0 ? gflops.toPrecision(3) : '-',
    reason ?? '',
  ]);
  console.log(table([['kernel', 'result', 'error', 'ms', 'GFLOP/s', ''], ...rows]));
}

async function main(): Promise<number> {
  const { values } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const host = { node: process.versions.node, platform: `${process.platform}-${process.arch}`, host: 'dawn' };
  const say = (text: string) => void (values.json || console.log(text));
  if (!values.recipe) say(`Node ${host.node} on ${host.platform}, Dawn\n`);
  const { trouble } = probe();
  if (trouble) {
    if (values.json) console.log(JSON.stringify({ ok: false, ...host, adapter: null, trouble, advice: [INSTALL] }));
    else console.log(`${trouble}\n\n${INSTALL}`);
    return 1;
  }
  const gpu = await openGpu();
  try {
    if (values.recipe) {
      const recipe = recipeOf(values.recipe, values.set ?? []);
      const identities = wholeNumber('identities', values.identities, isGCL(recipe) ? PICTURES : IDENTITIES);
      const verdict = judgeRecipe(gpu, recipe, identities);
      console.log(
        values.json ? JSON.stringify({ adapter: gpu.name, ...verdict }) : `${gpu.name}\n\n${describeNeeds(verdict)}`,
      );
      return verdict.needs ? 0 : 1;
    }
    const found = describe(gpu);
    if (!values.json) printFound(found);
    say('\nSelf-test, against plain loops on the CPU:');
    const checks = await selfTest(gpu);
    const advice = adviceFor(found, checks);
    const ok = gpu.healthy && checks.every(({ pass }) => pass);
    if (values.json) {
      console.log(JSON.stringify({ ok, ...host, ...found, checks, advice }));
    } else {
      printOutcomes(checks);
      console.log(`\n${[...advice, ok ? 'Everything works.' : 'Something failed.'].join('\n')}`);
    }
    return ok ? 0 : 1;
  } finally {
    gpu.close();
  }
}

await runCommand('doctor', main);
