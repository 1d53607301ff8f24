import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { curvesOf } from '../../../../reid/report/evidence/curves.js';

const step = (n: number, more: object = {}) => ({
  step: n,
  epoch: 0,
  images: 64,
  seconds: n,
  lr: 0.1,
  loss: 4,
  idLoss: 3,
  ...more,
});

test('losses share a chart, the sum first; the rate and other numbers have their own', () => {
  const charts = curvesOf([step(1, { gradNorm: 7 }), step(2, { note: 'text', gradNorm: 8 })]);
  assert.equal(
    charts.map(({ title, series }) => [title, series.map(({ name }) => name)]),
    [
      ['Loss', ['total', 'id loss']],
      ['Learning rate', ['lr']],
      ['Grad norm', ['grad norm']],
    ],
  );
  assert.equal(charts[0]!.series[1]!.x, [1, 2]);
  assert.equal(charts[0]!.series[1]!.y, [3, 3]);
});

test('of a step that was made again the later line counts; lines out of order are sorted', () => {
  const [loss] = curvesOf([step(1), step(3, { loss: 9 }), step(2), step(3, { loss: 1 })]);
  assert.equal(
    [loss!.series[0]!.x, loss!.series[0]!.y],
    [
      [1, 2, 3],
      [4, 4, 1],
    ],
  );
});

test('evaluations by epoch', () => {
  const evaluation = (epoch: number, mAP: number) => ({
    step: 10 * epoch,
    epoch,
    evaluation: { mAP, cmc: { '1': 2 * mAP } },
  });
  const charts = curvesOf([step(1), step(2), evaluation(0, 0.1), evaluation(4, 0.2)]);
  const last = charts.at(-1)!;
  assert.is(last.title, 'Retrieval during training');
  assert.equal(
    last.series.map(({ x, y }) => [x, y]),
    [
      [
        [1, 5],
        [0.1, 0.2],
      ],
      [
        [1, 5],
        [0.2, 0.4],
      ],
    ],
  );
  assert.is(curvesOf([step(1), step(2), evaluation(0, 0.1)]).length, 2, 'one evaluation is no curve');
});

test('few steps are drawn as they are, many smoothed, far apart ones on a logarithmic axis', () => {
  const lines = (count: number, of: (n: number) => number) =>
    Array.from({ length: count }, (_, i) => step(i + 1, { loss: of(i), idLoss: of(i) }));
  assert.is(curvesOf(lines(10, () => 1))[0]!.series[0]!.smoothing, 0);
  assert.ok(curvesOf(lines(400, () => 1))[0]!.series[0]!.smoothing! > 0.5);
  assert.is(curvesOf(lines(10, (n) => 1000 / (n + 1)))[0]!.y.log, false);
  assert.is(curvesOf(lines(10, (n) => 10 ** -n))[0]!.y.log, true);
});

test('logs without curves, and values that are no numbers', () => {
  assert.equal(curvesOf([]), []);
  assert.equal(curvesOf([step(1)]), []);
  const [loss] = curvesOf([step(1, { loss: null }), step(2, { loss: 'NaN' }), step(3)]);
  assert.equal(Array.from(loss!.series[0]!.y), [Number.NaN, Number.NaN, 4]);
  assert.equal(curvesOf([{ step: 'x' as unknown as number, loss: 1 }]), []);
  assert.equal(
    curvesOf([
      { step: 1, evaluation: {} },
      { step: 2, evaluation: { cmc: 3 } },
    ]),
    [],
  );
});

test.run();
