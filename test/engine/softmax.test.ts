import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import { permute } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { assertClose, assertSameBits, gradients, leaf, numbers, random } from './close.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

test('gradients agree with differences on every axis', async () => {
  for (const dim of [0, 1, 2]) {
    await gradcheck((x) => softmax(x, dim), [[3, 5, 7]]);
    await gradcheck((x) => logSoftmax(x, dim), [[3, 5, 7]]);
  }
  await gradcheck((x) => softmax(permute(x, [1, 0])), [[35, 3]]);
  await gradcheck((x) => logSoftmax(x), [[3, 36]]);
});

function reference(data: Float32Array, dy: Float32Array, shape: readonly number[], dim: number) {
  const n = shape[dim]!;
  const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const [y, log, dx, dlog] = [0, 1, 2, 3].map(() => new Float64Array(data.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let line = 0; line < data.length / n; line++) {
    const first = Math.floor(line / inner) * n * inner + (line % inner);
    const places = Array.from({ length: n }, (_, i) => first + i * inner);
    const top = Math.max(...places.map((i) => data[i]!));
    const sum = places.reduce((s, i) => s + Math.exp(data[i]! - top), 0);
    for (const i of places) {
      y[i] = Math.exp(data[i]! - top) / sum;
      log[i] = data[i]! - top - Math.log(sum);
    }
    const dot = places.reduce((s, i) => s + y[i]! * dy[i]!, 0);
    const total = places.reduce((s, i) => s + dy[i]!, 0);
    for (const i of places) {
      dx[i] = y[i]! * (dy[i]! - dot);
      dlog[i] = dy[i]! - y[i]! * total;
    }
  }
  return { y, log, dx, dlog };
}

test('rows of quads and of single numbers, long rows, columns and moved columns agree with plain loops', async () => {
  for (const [shape, dim] of [
    [[5, 1000], 1],
    [[5, 1001], 1],
    [[1, 100000], 1],
    [[1, 65537], 1],
    [[70, 33, 9], 1],
    [[3000, 4], 0],
    [[2, 300, 3], 1],
    [[4000, 9], 1],
  ] as const) {
    const data = numbers('softmax/x', shape, -8, 8);
    const dy = numbers('softmax/dy', shape);
    const want = reference(data, dy, shape, dim);
    const x = tensor(data, shape, { requiresGrad: true });
    const upstream = tensor(dy, shape);
    assertClose(await softmax(x, dim).read(), want.y, 1e-5, `softmax [${shape}]`);
    assertClose(
      (await gradients((t) => softmax(t, dim), [x], upstream))[0]!,
      want.dx,
      1e-4,
      `softmax gradient [${shape}]`,
    );
    // The logarithm is made by the same text around another kernel: one length of each kind will do.
    if (shape[1] === 1000 || shape[1] === 65537) continue;
    assertClose(await logSoftmax(x, dim).read(), want.log, 1e-5, `logSoftmax [${shape}]`);
    assertClose(
      (await gradients((t) => logSoftmax(t, dim), [x], upstream))[0]!,
      want.dlog,
      1e-4,
      `logSoftmax gradient [${shape}]`,
    );
  }
});

test('large numbers do not overflow, masked ones become 0', async () => {
  const x = tensor([
    [1e4, 1e4 - 1, -1e30],
    [-1e4, -1e4, -3e38],
  ]);
  const e = Math.exp(-1);
  assertClose(await softmax(x).read(), [1 / (1 + e), e / (1 + e), 0, 0.5, 0.5, 0], 1e-6, 'softmax');
});

test('gives the same bits in each run', async () => {
  const x = random('bits', [3, 5003]);
  for (const f of [softmax, logSoftmax] as ((x: Tensor) => Tensor)[]) await assertSameBits(() => f(x));
  const wanting = leaf('bits', [3, 5003]);
  const once = async () => (await gradients((t) => softmax(t), [wanting], x))[0]!;
  assert.equal(await once(), await once());
});

test.run();
