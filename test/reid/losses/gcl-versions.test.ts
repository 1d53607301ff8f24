import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../../engine/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import { tensor } from '../../../engine/tensor.js';
import { rerankedDensity } from '../../../reid/clustering/index.js';
import { bankLoss, meanVersions, memberShares, versionLoss } from '../../../reid/losses/gcl/versions.js';
import { updateMemoryTable } from '../../../reid/losses/memory-table.js';
import { featurePoints } from '../../../reid/metrics/reranking/feature-points.js';
import { gpuPoints } from '../../../reid/metrics/reranking/gpu-points.js';
import { gclStage1JVTC } from '../../../reid/recipes/index.js';
import { bankMomentum, isBankDue, randomBank } from '../../../reid/training/gcl/warm-up-versions.js';
import { closeAfter, gpu } from '../../engine/device.js';
import { uniforms } from '../../golden/gcl-numbers.js';

closeAfter(test);

const WIDTH = 16;
const near = (a: number, b: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a}, not ${b}`);
const signed = (n: number, stream: number) => Float32Array.from(uniforms(n, stream), (u) => 2 * u - 1);

/** Rows of some length. */
function scaled(data: Float32Array, lengthOf: (row: number) => number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += WIDTH) {
    const row = data.subarray(start, start + WIDTH);
    const scale = lengthOf(start / WIDTH) / Math.hypot(...row);
    out.set(
      row.map((x) => x * scale),
      start,
    );
  }
  return out;
}

// The numbers are PyTorch's in float64, of the same formulas.
test('both losses, their gradient through the mean of versions too, and the bank afterwards', async () => {
  const embeddings = tensor(signed(12 * WIDTH, 1200), [12, WIDTH], { requiresGrad: true });
  const bank = tensor(
    scaled(signed(10 * WIDTH, 1201), () => 0.9),
    [10, WIDTH],
  );
  const rows = [5, 1, 6];
  const members = tensor(memberShares(Int32Array.of(0, 1, 0, 2, 1, 0, 3, 3, 2, 0), rows), [3, 10]);
  const means = meanVersions(embeddings, 4);
  const features = l2Normalize(embeddings);
  const local = versionLoss(features, means, 0.1);
  const global = bankLoss(features, bank, members, 0.05);
  backward(add(local, mulScalar(global, 0.2)));
  near(await local.item(), 0.8108858669, 2e-6, 'local loss');
  near(await global.item(), 9.1012164117, 3e-5, 'bank loss');
  const gradient = (await embeddings.grad!.read()) as Float32Array;
  near(Math.hypot(...gradient), 1.0332288762, 1e-5, 'length of the gradient');
  near(gradient[0]!, -0.0037214042, 1e-6, 'first');
  near(gradient.at(-1)!, -0.0469891153, 1e-6, 'last');
  updateMemoryTable(bank, means.detach(), tensor(Int32Array.from(rows), [3]), { momentum: 0.07, normalise: false });
  const row = ((await bank.read()) as Float32Array).subarray(5 * WIDTH, 6 * WIDTH);
  near(row[0]!, -0.4517745001, 1e-6, 'a row of the bank');
  near(Math.hypot(...row), 0.9492388874, 1e-6, 'its length, which stays as it is');
});

/** Rows about some centres, of lengths from 0.8 to 1. */
function made(rows: number, centres: number, spread: number, stream: number): Float32Array {
  const [at, noise] = [signed(centres * WIDTH, stream), signed(rows * WIDTH, stream + 1)];
  const lengths = uniforms(rows, stream + 2);
  const data = noise.map((x, i) => at[(Math.floor(i / WIDTH) % centres) * WIDTH + (i % WIDTH)]! + spread * x);
  return scaled(data, (row) => 0.8 + 0.2 * lengths[row]!);
}

// The labels are those of scikit-learn's DBSCAN on the re-ranked matrix. In the second case points share nothing and are near all
// the same, and some are near to one that is not near to them: labels by pairs in either direction differ.
const CASES = [
  {
    data: made(60, 8, 0.9, 1210),
    settings: { k1: 8, k2: 3, lambda: 0.3, rho: 0.08, factor: 1.2 },
    eps: 0.22118563926,
    labels:
      '0 1 2 3 4 5 6 7 0 8 2 3 4 5 6 9 0 1 2 10 4 5 6 11 0 1 12 3 4 5 6 9 0 13 12 3 4 5 6 14 0 15 2 3 4 5 6 16 0 17 18 3 4 19 6 9 0 20 12 3',
  },
  {
    data: made(45, 6, 1.1, 1220),
    settings: { k1: 6, k2: 1, lambda: 0.9, rho: 0.05, factor: 1.3 },
    eps: 0.38028747749,
    labels: '0 1 2 3 2 4 1 1 2 0 1 5 1 1 2 0 2 5 1 1 2 0 2 5 1 1 6 0 2 5 1 1 2 0 7 5 1 1 2 8 2 5 9 1 2',
  },
] as const;

test('the bank is clustered as DBSCAN does it on re-ranked distances, from the CPU and from the GPU', async () => {
  for (const { data, settings, eps, labels } of CASES) {
    const onGpu = await gpuPoints(gpu, { data, dimension: WIDTH });
    for (const points of [featurePoints({ data, dimension: WIDTH }), onGpu]) {
      const found = await rerankedDensity(points, settings);
      near(found.eps, eps, 1e-6, 'eps');
      assert.is(Array.from(found.labels).join(' '), labels);
      assert.is(found.clusters, Math.max(...found.labels) + 1);
    }
    onGpu.release();
  }
});

test('pictures that are all the same are one cluster; a share of nothing makes no sense', async () => {
  const same = featurePoints({ data: new Float32Array(12 * WIDTH).fill(0.1), dimension: WIDTH });
  assert.is((await rerankedDensity(same, { k1: 4, k2: 2 })).clusters, 1);
  let error: unknown;
  await rerankedDensity(same, { rho: 0 }).catch((caught) => {
    error = caught;
  });
  assert.match(`${error}`, /rho must lie above 0/);
});

test('the bank begins at random and keeps more of itself with time; it is clustered every five epochs from the tenth on', async () => {
  const bank = (await randomBank(gpu, 7, 33, 5).read()) as Float32Array;
  for (let row = 0; row < 7; row++) near(Math.hypot(...bank.subarray(33 * row, 33 * row + 33)), 1, 1e-6, 'length');
  assert.equal(await randomBank(gpu, 7, 33, 5).read(), bank);
  assert.not.equal(await randomBank(gpu, 7, 33, 6).read(), bank);
  const epochs = Array.from({ length: 26 }, (_, epoch) => epoch);
  assert.equal(
    epochs.filter((epoch) => isBankDue(gclStage1JVTC, epoch)),
    [10, 15, 20, 25],
  );
  assert.equal(
    [0, 10, 100].map((epoch) => bankMomentum(gclStage1JVTC, epoch)),
    [0, 0.1, 0.8],
  );
});

test.run();
