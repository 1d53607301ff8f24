import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, type Tensor, tensor } from '../../../engine/index.js';
import { Parameter } from '../../../engine/nn/index.js';
import { Adam } from '../../../engine/optim/index.js';
import { centerLoss } from '../../../reid/losses/center.js';
import { identityLoss } from '../../../reid/losses/identity.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { batchHardTriplet, mineBatchHard } from '../../../reid/losses/triplet.js';
import { assertClose } from '../../engine/close.js';
import { closeAfter } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';
import { loadJson } from '../../fixture.js';
import { fill } from '../../golden/fill.js';
import { probe, uniforms } from '../../golden/portable.js';
import type { GoldenCase } from '../../parity/case.js';
import { runLossCase } from '../../parity/system-losses.js';

closeAfter(test);

const { cases } = (await loadJson('losses-supervised.json')) as { readonly cases: readonly GoldenCase[] };

test(`${cases.length} losses of RGA and APNet are the originals', with their gradients`, async () => {
  for (const golden of cases) assert.is((await runLossCase(golden.id, golden)).reason, undefined, golden.id);
});

/** Within some roundings of what was computed in float64. */
const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 2e-6 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);

test('the triplet loss agrees with the vectors of float64', async () => {
  const labels = [0, 0, 1, 1, 2, 2];
  const x = tensor(probe('tri', [6, 5]), [6, 5], { requiresGrad: true });
  const { positive, negative } = mineBatchHard(x, labels);
  const ap = [1.2932179186, 1.2932179186, 1.0639521121, 1.0639521121, 1.9554564901, 1.9554564901];
  const an = [1.3083059967, 1.5783976937, 1.0117697345, 1.3108725482, 1.0117697345, 1.5783976937];
  assertClose(await positive.read(), ap, 1e-6, 'positive');
  assertClose(await negative.read(), an, 1e-6, 'negative');
  const loss = batchHardTriplet(x, labels, 0.3);
  near(await loss.item(), 0.4376232734, 'loss');
  const data = await grad([loss], [x])[0]!.read();
  near(Math.hypot(...data), 1.0072902621, 'the gradient');
  const first = [-0.277687862, -0.0979833509, -0.2639642861, 0.0176551251, 0.0443565378];
  assertClose(data.subarray(0, 5), first, 2e-6, 'the gradient of the first row');
});

const LABELS = Int32Array.of(0, 1, 2, 4);
const target = () => tensor(LABELS, [4]);
const logits = () =>
  tensor(
    Float32Array.from(uniforms('lg', 20), (u) => 6 * u - 3),
    [4, 5],
    { requiresGrad: true },
  );

test('the smoothed identity loss agrees with the vectors, also where another number of classes is smoothed over', async () => {
  const x = logits();
  const loss = identityLoss(x, target(), { labelSmoothing: 0.1 });
  near(await loss.item(), 2.8330575249, 'K classes');
  const data = await grad([loss], [x])[0]!.read();
  const row = [-0.1894405296, 0.0455738465, 0.1499069523, -0.0032212537, -0.0028190156];
  assertClose(data.subarray(0, 5), row, 2e-6, 'the gradient of the first row');
  const same = await identityLoss(x, target(), { labelSmoothing: 0.1, smoothingClasses: 5 }).item();
  near(same, 2.8330575249, 'K′ = K');
  near(await identityLoss(x, target(), { labelSmoothing: 0.1, smoothingClasses: 7 }).item(), 2.7584511634, 'K′ = 7');
  const hard = await identityLoss(x, target()).item();
  near(await identityLoss(x, target(), { smoothingClasses: 7 }).item(), hard, 'nothing to smooth');
});

test('Adam makes the steps of the vectors', async () => {
  const p = new Parameter(tensor([0.5, -0.3]));
  const adam = new Adam([p], { lr: 8e-4, weightDecay: 5e-4 });
  const steps: [number[], number[]][] = [
    [
      [0.1, -2],
      [0.4992, -0.2992],
    ],
    [
      [0.3, 0.5],
      [0.4984656152, -0.2988243631],
    ],
    [
      [-0.2, 1e-9],
      [0.498258442, -0.2985339577],
    ],
  ];
  for (const [g, want] of steps) {
    p.grad = tensor(g).keep();
    adam.step();
    adam.zeroGrad();
    assertClose(await p.read(), want, 2e-7, 'the parameter');
  }
});

test('gradients of both identity losses and of the centre loss agree with differences', async () => {
  for (const options of [{ labelSmoothing: 0.1 }, { labelSmoothing: 0.3, smoothingClasses: 11 }]) {
    await gradcheck((x: Tensor) => identityLoss(x, tensor(Int32Array.of(3, 0, 4), [3]), options), [[3, 5]]);
  }
  const labels = () => tensor(Int32Array.of(1, 0, 1), [3]);
  await gradcheck(
    (x: Tensor, centers: Tensor) => centerLoss(x, labels(), centers),
    [
      [3, 4],
      [5, 4],
    ],
  );
});

test('a feature on its centre costs next to nothing, one that is far away at most the limit', async () => {
  const centers = tensor(new Float32Array(8).fill(0.5), [2, 4]);
  const on = tensor(new Float32Array(4).fill(0.5), [1, 4]);
  assert.ok((await centerLoss(on, tensor(Int32Array.of(1)), centers).item()) <= 3e-12);
  const far = tensor(new Float32Array(4).fill(1e7), [1, 4], { requiresGrad: true });
  const loss = centerLoss(far, tensor(Int32Array.of(1)), centers);
  assert.is(await loss.item(), Math.fround(1e12));
  assert.equal([...(await grad([loss], [far])[0]!.read())], [0, 0, 0, 0], 'beyond the limit no gradient flows');
});

test('the whole picture’s losses count in full, those of parts by their mean', async () => {
  const labels = Int32Array.of(0, 0, 1, 1);
  const make = (name: string, width: number) =>
    tensor(fill(name, [4, width], { kind: 'signed', scale: 1 }), [4, width]);
  const features = [make('f', 6)];
  const parts = ['a', 'b', 'c'].map((name) => make(name, 3));
  const weights = { labelSmoothing: 0.1, margin: 0.3, idWeight: 2, tripletWeight: 0.5 };
  const { id, triplet, total } = identityTripletLoss({ features, logits: parts }, labels, weights);
  const [whole, upper, lower] = await Promise.all(
    parts.map((each) => identityLoss(each, tensor(labels), { labelSmoothing: 0.1 }).item()),
  );
  near(await id.item(), whole! + (upper! + lower!) / 2, 'identity');
  near(await triplet.item(), await batchHardTriplet(features[0]!, labels, 0.3).item(), 'triplet');
  near(await total.item(), 2 * (await id.item()) + 0.5 * (await triplet.item()), 'total');
});

test('an identity with one picture is its own positive; a batch of one identity has no negative and costs nothing', async () => {
  const x = tensor(fill('edge', [3, 4], { kind: 'signed', scale: 1 }), [3, 4]);
  const { positive, positiveIndices } = mineBatchHard(x, [7, 7, 9]);
  assert.ok((await positive.read())[2]! <= 1.1e-6);
  assert.is((await positiveIndices.read())[2], 2);
  assert.is(await batchHardTriplet(x, [1, 1, 1], 0.3).item(), 0);
  const cosine = await mineBatchHard(x, [7, 7, 9], { metric: 'cosine' }).negative.read();
  assert.ok(cosine.every((d) => d >= 0 && d <= 2));
});

test.run();
