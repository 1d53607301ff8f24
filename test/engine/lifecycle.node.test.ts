import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** A process that does not end by itself in this time is taken to hang. */
const LIMIT = 60_000;

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a script against the compiled engine in a Node process of its own. */
function run(script: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ending> {
  const engine = new URL('../../engine/index.js', import.meta.url).href;
  const code = `const engine = await import(${JSON.stringify(engine)});
const { openGpu, tensor, add, mul, matmul, randn, sum, backward, scope } = engine;
${script}`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', code], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output: output.trim(), errors });
    });
  });
}

test('a process that opens, computes and closes ends by itself', async () => {
  const ending = await run(`
    const gpu = await openGpu();
    const x = tensor([1, 2, 3], undefined, { requiresGrad: true });
    backward(sum(mul(x, x)));
    console.log(String(await x.grad.read()));
    gpu.close();`);
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.code, 0, ending.errors);
  assert.is(ending.output, '2,4,6');
});

test('closing with work on its way, twice, and opening again', async () => {
  const ending = await run(`
    for (let i = 0; i < 3; i++) {
      const gpu = await openGpu();
      const x = randn([64, 64]);
      const result = matmul(x, x).read().then(() => 'read', (error) => error.name);
      if (i === 1) await result;
      gpu.close();
      gpu.close();
      console.log(await result);
    }`);
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.code, 0, ending.errors);
  assert.is(ending.output, 'GpuError\nread\nGpuError');
});

test('a process that fails ends too, with the error', async () => {
  const ending = await run(`
    const gpu = await openGpu();
    try {
      add(tensor([1, 2, 3]), tensor([1, 2]));
    } finally {
      gpu.close();
    }`);
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.code, 1);
  assert.match(ending.errors, /ShapeError: add: shapes \[3\] and \[2\] do not broadcast/);
});

test('an error that nobody catches while a GPU is open ends the process as well', async () => {
  const ending = await run(`
    await openGpu();
    await add(tensor([1]), 1).read();
    throw new Error('nobody catches this');`);
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.code, 1);
  assert.match(ending.errors, /nobody catches this/);
});

test('without an adapter the error says what to do', async () => {
  const none = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  const script =
    'await openGpu().then((gpu) => { console.log(gpu.host); gpu.close(); }, (error) => console.log(error.message));';
  const ending = await run(script, [], none);
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.code, 0, ending.errors);
  // Where Dawn has another way than Vulkan (macOS, Windows), there still is an adapter.
  if (process.platform === 'linux') assert.match(ending.output, /No GPU adapter answers\. Run "npm run setup"/);
});

test('memory of tensors that nobody can reach goes back to the pool', async () => {
  const ending = await run(
    `
    const gpu = await openGpu();
    const rest = () => new Promise((resolve) => setTimeout(resolve, 5));
    const x = randn([1024]);
    await x.read();
    const before = gpu.memory().live;
    for (let i = 0; i < 200; i++) add(x, i);
    await gpu.finish();
    for (let i = 0; i < 100 && gpu.memory().live > before + 10 * 4096; i++) {
      globalThis.gc();
      await rest();
    }
    console.log(gpu.memory().live - before <= 10 * 4096 ? 'collected' : gpu.memory().live - before);
    gpu.close();`,
    ['--expose-gc'],
  );
  assert.is(ending.signal, null, 'it hangs');
  assert.is(ending.output, 'collected');
});

test.run();
