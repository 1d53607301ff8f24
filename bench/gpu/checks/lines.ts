import {
  add,
  amax,
  argmax,
  crossEntropy,
  currentGpu,
  grad,
  l2Normalize,
  logSoftmax,
  logsumexp,
  manualSeed,
  mean,
  mul,
  relu,
  slice,
  softmax,
  sum,
  type Tensor,
  tensor,
  uniform,
  variance,
} from '../../../engine/index.js';
import { RandomStream } from '../../../random/philox.js';
import type { Sizes } from '../cases.js';
import { crossEntropies, normalised, reductions, softmaxes } from '../references/lines.js';
import { FUNCTIONS, SUMS } from '../sampled.js';
import { type CheckSet, numbers, type Result, result } from './set.js';

type Shape3 = readonly [outer: number, n: number, inner: number];

const REDUCTIONS = {
  sum: (x: Tensor) => sum(x, 1),
  mean: (x: Tensor) => mean(x, 1),
  max: (x: Tensor) => amax(x, 1),
  argmax: (x: Tensor) => argmax(x, 1),
  variance: (x: Tensor) => variance(x, 1),
  logsumexp: (x: Tensor) => logsumexp(x, 1),
} as const;

/** How far each may be off: extremes are exact. */
const OFF = { sum: SUMS, mean: SUMS, max: 0, argmax: 0, variance: FUNCTIONS, logsumexp: FUNCTIONS } as const;

function reduced(name: string, shape: Shape3, ops: readonly (keyof typeof REDUCTIONS)[]): CheckSet {
  const [outer, n, inner] = shape;
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers(shape);
      const want = reductions({ n, inner }, x.data);
      return ops.map((op) =>
        result(`${name}: ${op}`, () => REDUCTIONS[op](x.t), [outer * inner, 2 * n, OFF[op]], want[op]),
      );
    },
  };
}

function softened(name: string, shape: Shape3): CheckSet {
  const [outer, n, inner] = shape;
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers(shape, true);
      const dy = await numbers(shape);
      const want = softmaxes({ n, inner }, { x: x.data, dy: dy.data });
      const size = [outer * n * inner, 4 * n, FUNCTIONS] as const;
      const pair = (op: typeof softmax, forward: 'softmax' | 'logSoftmax'): Result[] => {
        const y = op(x.t, 1);
        const back = () => grad([y], [x.t], { gradients: [dy.t], retainGraph: true })[0]!;
        return [
          result(`${name}: ${forward}`, () => op(x.t.detach(), 1), size, want[forward]),
          result(`${name}: ${forward} backward`, back, size, want[`${forward}Grad`]),
        ];
      };
      return [...pair(softmax, 'softmax'), ...pair(logSoftmax, 'logSoftmax')];
    },
  };
}

function lengths(name: string, [rows, n]: readonly [number, number]): CheckSet {
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers([rows, n], true);
      const dy = await numbers([rows, n]);
      const want = normalised({ n, inner: 1 }, { x: x.data, dy: dy.data });
      const y = l2Normalize(x.t);
      const back = () => grad([y], [x.t], { gradients: [dy.t], retainGraph: true })[0]!;
      const size = [rows * n, 3 * n, FUNCTIONS] as const;
      return [
        result(`${name} forward`, () => l2Normalize(x.t.detach()), size, want.forward),
        result(`${name} backward`, back, size, want.grad),
      ];
    },
  };
}

function entropies(name: string, [rows, n]: readonly [number, number]): CheckSet {
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers([rows, n], true);
      const labels = Int32Array.from({ length: rows }, (_, i) => (i * 7919) % n);
      const target = tensor(labels, [rows]);
      const want = crossEntropies(n, x.data, labels, 0.1);
      const options = { labelSmoothing: 0.1, reduction: 'none' } as const;
      const y = crossEntropy(x.t, target, { labelSmoothing: 0.1 });
      return [
        result(`${name} forward`, () => crossEntropy(x.t.detach(), target, options), [rows, n, FUNCTIONS], want.loss),
        result(
          `${name} backward`,
          () => grad([y], [x.t], { retainGraph: true })[0]!,
          [rows * n, 2 * n, FUNCTIONS],
          want.grad,
        ),
      ];
    },
  };
}

