import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readPth, stateDictOf } from '../../engine/io/pth.js';
import { noGrad } from '../../engine/tape.js';
import { tensor } from '../../engine/tensor.js';
import { OSNet } from '../../reid/models/backbones/osnet.js';
import { closeAfter } from './device.js';

const test = suite("OSNet's checkpoints");
closeAfter(test);

/** Real weights and what PyTorch makes of them; beside the checkout on the machines of its authors, else not there. */
const WEIGHTS = '../shared/data/weights-reid';

for (const [data, classes] of [
  ['market1501', 751],
  ['msmt17', 1041],
] as const) {
  const file = `${WEIGHTS}/osnet_x0_25_${data}.pth`;
  const run = existsSync(file) ? test : test.skip;
  run(`the checkpoint of ${data} gives PyTorch's embedding`, async () => {
    const { outputs } = JSON.parse(readFileSync(`${WEIGHTS}/osnet_golden_sine.json`, 'utf8')) as {
      outputs: Record<string, { embedding_512: number[] }>;
    };
    const want = outputs[data]!.embedding_512;
    const model = new OSNet({ width: 0.25, classes });
    const report = model.loadStateDict(stateDictOf((await readPth(readFileSync(file), file)).value));
    assert.is(report.loaded.length, 567);
    assert.ok(model.conv1.bn.num_batches_tracked!.value > 0);
    const n = 3 * 256 * 128;
    const x = tensor(
      Float32Array.from({ length: n }, (_, i) => Math.sin(-2 + (4 * i) / (n - 1))),
      [1, 3, 256, 128],
    );
    const got = await noGrad(() => model.eval().forward(x)).read();
    const norm = Math.hypot(...want);
    const off = Math.hypot(...want.map((y, i) => y - got[i]!));
    assert.ok(off <= 1e-4 * norm, `relative difference ${off / norm}`);
  });
}

test.run();
