import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { alongLines, type LineKernel, type Lines } from './lines.js';
import { flatMain, itemGrid, rowMain, type Shader } from './shader.js';
import { largestAndSum } from './softmax.js';
import { unaryLibrary } from './unary.js';

/**
 * Losses of a prediction `x` and a target `t`, element by element on `vec4f`, and their derivatives by each. `w` is a third
 * tensor where `weighted`, `p.a` a scalar.
 */
interface PointwiseLoss {
  readonly f: string;
  readonly dx: string;
  readonly dt: string;
  readonly weighted?: boolean;
}

const LOG_P = 'max(log(max(x, vec4f(1e-38))), vec4f(-100.0))';
const LOG_Q = 'max(log1p4(-min(x, vec4f(0.99999994))), vec4f(-100.0))';

const pointwise = {
  mse: { f: '(x - t) * (x - t)', dx: '2.0 * (x - t)', dt: '2.0 * (t - x)' },
  l1: { f: 'abs(x - t)', dx: 'sign(x - t)', dt: 'sign(t - x)' },
  smoothL1: {
    f: 'select(abs(x - t) - 0.5 * p.a, 0.5 / p.a * (x - t) * (x - t), abs(x - t) < vec4f(p.a))',
    dx: 'clamp((x - t) / p.a, vec4f(-1.0), vec4f(1.0))',
    dt: 'clamp((t - x) / p.a, vec4f(-1.0), vec4f(1.0))',
  },
  /** Logarithms no lower than −100, as PyTorch has it. */
  bce: {
    f: '-(t * select(vec4f(-100.0), LOG_P, x > vec4f(0.0)) + (1.0 - t) * select(vec4f(-100.0), LOG_Q, x < vec4f(1.0)))',
    dx: '(x - t) / max(x * (1.0 - x), vec4f(1e-12))',
    dt: 'select(vec4f(-100.0), LOG_Q, x < vec4f(1.0)) - select(vec4f(-100.0), LOG_P, x > vec4f(0.0))',
  },
  bceWithLogits: {
    f: '(1.0 - t) * x + softplus4(-x)',
    dx: 'sigmoid4(x) - t',
    dt: '-x',
  },
  /** w weighs the positive part. */
  bceWithLogitsWeighted: {
    f: '(1.0 - t) * x + (1.0 + (w - 1.0) * t) * softplus4(-x)',
    dx: '(1.0 - t) - (1.0 + (w - 1.0) * t) * sigmoid4(-x)',
    dt: '(w - 1.0) * softplus4(-x) - x',
    weighted: true,
  },
  /** x are logarithms; a target of 0 costs nothing. */
  klDiv: {
    f: 'select(vec4f(0.0), t * (log(max(t, vec4f(1e-38))) - x), t > vec4f(0.0))',
    dx: '-t',
    dt: 'select(-x, log(max(t, vec4f(1e-38))) + 1.0 - x, t > vec4f(0.0))',
  },
  /** Both are logarithms. */
  klDivLog: { f: 'exp(t) * (t - x)', dx: '-exp(t)', dt: 'exp(t) * (t - x + 1.0)' },
} as const satisfies Record<string, PointwiseLoss>;

export type PointwiseName = keyof typeof pointwise;

const textOf = (name: PointwiseName, part: 'f' | 'dx' | 'dt') =>
  pointwise[name][part].replaceAll('LOG_P', LOG_P).replaceAll('LOG_Q', LOG_Q);

const readsOf = (name: PointwiseName) => ((pointwise[name] as PointwiseLoss).weighted ? ['x', 't', 'w'] : ['x', 't']);

