import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { faults, importsOf } from './arrows.js';
import { ROOT } from './files.js';

const ROOMS = ['random', 'shaders', 'engine', 'datasets', 'reid', 'cli', 'web', 'test', 'bench', 'types'];

const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).imports;

/** A source of `path` that imports `specifiers`, judged. */
const judge = (path: string, ...specifiers: string[]) =>
  faults(path, specifiers.map((specifier) => `import { a } from '${specifier}';`).join('\n'), own);

test('every source keeps to the arrows', () => {
  const files = ROOMS.filter((room) => existsSync(join(ROOT, room))).flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .map((name) => `${room}/${name.replaceAll('\\', '/')}`)
      .filter(
        (path) =>
          /\.(ts|js)$/.test(path) && !path.startsWith('bench/peers/') && !/(^|\/)(dist|node_modules)\//.test(path),
      ),
  );
  assert.ok(files.length > 20, 'the sources are found');
  const found = files.flatMap((path) => faults(path, readFileSync(join(ROOT, path), 'utf8'), own));
  assert.is(found.join('\n'), '');
});

test('imports are found in every form, and not in comments', () => {
  const source = `
import type { A } from './a.js';
import {
  b,
} from "./b.js";
import './c.js';
export * from './d.js';
export { e } from './e.js';
const f = await import('./f.js');
/**
 * import { no } from './no.js';
 */
// import { no } from './no.js';
const text = \`copied from 'there'\`;
`;
  assert.equal(importsOf(source).sort(), ['./a.js', './b.js', './c.js', './d.js', './e.js', './f.js']);
});

const ALLOWED: [string, ...string[]][] = [
  ['engine/ops/conv.ts', '../../shaders/conv.js', '../tensor.js', '../../random/philox.js', '#gpu-host'],
  ['shaders/conv.ts', './shader.js', '../random/philox.js', 'wgsl-preprocessor/wgsl-preprocessor.js'],
  ['reid/losses/triplet.ts', '../../engine/tensor.js', '../../datasets/dataset.js'],
  ['datasets/png.ts', 'fast-png', './image.js', '#image-decoders'],
  ['engine/gpu.node.ts', 'webgpu', 'node:fs'],
  ['cli/train.ts', 'node:fs', '../reid/index.js', '../datasets/index.js'],
  ['web/page.ts', '../reid/index.js'],
  ['test/reid/a.test.ts', 'node:fs', '../../reid/index.js'],
  ['test/engine/io/file.node.test.ts', 'node:fs'],
];

const FORBIDDEN: [string, ...string[]][] = [
  ['engine/tensor.ts', '../reid/index.js'],
  ['engine/tensor.ts', '../datasets/image.js'],
  ['engine/tensor.ts', 'webgpu'],
  ['engine/tensor.ts', 'node:fs'],
  ['engine/tensor.ts', '#image-decoders'],
  ['engine/tensor.ts', '#unknown'],
  ['datasets/loader.ts', '../engine/tensor.js'],
  ['datasets/loader.ts', '../reid/index.js'],
  ['shaders/conv.ts', '../engine/tensor.js'],
  ['shaders/conv.ts', 'uvu'],
  ['random/philox.ts', '../engine/tensor.js'],
  ['random/philox.ts', 'uvu'],
  ['reid/model.ts', '../cli/train.js'],
  ['reid/model.ts', '../web/page.js'],
  ['web/page.ts', '../cli/train.js'],
  ['web/page.ts', 'node:fs'],
  ['cli/doctor.ts', 'webgpu'],
  ['test/engine/conv.test.ts', 'node:fs'],
  ['test/engine/io/fixtures.ts', 'node:fs'],
  ['engine/utils.ts'],
  ['reid/helpers/triplet.ts'],
  ['engine/memory-manager.ts'],
];

for (const [path, ...specifiers] of ALLOWED) {
  test(`${path} may import ${specifiers.join(', ')}`, () => assert.equal(judge(path, ...specifiers), []));
}

for (const [path, ...specifiers] of FORBIDDEN) {
  test(`${path} with ${specifiers.join(', ') || 'its name'} is a fault`, () =>
    assert.is(judge(path, ...specifiers).length, 1));
}

test.run();
