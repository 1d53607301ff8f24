import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dispatched, dispatchesOf, type Factory, timed } from '../../bench/case.js';
import { convolutions } from '../../bench/cases/convolutions.js';
import { cases } from '../../bench/cases/index.js';
import { norms } from '../../bench/cases/norms.js';
import { openGpu } from '../../engine/gpu.js';
import { scope } from '../../engine/scope.js';

/** Exported functions of shaders/ that make no shader of their own: parts of texts, sizes, plans. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  activation: ['leaky'],
  conv: ['isOne', 'tapsShareRows'],
  'conv-epilogue': ['epilogueNames', 'epilogueStorage', 'putPixels', 'putQuad', 'scaleRows'],
  'conv-pack': ['packedSize', 'packingOf'],
  'conv-weights': ['quadsOf', 'chunkUnit'],
  depthwise: ['runsOf', 'tapsAtOnce'],
  copy: ['inQuads', 'quadStarts', 'quadStrides', 'unravel', 'unravelFields', 'unravelParams'],
  distance: ['pairSplits'],
  layernorm: ['cutRows'],
  lines: ['linesAreRows'],
  norm: ['chan', 'cutPlanes', 'gather', 'load', 'store', 'totalOf', 'typeOf', 'welford', 'widthOf'],
  bundle: ['each', 'ends', 'inTensor'],
  gradients: ['passGroups', 'reduceWidth'],
  half: ['inHalf'],
  optim: ['updateWidth'],
  // The frame of pad, pool and resample.
  position: ['eachInPlanes'],
  reduce: ['joinOf'],
  rowtile: ['forRows', 'rowNumbers', 'rowTileEnables', 'rowTileHead', 'rowTileLoop', 'rowTileMain', 'rowsFor'],
  shader: ['flatGrid', 'itemGrid', 'rowMain', 'storage'],
  sort: ['blocksOf', 'keptOf'],
};

/** The names that the issue asks for. */
const NAMED = [
  'matmul512',
  'matmul1024',
  'conv_fwd',
  'conv_bwd',
  'gconv_fwd',
  'gconv_bwd',
  'attention',
  'pdist',
  'block_step',
];

test('every shader factory has a benchmark', async () => {
  const folder = new URL('../../shaders/', import.meta.url);
  const covered = new Set<Factory>(cases.flatMap((one) => one.of));
  const without: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const room = file.replace('.js', '');
    for (const [name, value] of Object.entries(await import(new URL(file, folder).href))) {
      if (typeof value !== 'function' || PARTS[room]?.includes(name)) continue;
      if (!covered.has(value as Factory)) without.push(`${room}.${name}`);
    }
  }
  assert.equal(without, []);
});

test('names are different, of letters, digits and underscores, and those promised are there', () => {
  const names = cases.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-zA-Z]\w*$/);
  for (const name of NAMED) assert.ok(names.includes(name), name);
});

test('the work of every benchmark dispatches the kernels that it times', async () => {
  const gpu = await openGpu();
  const wrong: string[] = [];
  try {
    for (const one of cases) {
      scope(() => {
        dispatchesOf(
          gpu,
          () => {
            try {
              timed(one, dispatchesOf(gpu, one.prepare(), { run: false }));
            } catch (error) {
              wrong.push((error as Error).message);
            }
          },
          { run: false },
        );
      });
      await gpu.trim();
    }
  } finally {
    gpu.close();
  }
  assert.equal(wrong, []);
});

test('norms and convolutions say honestly what they move: everything that they bind, once', async () => {
  const gpu = await openGpu();
  const wrong: string[] = [];
  try {
    for (const one of [...norms, ...convolutions].filter(({ kernels }) => kernels)) {
      scope(() => {
        const noted: Dispatched[] = [];
        dispatchesOf(gpu, () => noted.push(...timed(one, dispatchesOf(gpu, one.prepare(), { run: false }))), {
          run: false,
        });
        for (const { shader, buffers } of noted) {
          const bound = [...new Set(buffers)].reduce((bytes, { size }) => bytes + size, 0);
          // A buffer is up to a quarter larger than its tensor; the table's running statistics are read and written.
          const share = shader.bytes / bound;
          if (share < 0.75 || share > (shader.name === 'planeTable' ? 1.2 : 1)) wrong.push(`${one.name}: ${share}`);
        }
      });
      await gpu.trim();
    }
  } finally {
    gpu.close();
  }
  assert.equal(wrong, []);
});

test.run();
