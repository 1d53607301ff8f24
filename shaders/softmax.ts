import { alongLines, type LineKernel, type Lines } from './lines.js';
import type { Shader } from './shader.js';

/** The largest element of a line and Σ e^(x − largest), in one pass (Milakov and Gimelshein, 2018). */
export const largestAndSum = {
  state: { m: '-3.40282e38', s: '0.0' },
  step: 'let top = max(m, x); s = s * exp(m - top) + exp(x - top); m = top;',
  join: 'let m = max(a.m, b.m); return State(m, a.s * exp(a.m - m) + b.s * exp(b.m - m));',
} as const;

const kernels = {
  softmax: { reads: ['x'], ...largestAndSum, each: 'exp(x - all.m) / all.s', flops: 10 },
  logSoftmax: {
    reads: ['x'],
    ...largestAndSum,
    before: 'let lse = log(all.s);',
    each: 'x - all.m - lse',
    flops: 8,
  },
  /** dx = y (dy − Σ y dy). */
  softmaxGrad: {
    reads: ['y', 'dy'],
    state: { s: '0.0' },
    step: 's += y * dy;',
    join: 'return State(a.s + b.s);',
    each: 'y * (dy - all.s)',
    flops: 4,
  },
  /** dx = dy − eʸ Σ dy. */
  logSoftmaxGrad: {
    reads: ['y', 'dy'],
    state: { s: '0.0' },
    step: 's += dy;',
    join: 'return State(a.s + b.s);',
    each: 'dy - exp(y) * all.s',
    flops: 4,
  },
} satisfies Record<string, Omit<LineKernel, 'name'>>;

/** Softmax, its logarithm, and their ways back (from the result y and dy) along every line. */
export const softmaxKernel = (name: keyof typeof kernels, lines: Lines): Shader =>
  alongLines({ name, ...kernels[name] }, lines);
