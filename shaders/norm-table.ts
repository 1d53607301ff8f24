import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { chan } from './norm.js';
import { flatMain, itemGrid, type Shader, storage } from './shader.js';

/** The small kernels between the passes of a norm: from statistics to the table that the pass over the elements reads. */

export interface TableSpec {
  readonly planes: number;
  /** Neighbouring planes that share their statistics: the channels of a group. */
  readonly per: number;
  /** Number of weights; plane k takes weight k mod this. */
  readonly weights: number;
  readonly eps: number;
}

export interface RunningSpec extends Omit<TableSpec, 'per'> {
  readonly hasWeight: boolean;
  readonly hasBias: boolean;
}

export interface MomentsSpec extends TableSpec, RunningSpec {
  readonly splits: number;
  readonly chunk: number;
  /** Elements that share their statistics. */
  readonly total: number;
  /** How far the running statistics move, which are then updated too; the running variance takes the unbiased one. */
  readonly momentum?: number;
  /** σ is √(Σ(x − mean)²/(n − 1)) + eps instead of √(Σ(x − mean)²/n + eps). */
  readonly unbiased: boolean;
}

const affine = (hasWeight: boolean, hasBias: boolean) => ({
  reads: [...(hasWeight ? ['weight'] : []), ...(hasBias ? ['bias'] : [])],
  scale: hasWeight ? 'weight[item % p.weights]' : '1.0',
  shift: hasBias ? 'bias[item % p.weights]' : '0.0',
});

/** Joins the moments of all runs and makes the table of (mean, scale, shift, 1/σ): y = (x − mean)·scale + shift. */
export function planeTable(spec: MomentsSpec): Shader {
  const { planes, per, weights, eps, splits, chunk, total, momentum, unbiased } = spec;
  const { reads, scale, shift } = affine(spec.hasWeight, spec.hasBias);
  const running = momentum === undefined ? [] : ['running_mean: array<f32>', 'running_var: array<f32>'];
  const rstd = unbiased
    ? '1.0 / (sqrt(all.y / (all.z - 1.0)) + p.eps)'
    : 'inverseSqrt(max(all.y, 0.0) / all.z + p.eps)';
  const update = `
  running_mean[item] += p.momentum * (all.x - running_mean[item]);
  running_var[item] += p.momentum * (all.y / (all.z - 1.0) - running_var[item]);`;
  return {
    name: 'planeTable',
    variant: [...reads, unbiased ? 'unbiased' : '', momentum === undefined ? '' : 'running'].join(' '),
    grid: itemGrid(planes),
    params: [planes, per, weights, splits, chunk, total, { f32: eps }, { f32: momentum ?? 0 }],
    flops: 10 * planes * splits,
    bytes: planes * (8 * splits + 4 * reads.length + 16 + 8 * running.length),
    code: () => wgsl`
struct Params { planes: u32, per: u32, weights: u32, splits: u32, chunk: u32, total: u32, eps: f32, momentum: f32 }
${storage(['moments: array<vec2f>', ...reads.map((s) => `${s}: array<f32>`)], ['plane_table: array<vec4f>', ...running])}
@group(0) @binding(99) var<uniform> p: Params;
${chan}
${flatMain}
  if (item >= p.planes) { return; }
  let row = item / p.per;
  let rows = p.planes / p.per;
  var all = vec3f(0.0);
  for (var k = 0u; k < p.splits; k++) {
    all = join(all, vec3f(moments[k * rows + row], f32(min(p.chunk, p.total - k * p.chunk))));
  }
  let rstd = ${rstd};
  plane_table[item] = vec4f(all.x, rstd * ${scale}, ${shift}, rstd);
  ${running.length > 0 ? update : ''}
}`,
  };
}

