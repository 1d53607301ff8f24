import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Counter, type Module } from '../../../engine/nn/index.js';
import { scope } from '../../../engine/scope.js';
import { noGrad } from '../../../engine/tape.js';
import { type Tensor, tensor, write } from '../../../engine/tensor.js';
import { Discriminator } from '../../../reid/models/gcl/discriminator.js';
import { Generator } from '../../../reid/models/gcl/generator.js';
import { IdentityNet } from '../../../reid/models/gcl/identity-net.js';
import { MLCIdentityNet, PlainIdentityNet } from '../../../reid/models/gcl/pooled-net.js';
import { closeAfter } from '../../engine/device.js';
import { uniforms } from '../../golden/gcl-numbers.js';

closeAfter(test);

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

/** Mean, population deviation, first and last element. */
async function check(what: string, t: Tensor, want: readonly [number, number, number, number]): Promise<void> {
  const values = Array.from(await t.read());
  const mean = values.reduce((a, b) => a + b) / values.length;
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  for (const [i, got] of [mean, std, values[0]!, values.at(-1)!].entries()) {
    assert.ok(
      Math.abs(got - want[i]!) <= 1e-4 * Math.max(Math.abs(want[i]!), std),
      `${what} ${i}: ${got}, not ${want[i]}`,
    );
  }
}

test('single networks: the specification’s numbers, from the original networks in float64', async () => {
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
});

test('heads of the other warm-ups: names, and embeddings as wide as the map', async () => {
  const backbone = { depth: 18, width: 4, lastStride: 1 } as const;
  for (const [net, norm] of [
    [new MLCIdentityNet(backbone), 'bn.weight'],
    [new PlainIdentityNet(backbone), 'feat_bn.weight'],
  ] as const) {
    const names = [...net.stateDict().keys()];
    assert.ok(names.includes('base.conv1.weight') && names.includes(norm));
    const { code, embedding } = noGrad(() =>
      net.eval().identify(tensor(new Float32Array(2 * 3 * 64 * 40).fill(0.5), [2, 3, 64, 40])),
    );
    assert.equal(
      [code.shape, embedding.shape],
      [
        [2, 128],
        [2, 32],
      ],
    );
    assert.is(net.embedding, 32);
  }
});

test.run();
