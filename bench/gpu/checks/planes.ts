import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  batchNorm,
  grad,
  groupNorm,
  instanceNorm,
  layerNorm,
  maxPool2d,
  type Tensor,
} from '../../../engine/index.js';
import type { Sizes } from '../cases.js';
import { norm, type PoolShape, parts, pool, type Sets, sliding } from '../references/planes.js';
import { FUNCTIONS, SUMS } from '../sampled.js';
import { type CheckSet, numbers, type Result, result, withinSets } from './set.js';

interface NormSpec {
  readonly shape: readonly number[];
  readonly sets: Sets;
  /** Weights: a number a set, a number a position of a row, or none. */
  readonly affine: 'sets' | 'rows' | 'none';
  readonly op: (x: Tensor, weight: Tensor, bias: Tensor) => Tensor;
}

/** Sets whose statistics are computed on the CPU. */
const MOST_SETS = 8;

function normal(name: string, { shape, sets, affine, op }: NormSpec): CheckSet {
  const { outer, inner } = sets;
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers(shape, true);
      const dy = await numbers(shape);
      const count = affine === 'rows' ? inner : sets.sets;
      const weight = await numbers([count], true);
      const bias = await numbers([count], true);
      const plain = affine === 'none';
      const data = {
        x: x.data,
        dy: dy.data,
        weight: plain ? weight.data.map(() => 1) : weight.data,
        bias: plain ? bias.data.map(() => 0) : bias.data,
      };
      const want = norm(sets, data, { rows: affine === 'rows' });
      const y = op(x.t, weight.t, bias.t);
      const back = (t: Tensor) => () => grad([y], [t], { gradients: [dy.t], retainGraph: true })[0]!;
      const size = x.data.length;
      const within = withinSets(outer, sets.sets, inner, MOST_SETS);
      const forward = () => op(x.t.detach(), weight.t.detach(), bias.t.detach());
      const all: Result[] = [
        result(`${name} forward`, forward, [size, 20, FUNCTIONS], want.forward, within),
        result(`${name} backward: dx`, back(x.t), [size, 20, FUNCTIONS], want.dx, within),
      ];
      if (plain) return all;
      // A weight of a row sums over all rows, each with statistics of its own: these are computed once.
      const few = (of: number) => withinSets(1, of, 1, MOST_SETS);
      const cost = affine === 'rows' ? sets.sets : outer * inner;
      return [
        ...all,
        result(`${name} backward: dweight`, back(weight.t), [count, cost, FUNCTIONS], want.dweight, few(count)),
        result(`${name} backward: dbias`, back(bias.t), [count, cost, SUMS], want.dbias, few(count)),
      ];
    },
  };
}

const batch = (n: number, c: number, h: number, w: number, name?: string): CheckSet =>
  normal(name ?? `batchNorm ${c} @${h}x${w}`, {
    shape: h * w === 1 ? [n, c] : [n, c, h, w],
    sets: { outer: n, sets: c, inner: h * w },
    affine: 'sets',
    op: (x, weight, bias) => batchNorm(x, { weight, bias, training: true }),
  });

const layer = (rows: number, columns: number, name: string): CheckSet =>
  normal(name, {
    shape: [rows, columns],
    sets: { outer: 1, sets: rows, inner: columns },
    affine: 'rows',
    op: (x, weight, bias) => layerNorm(x, columns, weight, bias),
  });

interface Pool extends PoolShape {
  readonly planes: readonly [number, number];
  readonly kind: 'max' | 'average';
  readonly op: (x: Tensor) => Tensor;
}

