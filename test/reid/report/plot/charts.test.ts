import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { heatTable } from '../../../../reid/report/plot/heat-table.js';
import { countInto, histogramChart } from '../../../../reid/report/plot/histogram.js';
import { lineChart, smoothed } from '../../../../reid/report/plot/line-chart.js';
import { scatterChart } from '../../../../reid/report/plot/scatter.js';

const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} and ${b}`);

/** The commands of all paths of a class. */
const paths = (svg: string, kind: string) =>
  [...svg.matchAll(new RegExp(`<path class="${kind}" d="([^"]*)"`, 'g'))].map((match) => match[1]!);

const chart = (y: number[], more: object = {}) =>
  lineChart({
    title: 'Loss',
    x: { label: 'step' },
    y: { label: 'loss' },
    series: [{ name: 'total', x: y.map((_, i) => i), y, ...more }],
  }).text;

test('smoothing is the weighted mean of what came before', () => {
  const values = [4, 2, 7, 1];
  const got = smoothed(values, 0.5);
  // Weights 1, ½, ¼ … over their sum.
  close(got[0]!, 4);
  close(got[1]!, (2 + 4 / 2) / 1.5);
  close(got[2]!, (7 + 2 / 2 + 4 / 4) / 1.75);
  close(got[3]!, (1 + 7 / 2 + 2 / 4 + 4 / 8) / 1.875);
  assert.equal([...smoothed(values, 0)], values);
  assert.equal([...smoothed([Number.NaN, 3, Number.NaN], 0.5)], [Number.NaN, 3, 3]);
  assert.throws(() => smoothed(values, 1), /from 0 to below 1/);
});

test('a line goes from the left edge to the right one, and has gaps where a value is not finite', () => {
  const [whole] = paths(chart([0, 1, 2]), 'line s0');
  const points = whole!.match(/[\d.]+ [\d.]+/g)!.map((pair) => pair.split(' ').map(Number));
  assert.is(points.length, 3);
  assert.is(points[2]![0], 396, 'the right edge');
  assert.ok(points[0]![1]! > points[1]![1]! && points[1]![1]! > points[2]![1]!, 'up is more');
  close(2 * points[1]![0]!, points[0]![0]! + points[2]![0]!);
  const [gap] = paths(chart([0, 1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5]), 'line s0');
  assert.is(gap!.match(/M/g)!.length, 3);
  assert.match(gap!, /h0$/, 'a single point is a dot');
  assert.not.match(chart([Number.NaN]), /NaN|Infinity/);
  assert.not.match(chart([]), /NaN|Infinity/);
  assert.not.match(chart([3, 3, 3]), /NaN|Infinity/);
});

test('raw beneath smoothed, and steps', () => {
  const svg = chart([0, 4, 0, 4], { smoothing: 0.9 });
  assert.is(paths(svg, 'line raw s0').length, 1);
  assert.is(paths(svg, 'line s0').length, 1);
  assert.ok(svg.indexOf('line raw') < svg.indexOf('"line s0"'));
  assert.match(paths(chart([1, 2], { stepped: true }), 'line s0')[0]!, /^M[\d. ]+H[\d.]+V[\d.]+$/);
});

test('many points take no more room than the pixels, and keep their peaks', () => {
  const y = Array.from({ length: 50_000 }, (_, i) => (i === 31_234 ? 100 : Math.sin(i)));
  const [path] = paths(chart(y), 'line s0');
  assert.ok(path!.length < 25_000, `${path!.length} characters`);
  const top = Math.min(...path!.match(/ ([\d.]+)/g)!.map(Number));
  const [alone] = paths(chart([0, 100, -1]), 'line s0');
  const peak = Math.min(...alone!.match(/ ([\d.]+)/g)!.map(Number));
  assert.ok(Math.abs(top - peak) < 1, `${top} and ${peak}`);
});

test('a logarithmic axis leaves out what is not above 0; ends may be given', () => {
  const svg = lineChart({
    title: 't',
    x: { label: 'x' },
    y: { label: 'y', log: true },
    series: [{ name: 'a', x: [0, 1, 2, 3], y: [1, 0, -1, 100] }],
  }).text;
  assert.is(paths(svg, 'line s0')[0]!.match(/M/g)!.length, 2);
  assert.not.match(svg, /NaN|Infinity/);
  const bounded = lineChart({
    title: 't',
    x: { label: 'x' },
    y: { label: 'y', percent: true, low: 0, high: 1 },
    series: [{ name: 'a', x: [0, 1], y: [0.5, 7] }],
  }).text;
  assert.match(bounded, />100 %</);
  assert.match(paths(bounded, 'line s0')[0]!, / 10$/, 'held at the top');
  assert.throws(
    () => lineChart({ title: 't', x: { label: 'x' }, y: { label: 'y' }, series: [{ name: 'a', x: [1], y: [] }] }),
    /"a" has 1 places and 0 values/,
  );
});

