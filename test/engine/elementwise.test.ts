import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../engine/autograd.js';
import * as arithmetic from '../../engine/ops/arithmetic.js';
import { sum } from '../../engine/ops/sum.js';
import * as unary from '../../engine/ops/unary.js';
import { permute, slice, transpose } from '../../engine/ops/view.js';
import { withGrad } from '../../engine/tape.js';
import { type Tensor, type TensorData, tensor } from '../../engine/tensor.js';
import { type UnaryFunction, unaryFunctions } from '../../shaders/unary.js';
import { fill } from '../golden/fill.js';
import { closeAfter } from './device.js';
import { gradcheck } from './gradcheck.js';

closeAfter(test);

const random = (name: string, shape: readonly number[], lo = -2, hi = 2) =>
  tensor(fill(name, shape, { kind: 'range', lo, hi }), shape);

function close(got: TensorData, want: readonly number[], what: string, tolerance = 2e-6): void {
  assert.is(got.length, want.length, what);
  want.forEach((value, i) => {
    const off = Math.abs(got[i]! - value);
    assert.ok(off <= tolerance * Math.max(1, Math.abs(value)), `${what}: element ${i} is ${got[i]}, not ${value}`);
  });
}

/** erf in double, by its series and, far out, its continued fraction. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 3) {
    let fraction = 0;
    for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction);
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
  }
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

interface Case {
  readonly f: (x: Tensor) => Tensor;
  readonly reference: (x: number) => number;
  /** Where gradients are checked: away from kinks and poles. Default: between −1.5 and 1.5 but for a gap around 0. */
  readonly ranges?: readonly (readonly [number, number])[];
  /** What is added to the numbers tried; only what the function is defined for. */
  readonly special?: readonly number[];
  readonly positive?: boolean;
  readonly tolerance?: number;
}

const POSITIVE = { ranges: [[0.3, 2.5]], positive: true } as const;

/** Every function of one number: the operator, and the same in double. */
const CASES: Readonly<Record<keyof typeof unaryFunctions, Case>> = {
  neg: { f: unary.neg, reference: (x) => -x },
  abs: { f: unary.abs, reference: Math.abs },
  exp: { f: unary.exp, reference: Math.exp, special: [-100, 20] },
  log: { f: unary.log, reference: Math.log, special: [1e-20, 1e20], ...POSITIVE },
  log1p: { f: unary.log1p, reference: Math.log1p, special: [1e-10, 1e-4, 1e6], ...POSITIVE },
  expm1: { f: unary.expm1, reference: Math.expm1, special: [1e-10, 0.29, 0.31, -0.31, -30, 20] },
  sqrt: { f: unary.sqrt, reference: Math.sqrt, special: [0, 1e-20, 1e20], ...POSITIVE },
  rsqrt: { f: unary.rsqrt, reference: (x) => 1 / Math.sqrt(x), special: [1e20], ...POSITIVE },
  reciprocal: { f: unary.reciprocal, reference: (x) => 1 / x, special: [-4, 1e20], ...POSITIVE },
  square: { f: unary.square, reference: (x) => x * x },
  sin: { f: unary.sin, reference: Math.sin, tolerance: 1e-5 },
  cos: { f: unary.cos, reference: Math.cos, tolerance: 1e-5 },
  floor: { f: unary.floor, reference: Math.floor, special: [-1, 3, -1e6], ranges: [[0.2, 0.8]] },
  sign: { f: unary.sign, reference: Math.sign, special: [0] },
  erf: { f: unary.erf, reference: erf, special: [0.49, 0.51, 3, -3, 10, -10], tolerance: 1e-6 },
  relu: { f: unary.relu, reference: (x) => Math.max(x, 0), special: [0] },
  relu6: { f: unary.relu6, reference: (x) => Math.min(Math.max(x, 0), 6), special: [6, 7, 0] },
  leakyRelu: { f: (x) => unary.leakyRelu(x, 0.2), reference: (x) => (x > 0 ? x : 0.2 * x) },
  elu: { f: (x) => unary.elu(x, 0.7), reference: (x) => (x > 0 ? x : 0.7 * Math.expm1(x)), special: [-50] },
  selu: {
    f: unary.selu,
    reference: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    special: [-50],
  },
  sigmoid: { f: unary.sigmoid, reference: sigmoid, special: [-90, 90] },
  logSigmoid: {
    f: unary.logSigmoid,
    reference: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
    special: [-90, 90],
  },
  tanh: { f: unary.tanh, reference: Math.tanh, special: [-90, 90, 1e-5, 0.24, 0.26] },
  softplus: {
    f: (x) => unary.softplus(x, 2, 5),
    reference: (x) => (2 * x > 5 ? x : Math.log1p(Math.exp(2 * x)) / 2),
    special: [-50, 2.4, 2.6, 50],
  },
  silu: { f: unary.silu, reference: (x) => x * sigmoid(x), special: [-60, 60] },
  gelu: { f: unary.gelu, reference: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), special: [-10, 10] },
  geluTanh: {
    f: (x) => unary.gelu(x, 'tanh'),
    reference: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    special: [-10, 10],
  },
  hardswish: {
    f: unary.hardswish,
    reference: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    special: [-4, 4, 3, -3],
  },
  pow: { f: (x) => unary.pow(x, 2.7), reference: (x) => x ** 2.7, special: [0, 1], tolerance: 2e-5, ...POSITIVE },
  clamp: {
    f: (x) => unary.clamp(x, -1, 1.1),
    reference: (x) => Math.min(Math.max(x, -1), 1.1),
    ranges: [
      [-0.9, 1],
      [1.2, 2],
    ],
  },
  addScalar: { f: (x) => unary.addScalar(x, 0.3), reference: (x) => x + 0.3 },
  mulScalar: { f: (x) => unary.mulScalar(x, -1.7), reference: (x) => x * -1.7 },
};