/** The loss of every element. */
export function pointwiseLoss(name: PointwiseName, n: number, scalar = 0): Shader {
  const quads = Math.ceil(n / 4);
  const reads = readsOf(name);
  return {
    name,
    variant: 'loss',
    grid: itemGrid(quads),
    params: [quads, { f32: scalar }],
    flops: 8 * n,
    bytes: 4 * n * (reads.length + 1),
    code: () => wgsl`
struct Params { n: u32, a: f32 }
${reads.map((read, i) => `@group(0) @binding(${i}) var<storage, read> ${read}s: array<vec4f>;`).join('\n')}
@group(0) @binding(${reads.length}) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${unaryLibrary}
${flatMain}
  if (item >= p.n) { return; }
  ${reads.map((read) => `let ${read} = ${read}s[item];`).join(' ')}
  result[item] = ${textOf(name, 'f')};
}`,
  };
}

export interface PointwiseGradSpec {
  readonly name: PointwiseName;
  readonly by: 'x' | 't';
  readonly n: number;
  readonly scalar: number;
  /** Whether dy has an element for each, or is a single number. */
  readonly each: boolean;
  /** Factor of a mean. */
  readonly scale: number;
}

/** f′ dy, by the prediction or by the target. */
export function pointwiseLossGrad({ name, by, n, scalar, each, scale }: PointwiseGradSpec): Shader {
  const quads = Math.ceil(n / 4);
  const reads = readsOf(name);
  return {
    name: `${name}Grad`,
    variant: by,
    grid: itemGrid(quads),
    params: [quads, Number(each), { f32: scalar }, { f32: scale }],
    flops: 8 * n,
    bytes: 4 * n * (reads.length + 1 + Number(each)),
    code: () => wgsl`
struct Params { n: u32, each: u32, a: f32, scale: f32 }
${reads.map((read, i) => `@group(0) @binding(${i}) var<storage, read> ${read}s: array<vec4f>;`).join('\n')}
@group(0) @binding(${reads.length}) var<storage, read> dys: array<vec4f>;
@group(0) @binding(${reads.length + 1}) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${unaryLibrary}
${flatMain}
  if (item >= p.n) { return; }
  ${reads.map((read) => `let ${read} = ${read}s[item];`).join(' ')}
  let given = dys[item * p.each];
  let dy = select(vec4f(given.x), given, p.each == 1u) * p.scale;
  result[item] = (${textOf(name, by === 'x' ? 'dx' : 'dt')}) * dy;
}`,
  };
}

export interface ClassLossSpec {
  readonly lines: Lines;
  /** Targets with this label cost nothing. */
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
}

/** A target that is no class and not to be ignored: the loss becomes NaN, which the host finds. */
const NOT_A_CLASS = { f32: Number.NaN };

const crossEntropyKernel = {
  name: 'crossEntropy',
  reads: ['x'],
  state: { ...largestAndSum.state, t: '0.0' },
  step: `${largestAndSum.step} t += x;`,
  join: largestAndSum.join.replace('exp(b.m - m));', 'exp(b.m - m), a.t + b.t);'),
  inputs: ['targets: array<u32>'],
  outputs: ['losses: array<f32>', 'lses: array<f32>'],
  once: `
  let label = targets[line];
  var loss = 0.0;
  if (label != p.ignored) {
    loss = p.wrong;
    if (label < p.n) {
      loss = log(all.s) + (1.0 - p.smoothing) * (all.m - x_at(line, label)) + p.smoothing * (all.m - all.t / f32(p.n));
    }
  }
  losses[line] = loss;
  lses[line] = all.m + log(all.s);`,
  flops: 10,
} satisfies LineKernel;

/**
 * The loss of every line of class scores, (1 − ε)(lse − x_target) + ε (lse − mean x), and its lse = log Σ eˣ, which is all
 * that the way back needs.
 */
export function crossEntropy({ lines, ignoreIndex, labelSmoothing }: ClassLossSpec): Shader {
  const scalars = { ignored: ignoreIndex, smoothing: { f32: labelSmoothing }, wrong: NOT_A_CLASS };
  return alongLines({ ...crossEntropyKernel, scalars }, lines);
}

