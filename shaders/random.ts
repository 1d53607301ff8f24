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
fn normals(u: vec4f) -> vec4f {
  let radius = sqrt(-2.0 * log(u.xz + ${2 ** -24}));
  let angle = ${2 * Math.PI} * u.yw;
  return vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
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
@group(1) @binding(0) var<uniform> p: Params;
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
