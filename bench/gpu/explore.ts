import {
  conv2d,
  type Gpu,
  grad,
  matmul,
  openGpu,
  type Shape,
  scope,
  type Tensor,
  uniform,
} from '../../engine/index.js';
import type { Sharing } from '../../shaders/rowtile.js';
import { type Dispatched, dispatchesOf } from '../case.js';
import { type ConvWork, flopsOf, nameOf, outOf, type Pass, passesOf, resnetLayers, type Sizes } from './cases.js';
import { messageOf, type Part } from './part.js';
import { convForward, convWeightGrad } from './references/conv.js';
import { product } from './references/products.js';
import type { ExploreLine } from './results.js';
import { compare, type Expected, expectedAt, PRODUCTS } from './sampled.js';
import { retiled, rowsOf } from './tiles.js';
import { time } from './timing.js';
import { LANES, wayName, waysOf } from './ways.js';

/** One problem whose tile is varied. */
interface Problem {
  readonly name: string;
  readonly flops: number;
  /** The names that its kernel may have. */
  readonly kernels: readonly string[];
  /** Rows of A: what a tile cuts. */
  readonly rows: number;
  readonly make: () => Promise<{
    /** Queues the problem, or one that is the same but for its number of rows. */
    readonly work: (rows: number) => unknown;
    readonly expected: Expected;
  }>;
}

const ROWS = [8, 16, 32] as const;

const random = async (shape: Shape) => {
  const t = uniform(shape, -1, 1);
  return { t, data: (await t.read()) as Float32Array };
};

function matrixProblem(n: number): Problem {
  return {
    name: `matmul ${n}^3`,
    flops: 2 * n ** 3,
    kernels: ['matmul'],
    rows: n,
    make: async () => {
      const [a, b] = [await random([n, n]), await random([n, n])];
      const at = product([n, n, n], { a: a.data, b: b.data });
      return {
        work: (rows) => matmul(rows === n ? a.t : uniform([rows, n]), b.t),
        expected: { at, size: n * n, cost: n, tolerance: PRODUCTS },
      };
    },
  };
}

function convProblem(name: string, work: ConvWork): Problem {
  const { pass, batch, channels, height, width, outputs, kernel, stride, padding } = work;
  const [h, w] = outOf(work);
  const taps = kernel * kernel;
  const forward = (x: Tensor, weight: Tensor) => conv2d(x, weight, undefined, { stride, padding });
  return {
    name,
    flops: flopsOf(work),
    kernels: pass === 'forward' ? ['conv', 'conv1x1'] : ['convWeightGrad'],
    rows: outputs,
    make: async () => {
      const x = await random([batch, channels, height, width]);
      const weight = await random([outputs, channels, kernel, kernel]);
      const of = (rows: number) => (rows === outputs ? weight.t : uniform([rows, channels, kernel, kernel]));
      if (pass === 'forward') {
        const at = convForward(work, { x: x.data, w: weight.data });
        const expected = { at, size: batch * outputs * h * w, cost: channels * taps, tolerance: PRODUCTS };
        return { work: (rows) => forward(x.t, of(rows)), expected };
      }
      const dy = await random([batch, outputs, h, w]);
      const at = convWeightGrad(work, { x: x.data, dy: dy.data });
      return {
        work: (rows) => {
          const k = of(rows);
          k.requiresGrad = true;
          const gradient = rows === outputs ? dy.t : uniform([batch, rows, h, w]);
          return grad([forward(x.t, k)], [k], { gradients: [gradient] });
        },
        expected: { at, size: weight.data.length, cost: batch * h * w, tolerance: PRODUCTS },
      };
    },
  };
}

/** The product, and convolutions that stand for the others: early and late, of one tap and of nine, and a weight gradient. */
function problems({ matmul: n, batch, height, width }: Sizes): Problem[] {
  const layers = resnetLayers(height, width);
  const conv = (prefix: string, pass: Pass) => {
    const layer = layers.find((one) => nameOf(one).startsWith(prefix))!;
    const one = passesOf(layer, batch).find(({ work }) => work.pass === pass)!;
    return convProblem(one.name, one.work);
  };
  return [
    matrixProblem(n),
    conv('conv3x3 128-128 @', 'forward'),
    conv('conv1x1 1024-256 @', 'forward'),
    conv('conv3x3 128-128 @', 'dw'),
    conv('conv3x3 512-512 @', 'forward'),
  ];
}

/** A tile that is tried. */
interface Variant extends Dispatched {
  readonly sharing: Sharing;
  readonly rows: number;
  /** Whether it is what the engine takes by itself. */
  readonly own: boolean;
}

