import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf } from '../arrows.js';
import { ROOT } from '../files.js';

interface Manifest {
  readonly name: string;
  readonly imports: Readonly<Record<string, { readonly node: string; readonly default: string }>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

const ENTRIES = ['engine', 'reid', 'datasets'].map((room) => `dist/${room}/index.js`);

/** Runs npm: the one that runs us, else the one on PATH (on Windows a script, which needs a shell). */
function npm(...args: string[]): string {
  const own = process.env.npm_execpath ?? '';
  const [program, first] = /npm-cli\.c?js$/.test(own) ? [process.execPath, [own]] : ['npm', []];
  const options = { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' && program === 'npm' } as const;
  const { status, stdout, stderr } = spawnSync(program, [...first, ...args], options);
  assert.is(status, 0, stderr);
  return stdout;
}

const [packed] = JSON.parse(npm('pack', '--dry-run', '--json')) as { files: { path: string }[] }[];
const files = new Set(packed!.files.map(({ path }) => path));

test('the package holds every room with its types, the commands and the licence', () => {
  for (const room of ['engine', 'shaders', 'reid', 'datasets', 'random', 'cli']) {
    const scripts = [...files].filter((path) => path.startsWith(`dist/${room}/`) && path.endsWith('.js'));
    assert.ok(scripts.length > 0, room);
    for (const script of scripts) assert.ok(files.has(script.replace(/\.js$/, '.d.ts')), `types of ${script}`);
  }
  for (const path of ['package.json', 'LICENSE', 'README.md', 'cli/train.js', 'cli/evaluate.js', 'cli/doctor.js']) {
    assert.ok(files.has(path), path);
  }
});

test('the package holds no tests, no sources and nothing of a working copy', () => {
  const strange = [...files].filter(
    (path) =>
      /(^|\/)(test|bench|runs|node_modules|shared)\//.test(path) ||
      (path.endsWith('.ts') && !path.endsWith('.d.ts')) ||
      /(^|\/)\.|tsbuildinfo|tsconfig|biome|package-lock|\.(pth|safetensors|map)$/.test(path),
  );
  assert.equal(strange, []);
});

/** The files that `entry` reaches, under a host's import conditions, with each package that they import. */
function reach(
  entry: string,
  host: 'node' | 'default',
): { readonly files: Set<string>; readonly packages: Map<string, string> } {
  const seen = new Set<string>();
  const packages = new Map<string, string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const source = readFileSync(join(ROOT, path), 'utf8');
    const workers = [...source.matchAll(/new URL\(\s*['"](\.[^'"]+\.js)['"]/g)].map((match) => match[1]!);
    for (const specifier of [...importsOf(source), ...workers]) {
      if (specifier.startsWith('.')) waiting.push(posix.join(posix.dirname(path), specifier));
      else if (specifier.startsWith('#')) waiting.push(posix.normalize(manifest.imports[specifier]![host]));
      else packages.set(specifier, path);
    }
  }
  return { files: seen, packages };
}

for (const entry of ENTRIES) {
  test(`${entry}: all that it imports is in the package or a dependency`, () => {
    for (const host of ['node', 'default'] as const) {
      const { files: reached, packages } = reach(entry, host);
      assert.equal(
        [...reached].filter((path) => !files.has(path)),
        [],
        host,
      );
      for (const [specifier, from] of packages) {
        if (specifier.startsWith('node:')) continue;
        const name = specifier.split('/')[0]!;
        assert.ok(name in manifest.dependencies, `${from} imports ${specifier}, which is no dependency`);
      }
    }
  });

  test(`${entry}: in a browser nothing that it reaches is for Node alone`, () => {
    const { files: reached, packages } = reach(entry, 'default');
    for (const path of reached) assert.not(path.endsWith('.node.js'), path);
    for (const [specifier, from] of packages) {
      assert.not(specifier.startsWith('node:') || specifier === 'webgpu', `${from} imports ${specifier}`);
    }
  });
}

test('each host has its twin behind the same name', () => {
  const twins = reach('dist/engine/index.js', 'default').files;
  assert.ok(twins.has('dist/engine/gpu.browser.js'));
  const { files: inNode, packages } = reach('dist/engine/index.js', 'node');
  assert.ok(inNode.has('dist/engine/gpu.node.js') && !inNode.has('dist/engine/gpu.browser.js'));
  assert.is(packages.get('webgpu'), 'dist/engine/gpu.node.js');
  assert.ok(reach('dist/datasets/index.js', 'node').files.has('dist/datasets/decoder-worker.node.js'), 'the worker');
});

test('the package is imported by its own name, as users write it', async () => {
  const names = async (specifier: string) => Object.keys((await import(specifier)) as object);
  assert.ok((await names('reid-webgpu')).includes('openGpu'));
  assert.equal(await names('reid-webgpu/engine'), await names('reid-webgpu'));
  assert.ok((await names('reid-webgpu/reid')).includes('Trainer'));
  assert.ok((await names('reid-webgpu/datasets')).includes('createSynthetic'));
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      assert.ok(files.has(posix.normalize(path)), path);
    }
  }
  let error: unknown;
  await import('reid-webgpu/dist/engine/tensor.js' as string).catch((caught: unknown) => {
    error = caught;
  });
  assert.is((error as NodeJS.ErrnoException | undefined)?.code, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

const CONSUMER = `
import { type Gpu, nn, openGpu, optim, type Tensor, tensor } from 'reid-webgpu';
import * as engine from 'reid-webgpu/engine';
import { createSynthetic, type ReidDataset } from 'reid-webgpu/datasets';
import { baseline, overrideRecipe, type Recipe, Trainer } from 'reid-webgpu/reid';

const gpu: Gpu = await openGpu();
const x: Tensor = tensor([1, 2, 3], [3], { gpu });
const recipe: Recipe = overrideRecipe(baseline, ['epochs=1']);
const dataset: ReidDataset = createSynthetic({ seed: 1 });
// @ts-expect-error: only finds an error where the types are known
const wrong: string = x.shape;
export { dataset, engine, nn, optim, recipe, Trainer, wrong };
`;

/** The script of the README. */
const README = /```ts\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!;

test('a strict TypeScript project finds the types, in Node and with a bundler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, `node_modules/${manifest.name}`), 'junction');
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'use.ts'), CONSUMER);
    writeFileSync(join(folder, 'readme.ts'), README);
    for (const kind of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = {
        module: kind[0],
        moduleResolution: kind[1],
        target: 'es2022',
        lib: ['es2023', 'dom'],
        types: [],
        strict: true,
        skipLibCheck: false,
        noEmit: true,
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts', 'readme.ts'] }));
      const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
      assert.ok(existsSync(compiler));
      const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
      assert.is(status, 0, stdout);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
