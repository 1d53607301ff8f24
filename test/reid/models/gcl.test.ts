import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, manualSeed } from '../../../engine/index.js';
import { sum } from '../../../engine/ops/sum.js';
import { noGrad } from '../../../engine/tape.js';
import { type Tensor, tensor, write } from '../../../engine/tensor.js';
import { realLoss } from '../../../reid/losses/gcl/adversarial.js';
import { blend } from '../../../reid/losses/gcl/prototypes.js';
import { ConvBlock, ResidualBlock } from '../../../reid/models/gcl/blocks.js';
import { Discriminator } from '../../../reid/models/gcl/discriminator.js';
import { Generator } from '../../../reid/models/gcl/generator.js';
import { IdentityNet } from '../../../reid/models/gcl/identity-net.js';
import { AdaptiveInstanceNorm2d, PictureNorm } from '../../../reid/models/gcl/norms.js';
import { MLCIdentityNet, PlainIdentityNet } from '../../../reid/models/gcl/pooled-net.js';
import { discriminatorGradients, drawViews, generatorGradients } from '../../../reid/training/gcl/step.js';
import { closeAfter } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';
import { fill } from '../../golden/fill.js';

closeAfter(test);

const TINY = { width: 4, blocks: 1, codeChannels: 32, mlpWidth: 8 };
const filled = (name: string, shape: readonly number[], scale = 1): Tensor =>
  tensor(fill(name, shape, { kind: 'signed', scale }), shape);
const count = (model: { parameters(): Iterable<Tensor> }) =>
  [...model.parameters()].reduce((n, { size }) => n + size, 0);

function tinyNets() {
  manualSeed(4);
  return {
    generator: new Generator(TINY),
    discriminator: new Discriminator({ width: 4, blocks: 1, scales: 2 }),
    identity: new IdentityNet({ backbone: { depth: 18, width: 4, lastStride: 1 }, embedding: 8 }),
  };
}

const batch = (n: number) => ({
  photos: filled('gcl/photos', [n, 3, 48, 40], 1.5),
  structure: filled('gcl/structure', [n, 1, 48, 40]),
  turned: filled('gcl/turned', [n, 1, 48, 40]),
});

test('full size: the published counts of parameters and entries', () => {
  const nets = [new IdentityNet(), new Generator(), new Discriminator()];
  assert.equal(nets.map(count), [24_558_144, 13_380_675, 1_025_571]);
  assert.equal(
    nets.map((net) => net.stateDict().size),
    [325, 134, 84],
  );
});

test('fitted to codes, a generator sees each of their numbers with mean 0 and deviation 1', async () => {
  const [rows, width] = [9, 4 * TINY.codeChannels];
  const noise = fill('gcl/codes', [rows, width], { kind: 'signed', scale: 1 });
  // As an encoder's means are: far from 0, close together, and some the same for all.
  const codes = noise.map((x, i) => 1 + (i % width) / 100 + (i % 7 === 0 ? 0 : 0.2 * x));
  for (let row = 0; row < rows; row++) codes[row * width + 40] = 2;
  const centred = Float32Array.from(codes, (x, i) => {
    const column = Array.from({ length: rows }, (_, row) => codes[row * width + (i % width)]!);
    const mean = column.reduce((a, b) => a + b, 0) / rows;
    const deviation = Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / rows);
    return deviation > 1e-4 ? (x - mean) / deviation : 0;
  });
  const { generator } = tinyNets();
  const styles = (data: Float32Array) =>
    Promise.all(noGrad(() => generator.styles(tensor(data, [rows, width]))).map(({ weight }) => weight.read()));
  const wanted = await styles(centred);
  await generator.fitCodes(codes, width);
  for (const [k, found] of (await styles(codes)).entries())
    for (const [i, x] of found.entries()) assert.ok(Math.abs(x - wanted[k]![i]!) < 1e-3, `norm ${k}, ${i}`);
});

test('code routing: channel 600 of a code changes the second residual block alone', async () => {
  const generator = new Generator({ ...TINY, blocks: 4, codeChannels: 512 });
  const code = fill('gcl/code', [1, 2048], { kind: 'signed', scale: 1 });
  const other = code.slice();
  other[600]! += 1;
  const [a, b] = [code, other].map((data) => noGrad(() => generator.styles(tensor(data, [1, 2048]))));
  const changed: number[] = [];
  for (const [i, { weight, bias }] of a!.entries()) {
    const theirs = b![i]!;
    const same = async (x: Tensor, y: Tensor) => {
      const [p, q] = [await x.read(), await y.read()];
      return p.every((value, k) => value === q[k]);
    };
    if (!((await same(weight, theirs.weight)) && (await same(bias, theirs.bias)))) changed.push(i);
  }
  assert.equal(changed, [2, 3]);
});

test('pictures that are too small, or no multiple of 4, are refused', () => {
  const generator = new Generator(TINY);
  for (const [h, w] of [
    [64, 32],
    [62, 48],
  ]) {
    assert.throws(
      () => generator.encode(tensor(new Float32Array(h! * w!), [1, 1, h!, w!])),
      new RegExp(`at least 40 pixels.*not ${h}×${w}`),
    );
  }
});

