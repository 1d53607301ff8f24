import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed } from '../../../../engine/index.js';
import type { NamedArray } from '../../../../engine/io/arrays.js';
import type { Module } from '../../../../engine/nn/index.js';
import { Encoder } from '../../../../reid/models/encoder.js';
import { buildGCL } from '../../../../reid/training/gcl/networks.js';
import { loadGCLWeights } from '../../../../reid/training/gcl/weights.js';
import { closeAfter } from '../../../engine/device.js';
import { differing } from '../differing.js';
import { tinyGCL } from './tiny.js';

closeAfter(test);

const netsOf = (seed: number, ...changes: string[]) => {
  manualSeed(seed);
  return buildGCL(tinyGCL(...changes));
};

const below = async (prefix: string, module: Module): Promise<[string, NamedArray][]> =>
  [...(await module.stateArrays())].map(([name, array]) => [`${prefix}.${name}`, array]);

test('weights of a run, and of the release’s files, whichever networks they hold', async () => {
  const [from, to] = [netsOf(1), netsOf(2)];
  const run = new Map([
    ...(await below('model', from.identity)),
    ...(await below('pseudo.generator', from.generator)),
    ...(await below('pseudo.discriminator', from.discriminator)),
  ]);
  assert.equal(loadGCLWeights(to, run), ['identity', 'generator', 'discriminator']);
  for (const net of ['identity', 'generator', 'discriminator'] as const) {
    assert.equal(differing(await from[net].stateArrays(), await to[net].stateArrays()), [], net);
  }
  const other = netsOf(3);
  const release = new Map((await below('gen', from.generator)).filter(([name]) => !/running_(mean|var)$/.test(name)));
  assert.equal(loadGCLWeights(other, release), ['generator']);
  assert.equal(differing(await from.generator.stateArrays(), await other.generator.stateArrays()), []);
});

test('an encoder from elsewhere: its residual network, and the head where it fits', async () => {
  const backbone = { depth: 18, width: 4, stem: 'small', stemStride: 2, lastStride: 1 } as const;
  manualSeed(5);
  const encoder = new Encoder({ backbone });
  const arrays = await encoder.stateArrays();
  for (const head of ['jvtc', 'plain']) {
    const nets = netsOf(4, `model.head=${head}`);
    assert.equal(loadGCLWeights(nets, arrays), ['identity']);
    const got = await nets.identity.stateArrays();
    const name = head === 'jvtc' ? 'layer4.0.conv1.weight' : 'base.layer4.0.conv1.weight';
    assert.equal(got.get(name)!.data, arrays.get('base.layer4.0.conv1.weight')!.data);
  }
});

test('a generator of another size is refused', async () => {
  const arrays = new Map(await below('gen', netsOf(1, 'generator.width=4').generator));
  assert.throws(() => loadGCLWeights(netsOf(1), arrays), /generator is of another size than the recipe's/);
  assert.throws(() => loadGCLWeights(netsOf(1), new Map()), /holds nothing/);
});

test.run();