/** The same table from running statistics. */
export function runningTable({ planes, weights, eps, hasWeight, hasBias }: RunningSpec): Shader {
  const { reads, scale, shift } = affine(hasWeight, hasBias);
  return {
    name: 'runningTable',
    variant: reads.join(' '),
    grid: itemGrid(planes),
    params: [planes, weights, { f32: eps }],
    flops: 4 * planes,
    bytes: planes * (24 + 4 * reads.length),
    code: () => wgsl`
struct Params { planes: u32, weights: u32, eps: f32 }
${storage(
  ['running_mean', 'running_var', ...reads].map((s) => `${s}: array<f32>`),
  ['plane_table: array<vec4f>'],
)}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.planes) { return; }
  let rstd = inverseSqrt(running_var[item] + p.eps);
  plane_table[item] = vec4f(running_mean[item], rstd * ${scale}, ${shift}, rstd);
}`,
  };
}

/**
 * Running statistics as a factor and a summand of each channel, for the end of a convolution:
 * scale = weight/√(var + eps), shift = bias − mean·scale, with the convolution's own bias in it where it has one.
 */
export function foldTable(spec: RunningSpec & { readonly hasConvBias: boolean }): Shader {
  const { planes, weights, eps, hasWeight, hasBias, hasConvBias } = spec;
  const { reads, scale, shift } = affine(hasWeight, hasBias);
  const inputs = ['running_mean', 'running_var', ...reads, ...(hasConvBias ? ['conv_bias'] : [])];
  return {
    name: 'foldTable',
    variant: inputs.join(' '),
    grid: itemGrid(planes),
    params: [planes, weights, { f32: eps }],
    flops: 5 * planes,
    bytes: 4 * planes * (inputs.length + 2),
    code: () => wgsl`
struct Params { planes: u32, weights: u32, eps: f32 }
${storage(
  inputs.map((s) => `${s}: array<f32>`),
  ['scales: array<f32>', 'shifts: array<f32>'],
)}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.planes) { return; }
  let scale = inverseSqrt(running_var[item] + p.eps) * ${scale};
  scales[item] = scale;
  shifts[item] = ${shift} + (${hasConvBias ? 'conv_bias[item]' : '0.0'} - running_mean[item]) * scale;
}`,
  };
}

export interface GradTableSpec extends Omit<TableSpec, 'weights'> {
  readonly splits: number;
  /** Elements that share their statistics; 0 where these are given and not the data's own. */
  readonly total: number;
  readonly unbiased: boolean;
}

/**
 * From Σ g and Σ g·x̂ of each plane: (q, r) with dx = scale·g − q·(x − mean) − r, where
 * r = Σ scale·Σg / n and q = Σ scale·Σ(g·x̂) / (σ n) over the planes of a group; and the two sums, which are the
 * gradients of bias and weight.
 */
export function planeGradTable({ planes, per, eps, splits, total, unbiased }: GradTableSpec): Shader {
  // With σ = s + eps the inner derivative is 1/((n − 1) s).
  const inner = unbiased ? 'p.unbiased / max(1.0 / t.w - p.eps, 1e-20)' : 't.w * p.inverse';
  return {
    name: 'planeGradTable',
    variant: unbiased ? 'unbiased' : '',
    grid: itemGrid(planes),
    params: [planes, per, splits, { f32: total && 1 / total }, { f32: total && 1 / (total - 1) }, { f32: eps }],
    flops: 4 * planes * per * splits,
    bytes: planes * (8 * splits + 32),
    code: () => wgsl`
struct Params { planes: u32, per: u32, splits: u32, inverse: f32, unbiased: f32, eps: f32 }
${storage(
  ['sums: array<vec2f>', 'plane_table: array<vec4f>'],
  ['coefficients: array<vec2f>', 'sum_g: array<f32>', 'sum_gx: array<f32>'],
)}
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.planes) { return; }
  let first = item / p.per * p.per;
  var group = vec2f(0.0);
  for (var plane = first; plane < first + p.per; plane++) {
    var own = vec2f(0.0);
    for (var k = 0u; k < p.splits; k++) { own += sums[k * p.planes + plane]; }
    group += plane_table[plane].y * own;
    if (plane == item) { sum_g[item] = own.x; sum_gx[item] = own.y; }
  }
  let t = plane_table[item];
  coefficients[item] = vec2f(group.y * ${inner}, group.x * p.inverse);
}`,
  };
}
