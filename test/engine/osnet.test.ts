import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { randn } from '../../engine/random.js';
import { scope } from '../../engine/scope.js';
import { noGrad } from '../../engine/tape.js';
import { OSNet } from '../../reid/models/backbones/osnet.js';
import { loadJson } from '../fixture.js';
import { closeAfter, gpu } from './device.js';

const test = suite('OSNet');
closeAfter(test);

test('OSNet x0.25 has the names, order and shapes of torchreid', async () => {
  const names = (await loadJson('state-dicts.json')) as Record<string, [string, number[]][]>;
  const model = new OSNet({ width: 0.25, classes: 1041 });
  assert.equal(
    [...model.stateDict()].map(([name, { shape }]) => [name, shape]),
    names.osnet_x0_25,
  );
});

test('OSNet x1.0 has the 2.2 million parameters of the paper, and embeds in little memory', async () => {
  const model = new OSNet().eval();
  const count = model.parameters().reduce((n, { size }) => n + size, 0);
  // torchreid tells 2,193,616: it counts the gate, which four streams share, four times.
  assert.is(count, 2193616 - 3 * 8036);
  const start = gpu.memory().live;
  gpu.pool.resetPeak();
  const y = scope(() => noGrad(() => model.forward(randn([2, 3, 64, 32]))));
  assert.equal(y.shape, [2, 512]);
  assert.is(gpu.memory().live - start, 2 * 512 * 4);
  // The largest map, [2, 256, 16, 8], and a handful of its like.
  const map = 2 * 256 * 16 * 8 * 4;
  assert.ok(gpu.memory().peak - start < 12 * map, `${(gpu.memory().peak - start) / map} maps`);
  assert.throws(() => model.classify(y), /without classes/);
});

test.run();
