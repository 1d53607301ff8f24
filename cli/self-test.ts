import { type Gpu, grad, manualSeed, scope, type Tensor, tensor, uniform } from '../engine/index.js';
import {
  batchNorm,
  conv2d,
  linear,
  matmul,
  maxPool2d,
  scaledDotProductAttention,
  softmax,
  squaredEuclidean,
  sum,
} from '../engine/ops/index.js';
import { RandomStream } from '../random/philox.js';

/** One self-test: what runs on the GPU, and what elements of its results must be. */
interface Check {
  readonly name: string;
  /** Floating point operations of the work. */
  readonly flops: number;
  readonly work: () => Tensor[];
  /** Element `i` of each result, by plain loops in double. */
  readonly want: readonly ((i: number) => number)[];
}

/** What came of one self-test. */
export interface Outcome {
  readonly name: string;
  readonly pass: boolean;
  /** Largest difference of the elements looked at, relative to the largest of them. */
  readonly error: number;
  readonly ms: number;
  readonly gflops: number;
  readonly reason?: string;
}

/** Elements of a result that are computed again on the CPU. */
const SAMPLES = 64;
const TOLERANCE = 1e-4;
/** Milliseconds for which a kernel is timed. */
const TIMED = 150;

/** Numbers in [−1, 1) on both sides. */
function numbers(name: string, shape: readonly number[]): { data: Float32Array; t: Tensor } {
  const random = new RandomStream(0, name);
  const size = shape.reduce((n, m) => n * m, 1);
  const data = Float32Array.from({ length: size }, () => random.range(-1, 1));
  return { data, t: tensor(data, shape, { requiresGrad: true }) };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const total = (n: number, f: (i: number) => number): number => range(n).reduce((sum, i) => sum + f(i), 0);

function productChecks(): Check[] {
  const n = 512;
  const [a, b] = [numbers('a', [n, n]), numbers('b', [n, n])];
  const product = (i: number) => total(n, (k) => a.data[i - (i % n) + k]! * b.data[k * n + (i % n)]!);
  const turned = (i: number) => total(n, (k) => a.data[i - (i % n) + k]! * b.data[(i % n) * n + k]!);
  const apart = (i: number) => total(n, (k) => (a.data[i - (i % n) + k]! - b.data[(i % n) * n + k]!) ** 2);
  const flops = 2 * n ** 3;
  return [
    { name: `matmul ${n}³`, flops, work: () => [matmul(a.t, b.t)], want: [product] },
    { name: `linear ${n}³`, flops, work: () => [linear(a.t, b.t)], want: [turned] },
    {
      name: `squared distance ${n}³`,
      flops: flops + 4 * n * n,
      work: () => [squaredEuclidean(a.t, b.t)],
      want: [apart],
    },
  ];
}

/** A 3×3 convolution with padding 1, in groups, and its gradients. */
function convChecks(name: string, [n, c, h, w]: readonly [number, number, number, number], groups: number): Check[] {
  const per = c / groups;
  const [x, k, dy] = [numbers('x', [n, c, h, w]), numbers('w', [c, per, 3, 3]), numbers('dy', [n, c, h, w])];
  const at = (data: Float32Array, image: number, channel: number, y: number, z: number) =>
    y < 0 || y >= h || z < 0 || z >= w ? 0 : data[((image * c + channel) * h + y) * w + z]!;
  const place = (i: number) => {
    const [z, y] = [i % w, Math.floor(i / w) % h];
    return { z, y, channel: Math.floor(i / (w * h)) % c, image: Math.floor(i / (w * h * c)) };
  };
  const taps = per * 9;
  const forward = (i: number) => {
    const { z, y, channel, image } = place(i);
    const first = channel - (channel % per);
    return total(taps, (t) => {
      const [q, r, s] = [Math.floor(t / 9), Math.floor(t / 3) % 3, t % 3];
      return k.data[channel * taps + t]! * at(x.data, image, first + q, y + r - 1, z + s - 1);
    });
  };
  const backward = (i: number) => {
    const { z, y, channel, image } = place(i);
    const [first, q] = [channel - (channel % per), channel % per];
    return total(taps, (t) => {
      const [o, r, s] = [first + Math.floor(t / 9), Math.floor(t / 3) % 3, t % 3];
      return k.data[o * taps + 9 * q + 3 * r + s]! * at(dy.data, image, o, y + 1 - r, z + 1 - s);
    });
  };
  const weights = (i: number) => {
    const [o, q, r, s] = [Math.floor(i / taps), Math.floor(i / 9) % per, Math.floor(i / 3) % 3, i % 3];
    const channel = o - (o % per) + q;
    return total(n * h * w, (p) => {
      const [image, y, z] = [Math.floor(p / (h * w)), Math.floor(p / w) % h, p % w];
      return at(dy.data, image, o, y, z) * at(x.data, image, channel, y + r - 1, z + s - 1);
    });
  };
  const flops = 2 * n * c * taps * h * w;
  const convolve = () => conv2d(x.t, k.t, undefined, { padding: 1, groups });
  const y = convolve();
  return [
    { name: `${name}, forward`, flops, work: () => [convolve()], want: [forward] },
    {
      name: `${name}, backward`,
      flops: 2 * flops,
      work: () => grad([y], [x.t, k.t], { gradients: [dy.t], retainGraph: true }) as Tensor[],
      want: [backward, weights],
    },
  ];
}

function normChecks(): Check[] {
  const [n, c, plane] = [8, 64, 2048];
  const [x, dy] = [numbers('x', [n, c, 64, 32]), numbers('dy', [n, c, 64, 32])];
  const channel = (i: number) => Math.floor(i / plane) % c;
  const over = (k: number, f: (at: number) => number) =>
    total(n * plane, (i) => f((Math.floor(i / plane) * c + k) * plane + (i % plane))) / (n * plane);
  const moments = range(c).map((k) => {
    const mean = over(k, (at) => x.data[at]!);
    const scale = 1 / Math.sqrt(over(k, (at) => (x.data[at]! - mean) ** 2) + 1e-5);
    const normal = (at: number) => (x.data[at]! - mean) * scale;
    return { normal, scale, first: over(k, (at) => dy.data[at]!), second: over(k, (at) => dy.data[at]! * normal(at)) };
  });
  const back = (i: number) => {
    const { normal, scale, first, second } = moments[channel(i)]!;
    return scale * (dy.data[i]! - first - normal(i) * second);
  };
  const y = batchNorm(x.t, { training: true });
  const size = n * c * plane;
  const norm: Check = {
    name: 'batch norm, forward',
    flops: 8 * size,
    work: () => [batchNorm(x.t, { training: true })],
    want: [(i) => moments[channel(i)]!.normal(i)],
  };
  const gradient: Check = {
    name: 'batch norm, backward',
    flops: 10 * size,
    work: () => grad([y], [x.t], { gradients: [dy.t], retainGraph: true }) as Tensor[],
    want: [back],
  };
  const largest = (i: number) => {
    const [z, row, rest] = [i % 16, Math.floor(i / 16) % 32, Math.floor(i / 512)];
    return Math.max(...[0, 1, 2, 3].map((t) => x.data[rest * plane + (2 * row + (t >> 1)) * 32 + 2 * z + (t & 1)]!));
  };
  return [
    norm,
    gradient,
    { name: 'max pool', flops: size, work: () => [maxPool2d(x.t.detach(), { kernelSize: 2 })], want: [largest] },
    {
      name: 'sum',
      flops: size,
      work: () => [sum(x.t, [2, 3])],
      want: [(i) => total(plane, (at) => x.data[i * plane + at]!)],
    },
  ];
}

function attentionChecks(): Check[] {
  const [batch, n, depth] = [32, 128, 64];
  const [q, k, v] = ['q', 'k', 'v'].map((name) => numbers(name, [batch, n, depth])) as [
    ReturnType<typeof numbers>,
    ReturnType<typeof numbers>,
    ReturnType<typeof numbers>,
  ];
  const attended = (i: number) => {
    const row = Math.floor(i / depth);
    const first = row - (row % n);
    const score = (j: number) => total(depth, (d) => q.data[row * depth + d]! * k.data[(first + j) * depth + d]!);
    const weights = range(n).map((j) => Math.exp(score(j) / Math.sqrt(depth)));
    const whole = weights.reduce((a, b) => a + b, 0);
    return total(n, (j) => (weights[j]! / whole) * v.data[(first + j) * depth + (i % depth)]!);
  };
  const x = numbers('x', [512, 1000]);
  const share = (i: number) => {
    const row = i - (i % 1000);
    return Math.exp(x.data[i]!) / total(1000, (j) => Math.exp(x.data[row + j]!));
  };
  const drawn = new RandomStream(0, 'uniform', 0);
  const draw = (i: number) => {
    drawn.position = i;
    return drawn.uniform();
  };
  const random = () => {
    manualSeed(0);
    return [uniform([1 << 19])];
  };
  return [
    {
      name: 'attention',
      flops: 4 * batch * n * n * depth,
      work: () => [scaledDotProductAttention(q.t.detach(), k.t.detach(), v.t.detach())],
      want: [attended],
    },
    { name: 'softmax', flops: 5 * x.data.length, work: () => [softmax(x.t)], want: [share] },
    { name: 'random numbers', flops: 0, work: random, want: [draw] },
  ];
}

/** Runs one check: compares samples of the results, then times the work. */
async function runCheck(gpu: Gpu, { name, flops, work, want }: Check): Promise<Outcome> {
  const failed = (reason: string): Outcome => ({ name, pass: false, error: Infinity, ms: 0, gflops: 0, reason });
  try {
    const results = await scope(() => Promise.all(work().map((t) => t.read())));
    let error = 0;
    for (const [k, got] of results.entries()) {
      const places = range(SAMPLES).map((i) => Math.floor((i * 0.618034 * got.length) % got.length));
      const right = places.map(want[k]!);
      const largest = Math.max(...right.map(Math.abs), 1e-30);
      for (const [i, place] of places.entries()) {
        const off = Math.abs(got[place]! - right[i]!) / largest;
        if (!(off <= error)) error = off;
      }
    }
    const pass = error <= TOLERANCE;
    let best = Infinity;
    const start = performance.now();
    while (performance.now() - start < TIMED) {
      const since = performance.now();
      scope(() => void work());
      await gpu.finish();
      best = Math.min(best, performance.now() - since);
    }
    const reason = pass ? {} : { reason: 'the results differ from those of the CPU' };
    return { name, pass, error, ms: best, gflops: flops / best / 1e6, ...reason };
  } catch (error) {
    return failed((error as Error).message);
  }
}

/** Checks the main kernels against the CPU and times them; after one that breaks the GPU, the rest have nothing to run on. */
export async function selfTest(gpu: Gpu): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const sets = [
    productChecks,
    () => convChecks('conv 3×3', [8, 64, 64, 32], 1),
    () => convChecks('conv 3×3, 32 groups', [8, 256, 32, 16], 32),
    () => convChecks('conv 3×3, depthwise', [8, 128, 32, 16], 128),
    normChecks,
    attentionChecks,
  ];
  for (const set of sets) {
    if (!gpu.healthy) break;
    await scope(async () => {
      for (const check of set()) outcomes.push(await runCheck(gpu, check));
    }, gpu);
  }
  return outcomes;
}
