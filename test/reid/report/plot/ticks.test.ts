import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { logTicks, numberText, percentText, roundTicks } from '../../../../reid/report/plot/ticks.js';

const texts = (ticks: readonly { readonly text: string }[]) => ticks.map(({ text }) => text);

test('ticks are round numbers inside of the axis', () => {
  assert.equal(texts(roundTicks(0, 0.9)), ['0.0', '0.2', '0.4', '0.6', '0.8']);
  assert.equal(texts(roundTicks(-3, 12)), ['0', '5', '10']);
  assert.equal(texts(roundTicks(-0.25, 0.25)), ['−0.2', '−0.1', '0.0', '0.1', '0.2']);
  assert.equal(texts(roundTicks(1, 64)), ['10', '20', '30', '40', '50', '60']);
  assert.equal(texts(roundTicks(0, 0.0017)), ['0', '0.0005', '0.0010', '0.0015']);
  assert.equal(texts(roundTicks(0, 3.2e-7)), ['0', '5e−8', '1e−7', '1.5e−7', '2e−7', '2.5e−7', '3e−7']);
  assert.equal(texts(roundTicks(0, 2.5e7)), ['0', '5e6', '1e7', '1.5e7', '2e7', '2.5e7']);
  assert.equal(texts(roundTicks(7, 7)), ['7']);
});

test('any axis gets a handful of ticks, ascending, each inside', () => {
  for (let k = -30; k <= 30; k++) {
    for (const [low, span] of [
      [0, 1],
      [-0.37, 0.9],
      [123.4, 7.7],
      [-5, 3.3],
    ] as const) {
      const [from, to] = [low * 10 ** k, (low + span) * 10 ** k];
      const values = roundTicks(from, to).map(({ value }) => value);
      assert.ok(values.length >= 2 && values.length <= 8, `${from} to ${to}: ${values}`);
      const slack = 1e-8 * (to - from);
      assert.ok(
        values.every((v, i) => v >= from - slack && v <= to + slack && (i === 0 || v > values[i - 1]!)),
        `${from} to ${to}: ${values}`,
      );
    }
  }
});

test('a logarithmic axis has powers of ten, or 1, 2, 5 where it is short', () => {
  assert.equal(texts(logTicks(1e-4, 1)), ['1e−4', '0.001', '0.01', '0.1', '1']);
  assert.equal(texts(logTicks(0.5, 20)), ['0.5', '1', '2', '5', '10', '20']);
  assert.ok(logTicks(1e-12, 1).length <= 8);
});

test('numbers as people write them', () => {
  assert.equal([0, 12, 1234, 1234567, 999.5, 0.00035, -2.5, 0.1 + 0.2, -1e-9].map(numberText), [
    '0',
    '12',
    '1,234',
    '1.234567e6',
    '999.5',
    '3.5e−4',
    '−2.5',
    '0.3',
    '−1e−9',
  ]);
  assert.equal(
    [percentText(0.4321), percentText(1, 0), percentText(-0.00001)],
    ['43.2\u00a0%', '100\u00a0%', '0.0\u00a0%'],
  );
});

test.run();
