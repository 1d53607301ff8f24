import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spreadOf } from '../../../reid/metrics/spread.js';
import { evaluateVehicleId } from '../../../reid/metrics/vehicle-id.js';
import { fill } from '../../golden/fill.js';
import { rowsOf } from './worked-case.js';

const COUNT = 24;
const identities = fill('vehicles', [COUNT], { kind: 'quant', levels: 7, offset: 0 });
const matrix = fill('vehicle distances', [COUNT * COUNT], { kind: 'quant', levels: 40, offset: 1 });

test('the first picture of each identity as gallery, against sorting', async () => {
  const first = [...new Set(identities)].map((identity) => identities.indexOf(identity));
  const queries = Array.from({ length: COUNT }, (_, i) => i).filter((i) => !first.includes(i));
  const ranks = queries.map((q) => {
    const order = [...first].sort((a, b) => matrix[q * COUNT + a] - matrix[q * COUNT + b] || a - b);
    return 1 + order.findIndex((g) => identities[g] === identities[q]);
  });
  const got = await evaluateVehicleId(rowsOf(matrix, COUNT), identities, { gallery: 'first', maxRank: 7 });
  assert.equal([got.draws, got.queries, got.identities], [1, queries.length, first.length]);
  got.cmc.forEach((share, k) => {
    assert.is(share, ranks.filter((rank) => rank <= k + 1).length / queries.length);
  });
  const mrr = ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length;
  assert.ok(Math.abs(got.mAP.mean - mrr) < 1e-12);
});

test('ten draws with their spread, the same every time', async () => {
  const got = await evaluateVehicleId(rowsOf(matrix, COUNT), identities);
  assert.is(got.draws, 10);
  assert.is(got.cmc1.values.length, 10);
  assert.ok(got.cmc1.deviation > 0);
  assert.ok(Math.abs(got.cmc[4] - got.cmc5.mean) < 1e-12);
  assert.equal(await evaluateVehicleId(rowsOf(matrix, COUNT), identities, { blockRows: 5 }), got);
});

test('identities of one picture have no query; none with two is refused', async () => {
  let message = '';
  await evaluateVehicleId(rowsOf(matrix, 3), [1, 2, 3]).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /none of the 3 identities has two pictures/);
});

test('mean and standard deviation over splits', () => {
  assert.equal(spreadOf([1, 3]), { mean: 2, deviation: 1, values: [1, 3] });
  assert.throws(() => spreadOf([]), /no splits/);
});

test.run();
