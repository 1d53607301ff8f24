import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { philoxCode } from './random.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

export interface DropoutSpec {
  readonly n: number;
  readonly key: readonly [number, number];
  readonly index: number;
  /** The chance of an element to become 0. */
  readonly p: number;
}

/**
 * x / (1 − p) where the element's random number is at least p, else 0. The numbers come from the key and index alone, so the
 * way back makes them again instead of storing a mask.
 */
export function dropout({ n, key, index, p }: DropoutSpec): Shader {
  const quads = Math.ceil(n / 4);
  return {
    name: 'dropout',
    variant: '',
    grid: itemGrid(quads),
    params: [quads, index, ...key, { f32: p }, { f32: p < 1 ? 1 / (1 - p) : 0 }],
    flops: 2 * n,
    bytes: 8 * n,
    code: () => wgsl`
struct Params { n: u32, index: u32, key0: u32, key1: u32, chance: f32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${philoxCode}
${flatMain}
  if (item >= p.n) { return; }
  let u = unit(draw(item, p.index, vec2u(p.key0, p.key1)));
  y[item] = select(vec4f(0.0), x[item] * p.scale, u >= vec4f(p.chance));
}`,
  };
}