const BOTH_SIDES: readonly (readonly [number, number])[] = [
  [-1.5, -0.2],
  [0.2, 1.5],
];

test('every function of one number equals the same in double, at odd sizes and far out', async () => {
  for (const [name, { f, reference, special = [], positive, tolerance }] of Object.entries(CASES)) {
    for (const n of name === 'tanh' ? [1, 2, 3, 5, 67, 257] : [23]) {
      const values = [...fill(name, [n], { kind: 'range', lo: positive ? 0.1 : -4, hi: 4 }), ...special];
      const x = Float32Array.from(values);
      close(await f(tensor(x)).read(), Array.from(x, reference), name, tolerance);
    }
  }
});

test('gradients of every function of one number', async () => {
  for (const [name, { f, ranges = BOTH_SIDES }] of Object.entries(CASES)) {
    for (const range of ranges) {
      await gradcheck(f, [[7]], { range }).catch((error: Error) => {
        throw new Error(`${name} in [${range}]: ${error.message}`);
      });
    }
  }
});

test('second derivatives, where a function has one', async () => {
  for (const [name, { f, ranges = BOTH_SIDES }] of Object.entries(CASES)) {
    if ((unaryFunctions[name as keyof typeof unaryFunctions] as UnaryFunction).dd === undefined) continue;
    const slope = (x: Tensor) =>
      withGrad(true, () => {
        const leaf = x.requiresGrad ? x : x.detach();
        leaf.requiresGrad = true;
        return grad([sum(f(leaf))], [leaf], { createGraph: true })[0]!;
      });
    await gradcheck(slope, [[7]], { range: ranges.at(-1)! }).catch((error: Error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
});

test('powers of a whole exponent know the sign of their base', async () => {
  const x = tensor([-2, -0.5, 0, 3]);
  for (const [exponent, want] of [
    [3, [-8, -0.125, 0, 27]],
    [4, [16, 0.0625, 0, 81]],
    [1, [-2, -0.5, 0, 3]],
    [0, [1, 1, 1, 1]],
  ] as const) {
    close(await unary.pow(x, exponent).read(), want, `exponent ${exponent}`, 1e-5);
  }
  close(await unary.pow(tensor([-2, 4]), -3).read(), [-0.125, 1 / 64], 'exponent −3', 1e-5);
});

const BINARY: readonly (readonly [
  f: (a: Tensor, b: Tensor) => Tensor,
  reference: (a: number, b: number) => number,
  positive?: boolean,
])[] = [
  [arithmetic.add, (a, b) => a + b],
  [arithmetic.sub, (a, b) => a - b],
  [arithmetic.mul, (a, b) => a * b],
  [arithmetic.div, (a, b) => a / b],
  [arithmetic.maximum, Math.max],
  [arithmetic.minimum, Math.min],
  [arithmetic.pow, (a, b) => a ** b, true],
  [arithmetic.equal, (a, b) => (a === b ? 1 : 0)],
  [arithmetic.greater, (a, b) => (a > b ? 1 : 0)],
  [arithmetic.greaterEqual, (a, b) => (a >= b ? 1 : 0)],
];

/** What the two give by plain loops over the broadcast shape. */
async function broadcast(a: Tensor, b: Tensor, shape: readonly number[], f: (a: number, b: number) => number) {
  const [x, y] = [await a.read(), await b.read()];
  const at = (t: Tensor, index: readonly number[]) => {
    let flat = 0;
    t.shape.forEach((n, i) => {
      flat = flat * n + (n === 1 ? 0 : index[index.length - t.rank + i]!);
    });
    return flat;
  };
  const size = shape.reduce((n, m) => n * m, 1);
  return Array.from({ length: size }, (_, item) => {
    let rest = item;
    const index = shape.map(() => 0);
    for (let i = shape.length - 1; i >= 0; i--) {
      index[i] = rest % shape[i]!;
      rest = Math.floor(rest / shape[i]!);
    }
    return f(x[at(a, index)]!, y[at(b, index)]!);
  });
}

test('functions of two numbers equal plain loops, of one shape and broadcast', async () => {
  for (const [f, reference, positive] of BINARY) {
    const lo = positive ? 0.2 : -2;
    for (const [p, q] of [
      [
        [3, 1, 5],
        [4, 1],
      ],
      [
        [7, 5],
        [7, 5],
      ],
    ] as const) {
      const a = random('a', p, lo);
      const b = random('b', q);
      const y = f(a, b);
      close(await y.read(), await broadcast(a, b, y.shape, reference), f.name, 1e-5);
    }
  }
});

test('shapes broadcast as in PyTorch, views too', async () => {
  const views: readonly (readonly [Tensor, Tensor, readonly number[]])[] = [
    [random('a', []), random('b', [2, 3]), [2, 3]],
    [random('a', [7]), random('b', [2, 3, 7]), [2, 3, 7]],
    [random('a', [1]), random('b', [5, 3]), [5, 3]],
    [random('a', [2, 1, 3, 1, 2]), random('b', [3, 1, 4, 1]), [2, 3, 3, 4, 2]],
    [transpose(random('a', [5, 3])), random('b', [3, 5]), [3, 5]],
    [slice(random('a', [9, 5]), 0, 1, 9, 3), permute(random('b', [5, 1, 3]), [2, 1, 0]), [3, 3, 5]],
    [random('a', [0, 3]), random('b', [1, 3]), [0, 3]],
  ];
  for (const [a, b, shape] of views) {
    const y = arithmetic.sub(a, b);
    assert.equal(y.shape, shape);
    close(await y.read(), await broadcast(a, b, shape, (p, q) => p - q), `[${a.shape}] and [${b.shape}]`);
  }
  assert.throws(
    () => arithmetic.add(random('a', [2, 3]), random('b', [4])),
    /add: shapes \[2, 3\] and \[4\] do not broadcast \(3 against 4\)/,
  );
});

test('gradients of functions of two numbers sum over what was broadcast', async () => {
  const shapes = [
    [3, 1, 5],
    [4, 1],
  ] as const;
  await gradcheck(arithmetic.add, shapes);
  await gradcheck(arithmetic.sub, shapes);
  await gradcheck(arithmetic.mul, shapes);
  await gradcheck(arithmetic.div, shapes, { range: [0.6, 2] });
  await gradcheck(arithmetic.pow, shapes, { range: [0.5, 2] });
  await gradcheck((a, b) => arithmetic.maximum(a, arithmetic.add(b, 0.013)), shapes, { step: 1e-3, tolerance: 5e-2 });
  await gradcheck((a, b) => arithmetic.minimum(a, arithmetic.add(b, 0.013)), shapes, { step: 1e-3, tolerance: 5e-2 });
});

test('at a tie, maximum and minimum share the gradient half and half', async () => {
  for (const f of [arithmetic.maximum, arithmetic.minimum]) {
    const a = tensor([1, 2], undefined, { requiresGrad: true });
    const b = tensor([1, 3], undefined, { requiresGrad: true });
    const [da, db] = grad([sum(f(a, b))], [a, b]);
    const first = f === arithmetic.maximum ? 0 : 1;
    assert.equal(Array.from(await da!.read()), [0.5, first]);
    assert.equal(Array.from(await db!.read()), [0.5, 1 - first]);
  }
});

test('numbers as operands', async () => {
  const x = tensor([1, -2, 4]);
  close(await arithmetic.add(x, 1).read(), [2, -1, 5], 'add');
  close(await arithmetic.sub(x, 1).read(), [0, -3, 3], 'sub');
  close(await arithmetic.mul(x, -2).read(), [-2, 4, -8], 'mul');
  close(await arithmetic.div(x, 4).read(), [0.25, -0.5, 1], 'div');
  close(await arithmetic.rsub(x, 1).read(), [0, 3, -3], 'rsub');
  close(await arithmetic.rdiv(x, 8).read(), [8, -4, 2], 'rdiv');
});

test('whole numbers are refused, not taken for floats of the same bits', () => {
  const whole = tensor(new Int32Array([1, 2]));
  assert.throws(() => arithmetic.add(whole, whole), /add: .*int32/);
  assert.throws(() => arithmetic.equal(whole, tensor([1, 2])), /equal: .*int32/);
  assert.throws(() => unary.exp(whole), /exp: .*int32/);
  assert.throws(() => arithmetic.mul(whole, 2), /mulScalar: .*int32/);
});

test.run();