test('blocks and norms: finite differences', async () => {
  manualSeed(2);
  const lenient = { step: 2e-3, tolerance: 4e-2 };
  const norm = new AdaptiveInstanceNorm2d(3);
  await gradcheck(
    (x, weight, bias) => norm.forward(x, { weight, bias }),
    [
      [2, 3, 5, 3],
      [2, 3],
      [2, 3],
    ],
  );
  const picture = new PictureNorm(3);
  await gradcheck((x) => picture.forward(x), [[2, 3, 5, 3]]);
  const dilated = new ConvBlock(3, 2, 3, { padding: 3, dilation: 3, norm: 'in' });
  await gradcheck((x) => dilated.forward(x), [[1, 3, 7, 5]], lenient);
  const residual = new ResidualBlock(4, { norm: 'in', activation: 'lrelu' });
  await gradcheck((x) => residual.forward(x), [[1, 4, 5, 3]], lenient);
});

test('the penalty is what differences of the discriminator say; no bias has a part in its gradient', async () => {
  manualSeed(5);
  const discriminator = new Discriminator({ width: 4, blocks: 1, scales: 2 });
  // As it begins, its slopes are too small to be measured.
  for (const [name, p] of discriminator.namedParameters()) {
    if (p.rank > 1) write(p, fill(`gcl/${name}`, p.shape, { kind: 'weight', g: 1 }));
  }
  const photos = filled('gcl/photo', [1, 3, 16, 16]);
  const { penalty } = realLoss(discriminator, photos);
  const parameters = [...discriminator.namedParameters()];
  const gradients = grad(
    [penalty],
    parameters.map(([, p]) => p),
  );
  for (const [i, [name]] of parameters.entries()) {
    if (!name.endsWith('bias') || !gradients[i]) continue;
    assert.ok(
      (await gradients[i].read()).every((value) => value === 0),
      name,
    );
  }
  // ‖∂ Σ D / ∂x‖² of each scale, by its derivative along the gradient itself.
  let squares = 0;
  const count = discriminator.cnns.length;
  for (let scale = 0; scale < count; scale++) {
    const x = photos.detach();
    x.requiresGrad = true;
    const [g] = grad([sum(discriminator.scales(x)[scale]!)], [x]);
    const step = 1e-2;
    const moved = async (by: number) => {
      const data = await g!.read();
      const base = await photos.read();
      const shifted = Float32Array.from(base, (value, i) => value + by * data[i]!);
      return await sum(discriminator.scales(tensor(shifted, photos.shape))[scale]!).item();
    };
    squares += ((await moved(step)) - (await moved(-step))) / (2 * step);
  }
  const got = await penalty.item();
  assert.ok(Math.abs(got - 0.01 * squares) <= 0.02 * got, `${got}, not ${0.01 * squares}`);
});

test('an untrained discriminator: each of its terms is about 3, each of the generator about 6', async () => {
  manualSeed(6);
  const nets = { ...tinyNets(), discriminator: new Discriminator({ width: 8, blocks: 1 }) };
  const { photos, structure, turned } = batch(2);
  const mix = { share: tensor(Float32Array.of(0.7), [1]), partner: tensor(Int32Array.of(1, 0), [2]) };
  nets.identity.eval();
  const views = drawViews(nets, { photos, structure, turned }, mix);
  const dis = discriminatorGradients(nets, photos, views);
  const gen = generatorGradients(nets, photos, views);
  for (const name of ['recon', 'novel', 'cycle', 'mixed']) {
    const [d, g] = [await dis[name]!.item(), await gen[`adversarial_${name}`]!.item()];
    assert.ok(Math.abs(d - 3) < 0.2 && Math.abs(g - 6) < 0.4, `${name}: ${d} and ${g}`);
  }
  assert.ok(Math.abs((await dis.total.item()) - 12) < 0.8);
});

test('a step leaves no gradient of the discriminator from the generator, and the encoder sees every kind of picture', async () => {
  const nets = tinyNets();
  const { photos, structure, turned } = batch(2);
  const views = drawViews(nets, { photos, structure, turned });
  assert.is(views.mixed, undefined);
  generatorGradients(nets, photos, views);
  assert.ok([...nets.discriminator.parameters()].every(({ grad: g, requiresGrad }) => g === undefined && requiresGrad));
  assert.ok(nets.generator.dec.model[8].conv.weight.grad);
  assert.ok(nets.identity.conv1.weight.grad);
  assert.is(nets.identity.bn1.num_batches_tracked!.value, 4);
});

test('blend: each row with its partner, by the share', async () => {
  const a = tensor(Float32Array.of(1, 2, 10, 20), [2, 2]);
  const mix = { share: tensor(Float32Array.of(0.75), [1]), partner: tensor(Int32Array.of(1, 0), [2]) };
  assert.equal([...(await blend(a, mix).read())], [3.25, 6.5, 7.75, 15.5]);
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
