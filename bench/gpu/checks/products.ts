import {
  cdist,
  euclidean,
  grad,
  linear,
  matmul,
  scaledDotProductAttention,
  squaredEuclidean,
  type Tensor,
  transpose,
} from '../../../engine/index.js';
import type { Sizes } from '../cases.js';
import { attention, distance, manhattan, product, squaredGrad } from '../references/products.js';
import { FUNCTIONS, PRODUCTS, SUMS } from '../sampled.js';
import { type CheckSet, numbers, result, withinSets } from './set.js';

interface Lie {
  readonly turnedA?: boolean;
  readonly turnedB?: boolean;
  readonly batch?: number;
  /** As `linear`, with a bias; B then lies turned. */
  readonly bias?: boolean;
}

function matrix(name: string, [m, n, k]: readonly [number, number, number], lie: Lie = {}): CheckSet {
  const { turnedA = false, turnedB = false, batch, bias = false } = lie;
  const lead = batch === undefined ? [] : [batch];
  const size = (batch ?? 1) * m * n;
  return {
    name,
    shares: true,
    make: async () => {
      const a = await numbers([...lead, ...(turnedA ? [k, m] : [m, k])]);
      const b = await numbers([...lead, ...(turnedB || bias ? [n, k] : [k, n])]);
      const shift = bias ? await numbers([n]) : undefined;
      const work = () =>
        bias ? linear(a.t, b.t, shift!.t) : matmul(turnedA ? transpose(a.t) : a.t, turnedB ? transpose(b.t) : b.t);
      const data = { a: a.data, b: b.data, bias: shift?.data };
      const at = product([m, n, k], data, { turnedA, turnedB: turnedB || bias });
      return [result(name, work, [size, k, PRODUCTS], at)];
    },
  };
}

function distances(name: string, [m, n, depth]: readonly [number, number, number], gradients: boolean): CheckSet {
  return {
    name,
    shares: true,
    make: async () => {
      const x = await numbers([m, depth], true);
      const y = await numbers([n, depth], true);
      const at = (root: boolean) => distance([n, depth], { x: x.data, y: y.data }, root);
      const d = [m * n, 3 * depth, SUMS] as const;
      const forward = [
        result(name, () => euclidean(x.t.detach(), y.t.detach()), d, at(true)),
        result(`${name}: squared`, () => squaredEuclidean(x.t.detach(), y.t.detach()), d, at(false)),
      ];
      if (!gradients) return forward;
      const g = await numbers([m, n]);
      const squared = squaredEuclidean(x.t, y.t);
      const dx = () => grad([squared], [x.t], { gradients: [g.t], retainGraph: true })[0]!;
      const reference = squaredGrad([n, depth], { x: x.data, y: y.data, g: g.data });
      return [...forward, result(`${name}: dx`, dx, [m * depth, 2 * n, SUMS], reference)];
    },
  };
}

const manhattanDistances: CheckSet = {
  name: 'odd cdist',
  shares: false,
  make: async () => {
    const [m, n, depth] = [37, 53, 29];
    const [x, y] = [await numbers([m, depth]), await numbers([n, depth])];
    const reference = manhattan([n, depth], { x: x.data, y: y.data });
    return [result('odd cdist', () => cdist(x.t, y.t, 1), [m * n, depth, SUMS], reference)];
  },
};

interface Heads {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly values: number;
  readonly causal?: boolean;
}

/** Attention and its three gradients, in a few items only: what an item's queries share is dear. */
export function heads(name: string, shape: Heads): CheckSet {
  const { batch, queries, keys, depth, values, causal = false } = shape;
  return {
    name,
    shares: true,
    make: async () => {
      const q = await numbers([batch, queries, depth], true);
      const k = await numbers([batch, keys, depth], true);
      const v = await numbers([batch, keys, values], true);
      const dy = await numbers([batch, queries, values]);
      const data = { q: q.data, k: k.data, v: v.data, dy: dy.data };
      const want = attention({ ...shape, causal }, data);
      const y = scaledDotProductAttention(q.t, k.t, v.t, { causal });
      const back = (t: Tensor) => () => grad([y], [t], { gradients: [dy.t], retainGraph: true })[0]!;
      const forward = () => scaledDotProductAttention(q.t.detach(), k.t.detach(), v.t.detach(), { causal });
      const most = queries * keys * depth > 1e8 ? 1 : 2;
      const within = (inner: number) => withinSets(1, batch, inner, most);
      const cost = keys * (depth + values);
      return [
        result(`${name} forward`, forward, [dy.data.length, cost, FUNCTIONS], want.forward, within(queries * values)),
        result(
          `${name} backward: dq`,
          back(q.t),
          [q.data.length, 3 * cost, FUNCTIONS],
          want.dq,
          within(queries * depth),
        ),
        result(`${name} backward: dk`, back(k.t), [k.data.length, 1e5, FUNCTIONS], want.dk, within(keys * depth)),
        result(`${name} backward: dv`, back(v.t), [v.data.length, 1e5, FUNCTIONS], want.dv, within(keys * values)),
      ];
    },
  };
}

export const oddProducts: readonly CheckSet[] = [
  matrix('odd matmul', [37, 53, 29]),
  matrix('odd matmul, quads', [44, 132, 36], { batch: 3 }),
  matrix('odd matmul, A turned', [37, 54, 29], { turnedA: true }),
  matrix('odd matmul, B turned', [5, 130, 8], { turnedB: true }),
  matrix('odd matmul, both turned', [70, 66, 31], { turnedA: true, turnedB: true }),
  matrix('odd matmul, large tile', [257, 515, 1031]),
  matrix('odd matmul, large tile, quads', [260, 516, 1032], { turnedB: true }),
  matrix('odd linear', [33, 75, 61], { bias: true }),
  distances('odd distance', [37, 53, 29], true),
  distances('odd distance, cut in depth', [64, 60, 2048], true),
  distances('odd distance, large tile', [131, 517, 1028], false),
  manhattanDistances,
  heads('odd attention', { batch: 3, queries: 13, keys: 21, depth: 24, values: 20 }),
  heads('odd attention, causal', { batch: 2, queries: 70, keys: 70, depth: 32, values: 32, causal: true }),
  heads('odd attention, deep', { batch: 2, queries: 9, keys: 150, depth: 128, values: 120 }),
];

/** The products that are measured, and the classifier's. */
export function largeProducts({ matmul: n, distance: d, attention: sizes }: Sizes): CheckSet[] {
  return [
    matrix(`matmul ${n}^3`, [n, n, n]),
    matrix('classifier 64x751x2048', [64, 751, 2048], { bias: true }),
    distances(`distance ${d.join('x')}`, d, false),
    ...sizes.map(([batch, tokens]) =>
      heads(`attention ${batch}x${tokens}x64`, { batch, queries: tokens, keys: tokens, depth: 64, values: 64 }),
    ),
  ];
}