function pooled(name: string, spec: Pool): CheckSet {
  const { planes, height, width, outH, outW, kind, op } = spec;
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers([...planes, height, width], true);
      const dy = await numbers([...planes, outH, outW]);
      const want = pool(spec, { x: x.data, dy: dy.data });
      const y = op(x.t);
      const size = [dy.data.length, Math.ceil((4 * height * width) / (outH * outW)), SUMS] as const;
      const back = () => grad([y], [x.t], { gradients: [dy.t], retainGraph: true })[0]!;
      const cost = 4 * outH * outW + size[1];
      return [
        result(`${name} forward`, () => op(x.t.detach()), size, want[kind]),
        result(`${name} backward`, back, [x.data.length, cost, SUMS], want[`${kind}Grad`]),
      ];
    },
  };
}

const windows = (
  kind: Pool['kind'],
  planes: Pool['planes'],
  [height, width]: readonly [number, number],
  [kernel, stride, padding]: readonly [number, number, number],
): Pool => {
  const size = (n: number) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
  const options = { kernelSize: kernel, stride, padding };
  return {
    kind,
    planes,
    height,
    width,
    outH: size(height),
    outW: size(width),
    window: sliding(kernel, stride, padding),
    op: (x) => (kind === 'max' ? maxPool2d(x, options) : avgPool2d(x, options)),
  };
};

const adaptive = (
  kind: Pool['kind'],
  planes: Pool['planes'],
  [height, width]: readonly [number, number],
  [outH, outW]: readonly [number, number],
): Pool => ({
  kind,
  planes,
  height,
  width,
  outH,
  outW,
  window: parts,
  op: (x) => (kind === 'max' ? adaptiveMaxPool2d(x, [outH, outW]) : adaptiveAvgPool2d(x, [outH, outW])),
});

export const oddPlanes: readonly CheckSet[] = [
  batch(3, 5, 7, 3, 'odd batchNorm'),
  batch(4, 6, 8, 8, 'odd batchNorm, quads'),
  batch(70, 33, 1, 1, 'odd batchNorm, vectors'),
  normal('odd groupNorm', {
    shape: [3, 6, 5, 7],
    sets: { outer: 1, sets: 9, inner: 70 },
    affine: 'none',
    op: (x) => groupNorm(x, 3),
  }),
  normal('odd instanceNorm', {
    shape: [3, 5, 9, 8],
    sets: { outer: 1, sets: 15, inner: 72 },
    affine: 'none',
    op: (x) => instanceNorm(x),
  }),
  layer(37, 99, 'odd layerNorm'),
  layer(200, 768, 'odd layerNorm, quads'),
  pooled('odd maxPool', windows('max', [3, 5], [13, 11], [3, 2, 1])),
  pooled('odd avgPool', windows('average', [3, 5], [12, 9], [3, 2, 0])),
  pooled('odd adaptiveAvgPool', adaptive('average', [2, 7], [16, 9], [6, 2])),
  pooled('odd adaptiveMaxPool', adaptive('max', [2, 7], [11, 9], [4, 3])),
  pooled('odd global average', adaptive('average', [3, 37], [9, 7], [1, 1])),
  pooled('odd global maximum', adaptive('max', [3, 37], [8, 8], [1, 1])),
];

/** Norms and pools where a ResNet-50 has them. */
export function largePlanes({ batch: n, height, width }: Sizes): CheckSet[] {
  const [h, w] = [height / 4, width / 4];
  return [
    batch(n, 256, h, w),
    batch(n, 512, h / 4, w / 4),
    batch(n, 2048, 1, 1, 'batchNorm 2048 of vectors'),
    layer(n * 128, 768, `layerNorm ${n * 128}x768`),
    pooled(`maxPool 64 @${2 * h}x${2 * w}`, windows('max', [n, 64], [2 * h, 2 * w], [3, 2, 1])),
    pooled(`global average 2048 @${h / 4}x${w / 4}`, adaptive('average', [n, 2048], [h / 4, w / 4], [1, 1])),
    pooled(`global maximum 256 @${h}x${w}`, adaptive('max', [n, 256], [h, w], [1, 1])),
    pooled(`stripes 2048 @${h / 4}x${w / 4}`, adaptive('average', [n, 2048], [h / 4, w / 4], [4, 1])),
  ];
}
