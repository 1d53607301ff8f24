import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadJson } from '../fixture.js';
import type { GoldenCase } from '../parity/case.js';
import { runOpCase } from '../parity/ops.js';
import { closeAfter } from './device.js';

const test = suite('PyTorch');
closeAfter(test);

/** Values and gradients of every operator as PyTorch computed them; one test an operator. */
const { cases } = (await loadJson('ops.json')) as { readonly cases: readonly GoldenCase[] };

const families = new Map<string, GoldenCase[]>();
for (const golden of cases) families.set(golden.op!, [...(families.get(golden.op!) ?? []), golden]);

for (const [op, goldens] of families) {
  test(`${op}: ${goldens.length} cases`, async () => {
    for (const golden of goldens) {
      const { status, reason } = await runOpCase(golden.id, golden);
      assert.is(status, 'pass', `${golden.id}: ${reason}`);
    }
  });
}

test('no case is missing', () => {
  assert.is(cases.length, 344);
});

test.run();
