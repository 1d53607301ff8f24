import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../../random/philox.js';
import { affinitiesOf, conditionalProbabilities } from '../../../../reid/report/embedding/affinities.js';
import { Forces } from '../../../../reid/report/embedding/forces.js';
import { type TsneProgress, tsne } from '../../../../reid/report/embedding/tsne.js';

const close = (a: number, b: number, within: number, what: string) =>
  assert.ok(Math.abs(a - b) <= within, `${what}: ${a} and ${b}`);

/** Normal clusters, centres at random corners `apart` standard deviations from the origin along every axis. */
function clusters(count: number, each: number, dimension: number, apart: number, seed = 1) {
  const random = new RandomStream(seed, 't-SNE test');
  const data = new Float32Array(count * each * dimension);
  for (let c = 0; c < count; c++) {
    const centre = Array.from({ length: dimension }, () => (random.uniform() < 0.5 ? -apart : apart));
    for (let i = 0; i < each; i++) {
      for (let j = 0; j < dimension; j++) data[(c * each + i) * dimension + j] = centre[j]! + random.normal();
    }
  }
  return { data, count: count * each, dimension };
}

const positions = (count: number, scale: number, seed: number) => {
  const random = new RandomStream(seed, 't-SNE positions');
  return Float64Array.from({ length: 2 * count }, () => scale * random.normal());
};

test('each point has the wished perplexity, whatever the scale', () => {
  const random = new RandomStream(4, 'perplexity');
  for (const scale of [1e-8, 1, 1e12]) {
    const squared = Float64Array.from({ length: 60 }, () => scale * random.uniform());
    const p = conditionalProbabilities(squared, 7);
    close(
      p.reduce((sum, value) => sum + value, 0),
      1,
      1e-12,
      'sum',
    );
    const entropy = -p.reduce((sum, value) => sum + (value > 0 ? value * Math.log(value) : 0), 0);
    close(Math.exp(entropy), 7, 1e-6, `perplexity at scale ${scale}`);
  }
  assert.equal([...conditionalProbabilities(new Float64Array(4), 2)], [0.25, 0.25, 0.25, 0.25], 'equal distances');
});

test('affinities are symmetric, sum to 1, and few neighbours are those of all but the far ones', () => {
  const rows = clusters(3, 20, 4, 3);
  const all = affinitiesOf(rows, 5, rows.count - 1);
  const few = affinitiesOf(rows, 5, 15);
  const at = ({ start, columns, values }: typeof all, i: number, j: number) => {
    for (let k = start[i]!; k < start[i + 1]!; k++) if (columns[k] === j) return values[k]!;
    return 0;
  };
  for (const map of [all, few]) {
    close(
      map.values.reduce((sum, value) => sum + value, 0),
      1,
      1e-12,
      'sum',
    );
    for (let i = 0; i < rows.count; i++) {
      for (let k = map.start[i]! + 1; k < map.start[i + 1]!; k++) assert.ok(map.columns[k - 1]! < map.columns[k]!);
      for (let j = 0; j < i; j++) assert.is(at(map, i, j), at(map, j, i));
      assert.is(at(map, i, i), 0);
    }
  }
  assert.is(all.values.length, rows.count * (rows.count - 1));
  let apart = 0;
  for (let i = 0; i < rows.count; i++)
    for (let j = 0; j < rows.count; j++) apart += Math.abs(at(all, i, j) - at(few, i, j));
  assert.ok(apart < 0.05, `distance of the two ${apart}`);
});

test('the gradient is that of the KL divergence, by finite differences', () => {
  const rows = clusters(2, 9, 3, 2);
  for (const [name, forces, within] of [
    ['exact', new Forces(affinitiesOf(rows, 4, rows.count - 1), 'exact'), 1e-9],
    ['tree at angle 0', new Forces(affinitiesOf(rows, 4, 10), 0), 1e-9],
  ] as const) {
    const y = positions(rows.count, 1, 6);
    const gradient = new Float64Array(y.length);
    forces.gradient(y, 1, gradient);
    for (let i = 0; i < y.length; i++) {
      const h = 1e-5;
      const moved = (by: number) => forces.divergence(y.map((value, k) => (k === i ? value + by : value)));
      close(gradient[i]!, (moved(h) - moved(-h)) / (2 * h), within, `${name}, coordinate ${i}`);
    }
  }
});

