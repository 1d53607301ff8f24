import { Counter, type Module, Parameter } from '../../engine/nn/index.js';
import { write } from '../../engine/tensor.js';
import { fnv1a32 } from './fill.js';

/**
 * The data of the conformance vectors (`fixtures/conformance.json`): like the golden fill, but with another hash and other
 * rules. The vectors themselves were computed in float64.
 */

/** Uniform numbers in [0, 1) that belong to a name: FNV-1a and the last steps of MurmurHash3. */
export function uniforms(name: string, count: number): Float64Array {
  const seed = fnv1a32(name);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  });
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, m) => n * m, 1);

/** A signed probe, in [−1, 1). */
export const probe = (name: string, shape: readonly number[]): Float32Array =>
  Float32Array.from(uniforms(name, sizeOf(shape)), (u) => 2 * u - 1);

/** What a parameter begins with: weights by fan-in, scales of norms 0.75 … 1.25, shifts ±0.2, frozen ones 0. */
function valuesOf(name: string, { shape, requiresGrad }: Parameter): Float32Array {
  const u = uniforms(name, sizeOf(shape));
  if (!requiresGrad) return new Float32Array(u.length);
  if (shape.length >= 2) {
    const bound = Math.sqrt(6 / (u.length / shape[0]!));
    return Float32Array.from(u, (x) => (2 * x - 1) * bound);
  }
  return Float32Array.from(u, name.endsWith('weight') ? (x) => 0.75 + 0.5 * x : (x) => 0.2 * (2 * x - 1));
}

/** Fills a model; running statistics are 0 and 1. `named` gives the vectors' name for a name of the model. */
export function fillPortably(model: Module, named = (name: string): string => name): void {
  for (const [name, entry] of model.entries()) {
    if (entry instanceof Counter) entry.value = 0;
    else if (entry instanceof Parameter) write(entry, valuesOf(named(name), entry));
    else write(entry, new Float32Array(entry.size).fill(name.endsWith('running_var') ? 1 : 0));
  }
}

/** A picture [B, C, H, W] of 4×2 cells with fine noise: in [0, 2) for features, signed for pictures. */
export function cells(name: string, shape: readonly [number, number, number, number], signed: boolean): Float32Array {
  const [batch, channels, height, width] = shape;
  const fine = uniforms(name, sizeOf(shape));
  const coarse = uniforms('block', batch * channels * 8);
  return Float32Array.from(fine, (u, i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const plane = Math.floor(i / (width * height));
    const k = coarse[(plane * 4 + Math.floor((4 * y) / height)) * 2 + Math.floor((2 * x) / width)]!;
    return signed ? 0.5 * (2 * u - 1) + 2 * (2 * k - 1) : 0.5 * u + 1.5 * k;
  });
}