/** The bias's gradient of a convolution: a sum over images and pixels, for each channel. */
function channelSums(name: string, [n, channels, plane]: Shape3): CheckSet {
  return {
    name,
    shares: false,
    make: async () => {
      const x = await numbers([n, channels, plane]);
      const at = (channel: number) => {
        let [value, scale] = [0, 0];
        for (let image = 0; image < n; image++) {
          const first = (image * channels + channel) * plane;
          for (let i = first; i < first + plane; i++) {
            value += x.data[i]!;
            scale += Math.abs(x.data[i]!);
          }
        }
        return { value, scale };
      };
      return [result(name, () => sum(x.t, [0, 2]), [channels, n * plane, SUMS], at)];
    },
  };
}

/** x + y, x · y and the larger of x and 0, element by element. */
function elements(name: string, size: number): CheckSet {
  return {
    name,
    shares: false,
    make: async () => {
      const [x, y] = [await numbers([size]), await numbers([size])];
      const exact = (f: (i: number) => number) => (i: number) => ({ value: f(i), scale: Math.abs(f(i)) });
      const off = [size, 1, 2e-7] as const;
      return [
        result(
          name,
          () => add(x.t, y.t),
          off,
          exact((i) => x.data[i]! + y.data[i]!),
        ),
        result(
          `${name}: mul`,
          () => mul(x.t, y.t),
          off,
          exact((i) => x.data[i]! * y.data[i]!),
        ),
        result(
          `${name}: relu`,
          () => relu(x.t),
          off,
          exact((i) => Math.max(x.data[i]!, 0)),
        ),
      ];
    },
  };
}

/** Most bytes of the largest tensor that is tried. */
const MOST_BYTES = 2 ** 32 - 16;
/** Elements that are read at a time. */
const PIECE = 4096;

/**
 * The largest tensor that the adapter binds: random numbers and their doubles, looked at in pieces at the beginning, around the
 * powers of two and at the end, against the generator of the CPU.
 */
const largest: CheckSet = {
  name: 'largest tensor',
  shares: false,
  make: async () => {
    const { maxStorageBufferBindingSize, maxBufferSize } = currentGpu().limits;
    const size = 4 * Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize, MOST_BYTES) / 16);
    manualSeed(1);
    const x = uniform([size]);
    const doubled = add(x, x);
    const stream = new RandomStream(1, 'uniform', 0);
    const piece = (t: Tensor, what: string, factor: number, from: number): Result =>
      result(
        `largest tensor: ${what} from ${from} of ${size}`,
        () => slice(t, 0, from, from + PIECE),
        [PIECE, 1, 1e-7],
        (i) => {
          stream.position = from + i;
          const value = factor * stream.uniform();
          return { value, scale: value };
        },
      );
    const half = Math.floor(size / 2);
    return [0, half - 2048, size - PIECE].flatMap((from) => [
      piece(x, 'random numbers', 1, from),
      piece(doubled, 'doubles', 2, from),
    ]);
  },
};

export const oddLines: readonly CheckSet[] = [
  reduced('odd reduction of rows', [5, 37, 1], ['sum', 'mean', 'max', 'argmax', 'variance', 'logsumexp']),
  reduced('odd reduction of columns', [3, 33, 7], ['sum', 'mean', 'max', 'argmax', 'variance', 'logsumexp']),
  reduced('odd reduction of one row', [1, 100003, 1], ['sum', 'max', 'argmax', 'variance', 'logsumexp']),
  softened('odd lines', [7, 33, 1]),
  softened('odd lines, long', [3, 1501, 1]),
  softened('odd lines across', [3, 70, 5]),
  lengths('odd l2Normalize', [37, 53]),
  entropies('odd crossEntropy', [5, 33]),
  channelSums('odd sum of channels', [3, 5, 77]),
  elements('odd elements', 1027),
];

/** Lines, reductions and elements of the sizes of a training step. */
export function largeLines({ batch, height, width, add: size }: Sizes): CheckSet[] {
  const plane = (height * width) / 16;
  return [
    reduced(`reduction of ${batch * 256} planes`, [batch * 256, plane, 1], ['sum', 'max', 'variance']),
    reduced(`reduction of 256 channels`, [batch, 256, plane], ['sum', 'max', 'argmax']),
    channelSums(`sum of 256 channels`, [batch, 256, plane]),
    softened('lines 64x751', [64, 751, 1]),
    softened(`lines of 256 channels`, [batch, 256, plane]),
    lengths('l2Normalize 64x2048', [64, 2048]),
    entropies('crossEntropy 64x751', [64, 751]),
    elements(`add ${size}`, size),
    largest,
  ];
}