test('the tree agrees with all pairs: exactly at angle 0, nearly at 0.5, with points that coincide too', () => {
  const rows = clusters(3, 60, 5, 2);
  const affinities = affinitiesOf(rows, 10, rows.count - 1);
  for (const scale of [1e-4, 1, 30]) {
    const y = positions(rows.count, scale, 2);
    for (let i = 10; i < 20; i++) y.set([y[0]!, y[1]!], 2 * i);
    const gradientBy = (angle: number | 'exact') => {
      const out = new Float64Array(y.length);
      new Forces(affinities, angle).gradient(y, 1, out);
      return out;
    };
    const exact = gradientBy('exact');
    const size = Math.sqrt(exact.reduce((sum, value) => sum + value * value, 0));
    for (const [angle, within] of [
      [0, 1e-12],
      [0.5, 0.02],
    ] as const) {
      const tree = gradientBy(angle);
      const error = Math.sqrt(exact.reduce((sum, value, i) => sum + (value - tree[i]!) ** 2, 0));
      assert.ok(error <= within * size, `angle ${angle}, scale ${scale}: ${error / size}`);
    }
  }
  const same = new Float64Array(2 * rows.count).fill(0.25);
  const out = new Float64Array(same.length);
  new Forces(affinities, 0.5).gradient(same, 1, out);
  assert.ok(
    out.every((value) => value === 0),
    'all at one place',
  );
});

/** The share of points whose nearest neighbour on the map is of their own cluster. */
function purity(points: Float64Array, each: number): number {
  const count = points.length / 2;
  let own = 0;
  for (let i = 0; i < count; i++) {
    let [best, nearest] = [-1, Number.POSITIVE_INFINITY];
    for (let j = 0; j < count; j++) {
      const d = (points[2 * i]! - points[2 * j]!) ** 2 + (points[2 * i + 1]! - points[2 * j + 1]!) ** 2;
      if (j !== i && d < nearest) [best, nearest] = [j, d];
    }
    if (Math.floor(best / each) === Math.floor(i / each)) own++;
  }
  return own / count;
}

/** Mean distance within clusters over the smallest distance of two centres. */
function tightness(points: Float64Array, each: number): number {
  const count = points.length / 2 / each;
  const centres = Array.from({ length: count }, (_, c) => {
    const centre = [0, 0];
    for (let i = c * each; i < (c + 1) * each; i++) for (const k of [0, 1]) centre[k]! += points[2 * i + k]! / each;
    return centre as [number, number];
  });
  let within = 0;
  for (let i = 0; i < count * each; i++) {
    const [x, y] = centres[Math.floor(i / each)]!;
    within += Math.hypot(points[2 * i]! - x, points[2 * i + 1]! - y) / (count * each);
  }
  const gaps = centres.flatMap(([x, y], a) => centres.slice(a + 1).map(([u, v]) => Math.hypot(x - u, y - v)));
  return within / Math.min(...gaps);
}

for (const [name, options] of [
  ['all pairs', {}],
  ['tree', { exactUpTo: 0 }],
  ['tree from random positions', { exactUpTo: 0, initial: 'random', seed: 3 }],
] as const) {
  test(`clusters that are far apart stay apart, and the KL divergence falls: ${name}`, async () => {
    const each = 30;
    const rows = clusters(4, each, 8, 3);
    const told: TsneProgress[] = [];
    const map = { perplexity: 10, iterations: 400, exaggerated: 100, onProgress: (p: TsneProgress) => told.push(p) };
    const { points, kl } = await tsne(rows, { ...map, ...options });
    assert.is(purity(points, each), 1);
    assert.ok(tightness(points, each) < 0.35, `tightness ${tightness(points, each)}`);
    assert.equal(
      told.map(({ iteration }) => iteration),
      [50, 100, 150, 200, 250, 300, 350, 400],
    );
    const after = told.slice(2).map((p) => p.kl);
    // A step with momentum may overshoot a little; over 50 steps it falls.
    assert.ok(
      after.slice(1).every((value, i) => value < after[i]! + 1e-3),
      `KL ${after}`,
    );
    assert.ok(kl < 0.5 * told[0]!.kl && kl === told.at(-1)!.kl, `KL from ${told[0]!.kl} to ${kl}`);
    const again = await tsne(rows, { ...map, ...options });
    assert.equal(again.points, points, 'the same bits');
  });
}

test('points that coincide, and input that no map can be made of', async () => {
  const same = await tsne({ data: new Float32Array(40).fill(2), count: 20, dimension: 2 }, { perplexity: 3 });
  assert.ok(same.points.every(Number.isFinite));
  const rejects = async (rows: Parameters<typeof tsne>[0], options: Parameters<typeof tsne>[1], message: RegExp) => {
    try {
      await tsne(rows, options);
    } catch (error) {
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable(`expected ${message}`);
  };
  const rows = clusters(2, 10, 3, 1);
  await rejects(rows, { perplexity: 30 }, /perplexity 30 does not fit 20 points; it goes from 1 to 6/);
  await rejects({ data: [1, 2, 3], count: 3, dimension: 1 }, {}, /3 points are too few/);
  await rejects(
    { ...rows, data: rows.data.map((v, i) => (i === 7 ? Number.NaN : v)) },
    {},
    /point 2 holds NaN, value 1/,
  );
  await rejects(rows, { perplexity: 3, angle: 2 }, /angle is 2/);
  await rejects(rows, { perplexity: 3, learningRate: Number.NaN }, /learningRate is NaN/);
});

test.run();
