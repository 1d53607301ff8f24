import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../../random/philox.js';
import { DistanceCounts } from '../../../../reid/metrics/distance-counts.js';
import { verification } from '../../../../reid/metrics/verification.js';
import { cameraTables, verificationSection } from '../../../../reid/report/evidence/verification-charts.js';

const random = new RandomStream(2, 'verification charts');
const draws = (count: number, mean: number) => Float32Array.from({ length: count }, () => mean + random.normal());
const genuine = draws(300, 0).sort();
const impostor = draws(5000, 3).sort();
const counted = (values: Float32Array) => {
  const counts = new DistanceCounts();
  counts.add(values);
  return counts;
};
const figures = verification(counted(genuine), counted(impostor));
const share = (values: Float32Array, threshold: number) => values.filter((d) => d <= threshold).length / values.length;

test('each drawn point of the characteristic is one of the curve', () => {
  const { roc } = verificationSection(figures, null, 'cosine')!;
  const [series] = roc!.series;
  const [x, y] = [Array.from(series!.x), Array.from(series!.y)];
  assert.ok(x.length > 90);
  x.forEach((far, i) => {
    assert.ok(i === 0 || (far >= x[i - 1]! && y[i]! >= y[i - 1]!), 'rises');
    assert.ok(far >= 1 / 5000);
    // The most that can be accepted with at most this share of false accepts, and the least that must be with this many.
    const wrongly = Math.floor(far * impostor.length + 1e-6);
    const most = wrongly < impostor.length ? genuine.filter((d) => d < impostor[wrongly]!).length / genuine.length : 1;
    const least = wrongly <= 1 ? 0 : share(genuine, impostor[wrongly - 1]!);
    assert.ok(y[i]! <= most + 1e-12 && y[i]! >= least - 1e-12, `${far}: ${y[i]} not from ${least} to ${most}`);
  });
  assert.equal([x.at(-1), y.at(-1)], [1, 1]);
});

test('histogram and figures; too few pairs are said', () => {
  const { histogram, facts } = verificationSection(figures, null, 'cosine')!;
  assert.equal(
    histogram!.groups.map(({ bins }) => bins.counts.reduce((a, b) => a + b, 0)),
    [300, 5000],
  );
  assert.is(histogram!.label, 'cosine distance');
  const value = (name: RegExp) => facts!.find(([key]) => name.test(key))?.[1];
  assert.match(value(/equal error/)!, /^\d\.\d\s% at distance 1\.\d+$/);
  assert.match(value(/at 0\.01\s% false/)!, /too few pairs: it takes 10,000 of two people/);
  assert.match(value(/at 10\s% false/)!, /^9\d\.\d\s% at distance/);
  assert.is(verificationSection(null, null, 'cosine'), undefined);
  const open = {
    unknownBy: 'labels' as const,
    known: 9,
    unknown: 1500,
    neither: 0,
    dirAtFar: [
      { far: 0.01, dir: 0.5, threshold: 0.25, needs: null },
      { far: 1e-4, dir: null, threshold: null, needs: 10_000 },
    ],
  };
  assert.equal(verificationSection(null, open, 'cosine')!.facts, [
    ['found and accepted, with 1\u00a0% of 1,500 strangers accepted', '50.0\u00a0% at distance 0.25'],
  ]);
});

test('tables of cameras, where there are some and not too many', () => {
  const matrix = {
    queryCameras: [0, 2],
    galleryCameras: [0, 2],
    queries: [
      [0, 5],
      [4, 0],
    ],
    cmc1: [
      [null, 0.2],
      [0.5, null],
    ],
    mAP: [
      [null, 0.3],
      [0.4, null],
    ],
  };
  const [first, second] = cameraTables(matrix);
  assert.equal([first!.rows, first!.columns, first!.values], [['1', '3'], ['1', '3'], matrix.cmc1]);
  assert.match(first!.note!, /4 to 5 queries/);
  assert.equal(second!.values, matrix.mAP);
  assert.equal(cameraTables({ ...matrix, queryCameras: [0], galleryCameras: [0] }), []);
  assert.equal(cameraTables({ ...matrix, queryCameras: Array.from({ length: 25 }, (_, i) => i) }), []);
  assert.equal(cameraTables({ ...matrix, queries: [[0]] }), []);
});

test.run();
