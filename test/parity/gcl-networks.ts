import { Counter, type Module } from '../../engine/nn/index.js';
import { scope } from '../../engine/scope.js';
import { noGrad } from '../../engine/tape.js';
import { type Tensor, tensor, write } from '../../engine/tensor.js';
import { Discriminator } from '../../reid/models/gcl/discriminator.js';
import { Generator } from '../../reid/models/gcl/generator.js';
import { IdentityNet } from '../../reid/models/gcl/identity-net.js';
import { uniforms } from '../golden/gcl-numbers.js';
import type { Difference } from './compare.js';
import type { CaseResult } from './ops.js';

const [BATCH, HEIGHT, WIDTH] = [4, 128, 64];

/** The specification's weights: parameter k of a network is drawn from stream base + k. */
function filled<M extends Module>(model: M, base: number, gain: number): M {
  let stream = base;
  for (const [name, entry] of model.entries()) {
    if (entry instanceof Counter) continue;
    if (/running_(mean|var)$/.test(name)) continue;
    const u = uniforms(entry.size, stream++);
    const fan = entry.shape.slice(1).reduce((a, b) => a * b, 1);
    const scale = Math.sqrt(gain / fan);
    const value = (x: number) =>
      entry.rank > 1 ? scale * (2 * x - 1) : /(weight|gamma)$/.test(name) ? 0.5 + x : 0.1 * (2 * x - 1);
    write(entry, Float32Array.from(u, value));
  }
  return model;
}

function photos(): Tensor {
  const noise = uniforms(BATCH * 3 * HEIGHT * WIDTH, 1000);
  const data = noise.map((u, at) => {
    const [b, c] = [Math.floor(at / (3 * HEIGHT * WIDTH)), Math.floor(at / (HEIGHT * WIDTH)) % 3];
    const [y, x] = [Math.floor(at / WIDTH) % HEIGHT, at % WIDTH];
    const wave = Math.sin(2 * Math.PI * (((1 + b) * y) / 128 + ((1 + ((2 * b) % 3)) * x) / 64) + c);
    return 0.8 * wave + 0.3 * (2 * u - 1);
  });
  return tensor(Float32Array.from(data), [BATCH, 3, HEIGHT, WIDTH]);
}

function structure(): Tensor {
  const data = Float32Array.from({ length: BATCH * HEIGHT * WIDTH }, (_, at) => {
    const [b, y, x] = [Math.floor(at / (HEIGHT * WIDTH)), Math.floor(at / WIDTH) % HEIGHT, at % WIDTH];
    const inside = ((y - 63.5) / 58) ** 2 + ((x - 31.5 - 3 * (b - 1.5)) / 14) ** 2 <= 1;
    return inside ? 0.2 + 0.5 * Math.sin(0.11 * y + 0.23 * x + b) : 1;
  });
  return tensor(data, [BATCH, 1, HEIGHT, WIDTH]);
}

/** Mean, population deviation, first and last element: the specification's figures, from the original networks in float64. */
type Figures = readonly [mean: number, deviation: number, first: number, last: number];

const ALLOWED = 1e-4;

async function compare(t: Tensor, want: Figures): Promise<Difference> {
  const values = Array.from(await t.read());
  const mean = values.reduce((a, b) => a + b) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  const got = [mean, deviation, values[0]!, values.at(-1)!];
  const off = got.map((value, i) => Math.abs(value - want[i]!));
  const relative = off.map((d, i) => d / Math.max(Math.abs(want[i]!), deviation));
  const worst = Math.max(...relative);
  const wrong = relative.findIndex((d) => !(d <= ALLOWED));
  return {
    absolute: Math.max(...off),
    relative: worst,
    l2: worst,
    allowed: ALLOWED,
    reason: wrong < 0 ? undefined : `figure ${wrong} is ${got[wrong]}, not ${want[wrong]}`,
  };
}

/** GCL's networks one by one, at their full size, on weights and pictures that formulas give. */
export async function runGCLNetworks(id: string): Promise<CaseResult> {
  const forward: Record<string, Difference> = {};
  const check = async (what: string, t: Tensor, want: Figures) => {
    forward[what] = await compare(t, want);
  };
  await scope(() =>
    noGrad(async () => {
      const x = photos();
      await check('x', x, [-2.756835e-4, 0.591615, 0.02312705, 0.87188]);
      const m0 = structure();
      await check('m0', m0, [0.7523487, 0.4187888, 1, 1]);
      const generator = filled(new Generator(), 0, 6);
      const content = generator.encode(m0);
      await check('S(m0)', content, [0, 0.9999974, 0.4477236, 0.443273]);
      const code = tensor(
        Float32Array.from(uniforms(BATCH * 8192, 1005), (u) => 2 * u),
        [BATCH, 8192],
      );
      await check('G', generator.decode(content, code), [-0.1525643, 1.326533, -2.433332, 1.001728]);
      const maps = filled(new Discriminator(), 200, 1.5).scales(x);
      await check('D0', maps[0]!, [0.2577784, 0.01049778, 0.2587179, 0.2630764]);
      await check('D1', maps[1]!, [0.1283973, 0.008980393, 0.1387379, 0.1417874]);
      await check('D2', maps[2]!, [0.1948551, 0.01357103, 0.2016347, 0.2010544]);
      const identity = filled(new IdentityNet(), 400, 3).eval().identify(x);
      await check('parts', identity.code, [0.5333068, 0.5670288, 0, 0]);
      await check('emb', identity.embedding, [-0.03601807, 0.8015331, 1.237354, 0.4537402]);
    }),
  );
  const wrong = Object.entries(forward).find(([, { reason }]) => reason);
  return {
    id,
    status: wrong ? 'fail' : 'pass',
    forward,
    gradients: {},
    reason: wrong && `${wrong[0]}: ${wrong[1].reason}`,
  };
}
