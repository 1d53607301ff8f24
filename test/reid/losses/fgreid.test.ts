import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/autograd.js';
import { sum } from '../../../engine/ops/sum.js';
import { neg } from '../../../engine/ops/unary.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { branchLosses } from '../../../reid/losses/fgreid/branches.js';
import { FGREID_LOSS, fgreidLoss } from '../../../reid/losses/fgreid/fgreid.js';
import { osmCAALoss } from '../../../reid/losses/fgreid/osm-caa.js';
import { prototypeVariance } from '../../../reid/losses/fgreid/prototypes.js';
import { batchHardTriplet } from '../../../reid/losses/triplet.js';
import { closeAfter } from '../../engine/device.js';
import { gradcheck } from '../../engine/gradcheck.js';

closeAfter(test);

const LABELS = [0, 0, 1, 1, 2, 2, 4, 4];
const labels = () => tensor(Int32Array.from(LABELS), [LABELS.length]);
const table = (rows: number, columns: number, f: (i: number, j: number) => number): Tensor => {
  const data = Float32Array.from({ length: rows * columns }, (_, at) => f(Math.floor(at / columns), at % columns));
  return tensor(data, [rows, columns], { requiresGrad: true });
};

/** The features, centres and logits of the published figures. */
const inputs = () => ({
  f: table(8, 6, (i, j) => Math.sin(0.7 * i + 1.3 * j + 0.1 * i * j)),
  centers: table(5, 6, (k, j) => Math.cos(0.5 * k + 0.9 * j)),
  first: table(8, 5, (i, k) => 2 * Math.sin(0.3 * i - 0.8 * k)),
  second: table(8, 5, (i, k) => 2 * Math.cos(0.2 * i + 0.6 * k)),
});

const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= 1e-4 * Math.abs(want), `${what}: ${got}, not ${want}`);

const length = async (t: Tensor) => Math.hypot(...(await t.read()));

test('fgreidLoss: every part, the total and the gradients are the figures of the specification', async () => {
  const { f, centers, first, second } = inputs();
  const got = fgreidLoss({ features: [f], logits: [first, second] }, labels(), centers, 6);
  const want = {
    id: (2.489384859 + 1.890896872) / 2,
    triplet: 0.057604903,
    center: 4.893477009,
    osm: 0.362690883,
    variance: 0.001125625,
    ranking: 1.596291831,
    consistency: 0.271945318,
    total: 4.162368704,
  };
  for (const [name, value] of Object.entries(want)) near(await got[name as keyof typeof want].item(), value, name);
  const gradients = grad([got.total], [f, centers, first, second]) as Tensor[];
  const lengths = [0.4278755493, 0.0018296466, 0.3152585805, 0.235524006];
  for (const [i, value] of lengths.entries()) near(await length(gradients[i]!), value, `gradient ${i}`);
  const row = [-0.0298849174, -0.0124954836, 0.0280600656, 0.0194910473, -0.0196443084, -0.0282153087];
  const all = await gradients[0]!.read();
  for (const [i, value] of row.entries()) near(all[i]!, value, `gradient of f[0, ${i}]`);
});

test('other settings: the triplet and mining losses of the specification', async () => {
  const { f, centers } = inputs();
  near(await batchHardTriplet(f, labels(), 0.3, { metric: 'cosine' }).item(), 0.317156178, 'triplet');
  const options = { alpha: 1.2, lambda: 0.5, sigma: 0.8 };
  near(await osmCAALoss(f, labels(), centers, options).item(), 0.230836148, 'mining');
});

test('centerGradMode clean: the mining does not move the centres', async () => {
  const { f, centers, first, second } = inputs();
  const gradientOf = (centerGradMode: 'reference' | 'clean') => {
    const output = { features: [f], logits: [first, second] };
    const { total } = fgreidLoss(output, labels(), centers, 6, { ...FGREID_LOSS, centerGradMode });
    return grad([total], [centers])[0]!;
  };
  const clean = await gradientOf('clean').read();
  const rows = await gradientOf('reference').read();
  // Class 3 has no picture: only the mining, whose softmax is over all classes, could move it.
  assert.ok(clean.slice(18, 24).every((x) => x === 0));
  assert.ok(rows.slice(18, 24).some((x) => x !== 0));
});

test('the losses are differentiable: finite differences', async () => {
  const options = { alpha: 1.2, lambda: 0.5, sigma: 0.8 };
  await gradcheck(
    (x, c) => osmCAALoss(x, labels(), c, options),
    [
      [8, 7],
      [5, 7],
    ],
  );
  await gradcheck((x) => prototypeVariance(x, labels(), 6), [[8, 5]]);
  for (const part of ['ranking', 'consistency'] as const) {
    await gradcheck(
      (a, b) => branchLosses(a, b, labels())[part],
      [
        [8, 5],
        [8, 5],
      ],
    );
  }
});

test('osmCAALoss stays finite where every weight of one class would be 0', async () => {
  const x = table(4, 3, (i, j) => (i % 2 ? -1 : 1) * (j + 1));
  const target = tensor(Int32Array.of(0, 0, 1, 1), [4]);
  const loss = osmCAALoss(x, target, neg(table(2, 3, (k, j) => k + j)), { alpha: 1, lambda: 0.5, sigma: 0.2 });
  // Pairs of one class are 2 apart; those of two classes 0 or 2, of which only the first count: h = 1.
  near(await loss.item(), 0.5 * 0.5 * 4 + 0.5 * 0.5 * 1, 'loss');
  assert.ok(Number.isFinite(await sum(grad([loss], [x])[0]!).item()));
});

test.run();