test('charts say in words what they show; one series needs no legend', () => {
  const svg = chart([3, 1, 2]);
  assert.match(svg, /role="img" aria-label="Loss: loss by step. total: from 3 to 2, between 1 and 3\."/);
  assert.not.match(svg, /legend/);
});

test('values fall into bins, the ends belong to the outer ones', () => {
  const range = { low: 0, high: 1, bins: 4 };
  assert.equal(countInto([0, 0.24, 0.25, 0.99, 1, 2, -1], range).counts, [3, 1, 0, 3]);
  assert.throws(() => countInto([1, Number.NaN], range), /value 1 is NaN/);
  assert.equal(countInto([5, 5], { low: 5, high: 5, bins: 2 }).counts, [2, 0]);
});

test('histograms: each group by its own total', () => {
  const bins = (counts: number[]) => ({ low: 0, width: 1, counts });
  const svg = histogramChart({
    title: 'Distances',
    label: 'distance',
    groups: [
      { name: 'one', bins: bins([1, 0]) },
      { name: 'two', bins: bins([500, 500]) },
    ],
    marks: [{ value: 0.5, text: 'here' }],
  }).text;
  const heights = paths(svg, 'area s[01]').map((d) =>
    Math.min(...d.match(/V([\d.]+)/g)!.map((v) => Number(v.slice(1)))),
  );
  const base = 208;
  close(base - heights[0]!, 2 * (base - heights[1]!));
  assert.match(svg, />here<\/text>/);
});

test('a map of points: one scale for both axes, groups, captions', () => {
  const point = (x: number, y: number, group?: string, ring = false) => ({ x, y, caption: `${x},${y}`, group, ring });
  const svg = scatterChart({
    title: 'Map',
    labels: ['', ''],
    points: [point(0, 0, 'a'), point(10, 0, 'b', true), point(10, 5, 'a'), point(5, 2), point(Number.NaN, 1, 'c')],
  }).text;
  const circles = [...svg.matchAll(/<circle( class="ring")? cx="([\d.]+)" cy="([\d.]+)" r="3.5"><title>([^<]*)</g)];
  assert.is(circles.length, 4);
  const at = (caption: string) =>
    circles
      .find((circle) => circle[4] === caption)!
      .slice(2, 4)
      .map(Number);
  assert.is(at('10,0')[0]! - at('0,0')[0]!, 2 * (at('10,0')[1]! - at('10,5')[1]!));
  assert.is(svg.match(/<g class="points"/g)!.length, 3);
  assert.ok(svg.indexOf('5,2') < svg.indexOf('0,0'), 'pale points lie beneath');
  assert.match(svg, /4 points of 2 groups/);
  assert.not.match(scatterChart({ title: 'None', labels: ['', ''], points: [] }).text, /NaN|Infinity/);
  assert.not.match(scatterChart({ title: 'One', labels: ['', ''], points: [point(3, 3)] }).text, /NaN|Infinity/);
});

test('a heat table: values as percent, from the least to the most', () => {
  const table = { title: 'T', sides: ['from', 'to'] as const, rows: ['1', '2'], columns: ['1', '2'] };
  const { text } = heatTable({
    ...table,
    values: [
      [null, 0.5],
      [0.25, 0.75],
    ],
  });
  assert.equal(
    [...text.matchAll(/--v:(\d+)%">([\d.]+)</g)].map((match) => match.slice(1)),
    [
      ['50', '50.0'],
      ['0', '25.0'],
      ['100', '75.0'],
    ],
  );
  assert.match(text, /<th scope="row">2<\/th>/);
  assert.not.match(
    heatTable({
      ...table,
      values: [
        [null, null],
        [null, null],
      ],
    }).text,
    /NaN/,
  );
  assert.throws(() => heatTable({ ...table, values: [[1, 1]] }), /not 2 rows of 2/);
});

test.run();
