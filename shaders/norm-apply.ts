import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { leaky } from './activation.js';
import { load, type Masking, type Planes, store, typeOf, widthOf } from './norm.js';
import { flatMain, itemGrid, type Shader, storage } from './shader.js';

/** The passes over all elements of a norm: forwards with what follows it, and backwards. */

interface Pass extends Planes {
  readonly name: string;
  readonly variant?: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Whether the table of (q, r) is read beside that of (mean, scale, shift, 1/σ). */
  readonly coefficients?: boolean;
  readonly slope: number;
  /** WGSL in which `at` is the position, `t` and `c` the plane's entries of the tables, `slope` the activation's. */
  readonly body: (width: 1 | 4) => string;
  readonly flops: number;
}

/**
 * An invocation keeps its plane's entries of the tables for several positions: of the outer axis, or, where there is none, of
 * equal parts of the plane.
 */
function eachElement(pass: Pass): Shader {
  const { name, variant, reads, writes, coefficients = false, slope, body, flops, outer, planes, inner } = pass;
  const width = widthOf(inner);
  const n = inner / width;
  const parts = outer > 1 ? 1 : ([8, 4, 2].find((k) => n % k === 0 && n / k >= 16) ?? 1);
  const span = n / parts;
  const loops = outer * parts;
  const positions = planes * span;
  const chunk = Math.max(1, Math.min(loops, Math.floor((loops * positions) / 32768), 8));
  const items = positions * Math.ceil(loops / chunk);
  const elements = outer * planes * inner;
  const arrays = (names: readonly string[]) => names.map((s) => `${s}: array<${typeOf(width)}>`);
  const tables = ['plane_table: array<vec4f>', ...(coefficients ? ['coefficients: array<vec2f>'] : [])];
  return {
    name,
    variant: `${width}${variant ? ` ${variant}` : ''}`,
    grid: itemGrid(items),
    params: [items, positions, span, n, loops, chunk, parts > 1 ? span : planes * n, { f32: slope }],
    flops: flops * elements,
    bytes: 4 * elements * (reads.length + writes.length) + (coefficients ? 24 : 16) * planes,
    code: () => wgsl`
struct Params { n: u32, positions: u32, span: u32, inner: u32, loops: u32, chunk: u32, step: u32, slope: f32 }
${storage([...arrays(reads), ...tables], arrays(writes))}
@group(0) @binding(99) var<uniform> p: Params;
${leaky(typeOf(width))}
${flatMain}
  if (item >= p.n) { return; }
  let run = item / p.positions;
  let position = item - run * p.positions;
  let plane = position / p.span;
  let t = plane_table[plane];
  ${coefficients ? 'let c = coefficients[plane];' : ''}
  let slope = p.slope;
  let base = plane * p.inner + position - plane * p.span;
  let first = run * p.chunk;
  let last = min(first + p.chunk, p.loops);
  for (var o = first; o < last; o++) {
    let at = o * p.step + base;
    ${body(width)}
  }
}`,
  };
}

/** y = leaky((x − mean)·scale + shift), or leaky((x − mean)·scale + shift + residual). */
export const planeApply = ({ slope, residual, ...planes }: Planes & Masking): Shader =>
  eachElement({
    ...planes,
    name: 'planeApply',
    variant: residual ? 'residual' : '',
    reads: residual ? ['x', 'residual'] : ['x'],
    writes: ['y'],
    slope,
    flops: 6,
    body: (width) =>
      store(
        'y',
        `leaky((${load(width, 'x')} - t.x) * t.y + t.z${residual ? ` + ${load(width, 'residual')}` : ''}, slope)`,
      ),
  });

/** dx = scale·g − q·(x − mean) − r with g = dy·leaky′, whose sign is that of (x − mean)·scale + shift. */
export const planeApplyGrad = ({ slope, ...planes }: Planes & { readonly slope: number }): Shader =>
  eachElement({
    ...planes,
    name: 'planeApplyGrad',
    reads: ['x', 'dy'],
    writes: ['dx'],
    coefficients: true,
    slope,
    flops: 9,
    body: (width) => `let d = ${load(width, 'x')} - t.x;
    let g = ${load(width, 'dy')} * leaky_slope(d * t.y + t.z, slope);
    ${store('dx', 'g * t.y - d * c.x - c.y')}`,
  });

/**
 * dx = scale·g, where the statistics do not depend on x; g = dy·leaky′ as in planeGradSums, and with a residual g is
 * written too. Without an activation x is not read.
 */
export function planeScale({ slope, residual, ...planes }: Planes & Masking): Shader {
  const mask = slope === 1 ? 'none' : residual ? 'y' : 'x';
  const sign = (width: 1 | 4) => (mask === 'x' ? `(${load(width, 'x')} - t.x) * t.y + t.z` : load(width, 'y'));
  return eachElement({
    ...planes,
    name: 'planeScale',
    variant: mask,
    reads: mask === 'none' ? ['dy'] : ['dy', mask],
    writes: mask === 'y' ? ['dx', 'masked'] : ['dx'],
    slope,
    flops: mask === 'none' ? 1 : 6,
    body: (width) => `let g = ${load(width, 'dy')}${mask === 'none' ? '' : ` * leaky_slope(${sign(width)}, slope)`};
    ${mask === 'y' ? store('masked', 'g') : ''}
    ${store('dx', 'g * t.y')}`,
  });
}
