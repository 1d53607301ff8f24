import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const DOCTOR = fileURLToPath(new URL('../../../cli/doctor.js', import.meta.url));

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [DOCTOR, ...args], {
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, ...env },
  });

/** An environment in which no Vulkan driver is found. */
const NO_DRIVER = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };

interface Report {
  readonly ok: boolean;
  readonly adapter: { readonly name: string } | null;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, boolean>>;
  readonly sharing: { readonly kind: string };
  readonly checks: readonly { readonly name: string; readonly pass: boolean; readonly ms: number }[];
  readonly advice: readonly string[];
  readonly trouble?: string;
}

test('it ends by itself, with what the adapter has and a self-test that passes', () => {
  const { status, stdout, stderr } = run(['--json']);
  assert.is(status, 0, stderr);
  const report = JSON.parse(stdout) as Report;
  assert.ok(report.ok);
  assert.ok(report.adapter!.name.length > 0);
  assert.ok(report.limits.maxStorageBufferBindingSize! >= 2 ** 27);
  assert.type(report.features['timestamp-query'], 'boolean');
  assert.ok(['subgroup', 'workgroup'].includes(report.sharing.kind));
  const names = report.checks.map(({ name }) => name).join(' ');
  for (const word of ['matmul', 'conv', 'forward', 'backward', 'batch norm', 'attention', 'distance', 'softmax'])
    assert.ok(names.includes(word), word);
  for (const { name, pass, ms } of report.checks) assert.ok(pass && ms > 0, name);
});

test('without an adapter it says what to do', () => {
  if (process.platform !== 'linux') return; // Elsewhere Dawn has another way than Vulkan.
  const { status, stdout, stderr } = run([], NO_DRIVER);
  assert.is(status, 1);
  assert.match(stdout, /No GPU adapter answers\.[\s\S]*Run "npm run setup"/);
  assert.not.match(stdout + stderr, /^ {4}at /m);
  const asJson = run(['--json'], NO_DRIVER);
  assert.is(asJson.status, 1);
  const report = JSON.parse(asJson.stdout) as Report;
  assert.is(report.ok, false);
  assert.is(report.adapter, null);
  assert.match(report.advice[0]!, /npm run setup/);
});

test('help, and wrong usage', () => {
  const help = run(['--help']);
  assert.is(help.status, 0);
  assert.match(help.stdout, /--json +prints one object/);
  const wrong = run(['--jsn']);
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /There is no option --jsn\. Did you mean json\?/);
  assert.not.match(wrong.stderr, /^ {4}at /m);
});

test('--recipe tells what training needs, and what does not fit', () => {
  const { status, stdout, stderr } = run(['--recipe', 'baseline', '--json', '--set', 'model.width=8']);
  assert.is(status, 0, stderr);
  const { needs, identities } = JSON.parse(stdout) as {
    identities: number;
    needs: { parameters: number; training: { peakBytes: number; keptBytes: number } };
  };
  assert.is(identities, 751);
  assert.ok(needs.parameters > 1e5 && needs.training.peakBytes > needs.training.keptBytes);
  const large = run(['--recipe', 'baseline-r50', '--set', 'sampler.identities=4096', '--set', 'sampler.images=4096']);
  assert.is(large.status, 1, large.stdout);
  assert.match(large.stdout, /can not be trained on this adapter: .* needs [\d,]+ bytes/);
  assert.match(run(['--recipe', 'basline']).stderr, /There is no recipe "basline"/);
});

test.run();