/** The dispatch of a problem's kernel as `sharing` makes it, with so many rows of A. */
function dispatched(
  gpu: Gpu,
  { name, kernels }: Problem,
  sharing: Sharing,
  work: () => unknown,
  run: boolean,
): Dispatched {
  const own = gpu.sharing;
  gpu.sharing = sharing;
  try {
    const found = dispatchesOf(gpu, work, { run }).find(({ shader }) => kernels.includes(shader.name));
    if (!found) throw new Error(`${name}: none of its kernels is called ${kernels.join(' or ')}.`);
    return found;
  } finally {
    gpu.sharing = own;
  }
}

/** Every tile that the kernels have, the engine's own first. */
function variantsOf(gpu: Gpu, problem: Problem, work: (rows: number) => unknown): Variant[] {
  const most = gpu.limits.maxComputeInvocationsPerWorkgroup;
  const kinds: Sharing[] = waysOf(gpu).kinds.filter(({ kind }) => kind === 'subgroup');
  for (const lanes of LANES) if (lanes <= most) kinds.push({ kind: 'workgroup', lanes });
  const found: Variant[] = [];
  for (const sharing of kinds) {
    const { shader, buffers } = dispatched(gpu, problem, sharing, () => work(problem.rows), true);
    const donors = ROWS.map((rows) => dispatched(gpu, problem, sharing, () => work(rows), false).shader);
    for (const donor of [shader, ...donors]) {
      const made = retiled(shader, donor, problem.rows);
      if (!made || found.some((other) => other.shader.variant === made.variant)) continue;
      const own = wayName(sharing) === wayName(gpu.sharing) && donor === shader;
      found.push({ shader: made, buffers, sharing, rows: rowsOf(made), own });
    }
  }
  return found.sort((a, b) => Number(b.own) - Number(a.own));
}

/** The result of a dispatch, which lies in its last buffer: a weight gradient's parts are summed here. */
async function resultOf(gpu: Gpu, { buffers, shader }: Dispatched, size: number): Promise<Float32Array> {
  const parts = shader.name === 'convWeightGrad' ? shader.grid[2] : 1;
  const data = new Float32Array(await gpu.queue.read(buffers.at(-1)!, 0, 4 * parts * size));
  const sum = data.slice(0, size);
  for (let i = size; i < data.length; i++) sum[i % size]! += data[i]!;
  return sum;
}

async function explore(gpu: Gpu, problem: Problem, part: Part): Promise<void> {
  const { work, expected } = await problem.make();
  const samples = expectedAt(expected);
  const variants = variantsOf(gpu, problem, work);
  await gpu.queue.compile(variants.map(({ shader }) => shader));
  for (const variant of variants) {
    if (!part.hasTime || !gpu.healthy) break;
    const { shader, buffers, sharing, rows, own } = variant;
    const what = `${problem.name}: ${wayName(sharing)} lanes, ${rows} rows${own ? ' (own)' : ''}`;
    const line = { part: 'explore', case: problem.name, kernel: shader.name, sharing: sharing.kind } as const;
    const tile = { lanes: sharing.lanes, rows, own };
    try {
      const { ms } = await time(gpu, () => gpu.queue.dispatch(shader, buffers));
      const { status, message } = compare(await resultOf(gpu, variant, expected.size), samples, expected);
      const gflops = problem.flops / ms / 1e6;
      part.add({ ...line, ...tile, status, ms, gflops, message } satisfies ExploreLine);
      const wrong = status === 'ok' ? '' : `, WRONG: ${message}`;
      part.say(`${what}: ${ms.toPrecision(3)} ms, ${gflops.toFixed(0)} GFLOP/s${wrong}`);
    } catch (error) {
      part.add({ ...line, ...tile, status: 'failed', ms: null, gflops: null, message: messageOf(error) });
      part.say(`${what}: FAILED  ${messageOf(error)}`);
    }
  }
}

/** The part `explore`: the tiles of products and convolutions, for setting tables. */
export async function runExplore(part: Part, sizes: Sizes): Promise<void> {
  for (const problem of problems(sizes)) {
    if (!part.begins(problem.name)) continue;
    const gpu = await openGpu();
    try {
      await scope(() => explore(gpu, problem, part), gpu);
    } catch (error) {
      const message = `${problem.name}: ${messageOf(error)}`;
      part.say(`FAILED  ${message}`);
      // Tiles that the engine does not take are no fault of it.
      part.add({ part: 'note', of: part.name, failed: false, message });
    } finally {
      gpu.close();
    }
  }
  part.end();
}
