import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatMain, itemGrid, type Shader } from './shader.js';

/** Philox-4x32-10 in WGSL: the twin of random/philox.ts, number for number. */
export const philoxCode = `
fn mul_high(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu; let ah = a >> 16u; let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = (middle & 0xffffu) + al * bh;
  return ah * bh + (middle >> 16u) + (other >> 16u);
}
fn philox(counter: vec4u, key_: vec2u) -> vec4u {
  var c = counter; var key = key_;
  for (var round = 0u; round < 10u; round++) {
    let high0 = mul_high(0xd2511f53u, c.x);
    let high1 = mul_high(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ key.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
/** Four numbers of RandomStream: block is its position / 4. */
fn draw(block: u32, index: u32, key: vec2u) -> vec4u { return philox(vec4u(block, 0u, index, 0u), key); }
fn unit(bits: vec4u) -> vec4f { return vec4f(bits >> vec4u(8u)) * ${2 ** -24}; }
// WGSL's own log, sin and cos may be off by 5e-7, 5e-4 and 5e-4: the same numbers everywhere need better ones.
/** log of numbers in (0, 1]: near 1 by the series of the inverse hyperbolic tangent. */
fn log_unit(u: vec2f) -> vec2f {
  let z = (u - 1.0) / (u + 1.0);
  let s = z * z;
  return select(log(u), 2.0 * z * (1.0 + s * (0.33333333 + s * (0.2 + s * (0.14285714 + s * 0.11111111)))), u > vec2f(0.75));
}
/** sin(2πt) for t in [−1/4, 1/4]. */
fn sin_turns(t: vec2f) -> vec2f {
  let x = ${2 * Math.PI} * t;
  let s = x * x;
  return x * (1.0 + s * (-0.16666667 + s * (0.00833333333 + s * (-0.000198412698 + s * (2.75573192e-6 - s * 2.50521084e-8)))));
}
fn normals(u: vec4f) -> vec4f {
  let radius = sqrt(-2.0 * log_unit(u.xz + ${2 ** -24}));
  // Half a turn off, where all that follows is exact.
  let w = u.yw - 0.5;
  let cosine = -sin_turns(0.25 - abs(w)) * radius;
  let sine = -sign(w) * sin_turns(min(abs(w), 0.5 - abs(w))) * radius;
  return vec4f(cosine.x, sine.x, cosine.y, sine.y);
}
`;

export interface Draw {
  readonly n: number;
  readonly key: readonly [number, number];
  readonly index: number;
}

function fill(name: string, draw: Draw, extra: readonly number[], value: string): Shader {
  const quads = Math.ceil(draw.n / 4);
  return {
    name,
    variant: '',
    grid: itemGrid(quads),
    params: [quads, draw.index, ...draw.key, ...extra.map((f32) => ({ f32 }))],
    flops: 0,
    bytes: 4 * draw.n,
    code: () => wgsl`
struct Params { n: u32, index: u32, key0: u32, key1: u32, ${extra.map((_, i) => `a${i}: f32`).join(', ')} }
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(99) var<uniform> p: Params;
${philoxCode}
${flatMain}
  if (item >= p.n) { return; }
  let key = vec2u(p.key0, p.key1);
  y[item] = ${value};
}`,
  };
}

/** Uniform in [low, high); element i is number i of the stream. */
export function fillUniform(draw: Draw & { readonly low: number; readonly high: number }): Shader {
  return fill('uniform', draw, [draw.low, draw.high - draw.low], 'p.a0 + p.a1 * unit(draw(item, p.index, key))');
}

/** Standard normal; elements 2k and 2k + 1 come from numbers 2k and 2k + 1 of the stream. */
export function fillNormal(draw: Draw): Shader {
  return fill('normal', draw, [], 'normals(unit(draw(item, p.index, key)))');
}