/** dx = g (softmax(x) − (1 − ε) [class = target] − ε / C); `each`: g has a number for each line, or a single one. */
export function crossEntropyGrad({ lines, ignoreIndex, labelSmoothing }: ClassLossSpec, each: boolean): Shader {
  return alongLines(
    {
      name: 'crossEntropyGrad',
      reads: ['x'],
      inputs: ['targets: array<u32>', 'lses: array<f32>', 'dys: array<f32>'],
      before: `
  let label = targets[line];
  let g = select(dys[line * p.each], 0.0, label == p.ignored);
  let lse = lses[line];
  let rest = p.smoothing / f32(p.n);`,
      each: 'g * (exp(x - lse) - select(T(0.0), T(1.0 - p.smoothing), index == U(label)) - rest)',
      scalars: { ignored: ignoreIndex, smoothing: { f32: labelSmoothing }, each: Number(each) },
      flops: 8,
    },
    lines,
  );
}

/** −x_target of every line of log-probabilities. */
export function nllLoss({ lines: { outer, n, inner }, ignoreIndex }: Omit<ClassLossSpec, 'labelSmoothing'>): Shader {
  return {
    name: 'nllLoss',
    variant: '',
    grid: itemGrid(outer * inner),
    params: [outer * inner, n, inner, ignoreIndex, NOT_A_CLASS],
    flops: 0,
    bytes: 12 * outer * inner,
    code: () => wgsl`
struct Params { lines: u32, n: u32, inner: u32, ignored: u32, wrong: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.lines) { return; }
  let label = targets[item];
  var loss = 0.0;
  if (label != p.ignored) {
    loss = p.wrong;
    if (label < p.n) { loss = -x[((item / p.inner) * p.n + label) * p.inner + item % p.inner]; }
  }
  losses[item] = loss;
}`,
  };
}

/** dx = −g at the target, else 0. */
export function nllLossGrad({ lines, ignoreIndex }: Omit<ClassLossSpec, 'labelSmoothing'>, each: boolean): Shader {
  const count = lines.outer * lines.n * lines.inner;
  return {
    name: 'nllLossGrad',
    variant: '',
    grid: itemGrid(count),
    params: [count, lines.n, lines.inner, ignoreIndex, Number(each)],
    flops: 0,
    bytes: 4 * count,
    code: () => wgsl`
struct Params { count: u32, n: u32, inner: u32, ignored: u32, each: u32 }
@group(0) @binding(0) var<storage, read> targets: array<u32>;
@group(0) @binding(1) var<storage, read> dys: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.count) { return; }
  let line = (item / (p.n * p.inner)) * p.inner + item % p.inner;
  let label = targets[line];
  dx[item] = select(0.0, -dys[line * p.each], label != p.ignored && label == (item / p.inner) % p.n);
}`,
  };
}

const MEAN_SIZE = 256;

/** The mean of the losses whose target is not ignored (0 when all are), and 1 / their number; one workgroup. */
export function meanOfKept(lines: number, ignoreIndex: number): Shader {
  return {
    name: 'meanOfKept',
    variant: '',
    grid: [1, 1, 1],
    params: [lines, ignoreIndex],
    flops: lines,
    bytes: 8 * lines,
    code: () => wgsl`
struct Params { lines: u32, ignored: u32 }
@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> share: array<f32>;
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> sums: array<f32, ${MEAN_SIZE}>;
var<workgroup> counts: array<u32, ${MEAN_SIZE}>;
${rowMain(MEAN_SIZE)}
  if (row > 0u) { return; }
  var sum = 0.0; var count = 0u;
  for (var i = lid; i < p.lines; i += ${MEAN_SIZE}u) {
    sum += losses[i];
    count += u32(targets[i] != p.ignored);
  }
  sums[lid] = sum; counts[lid] = count;
  for (var half = ${MEAN_SIZE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { sums[lid] += sums[lid + half]; counts[lid] += counts[lid + half]; }
  }
  if (lid == 0u) {
    let each = select(1.0 / f32(max(counts[0], 1u)), 0.0, counts[0] == 0u);
    mean[0] = sums[0] * each; share[0] = each;
  }
}`,
  };
}
