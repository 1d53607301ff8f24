/** How a value of a golden fill is made from the uniform number `u` in [0, 1); the keys are those of the golden files. */
export type FillRule =
  /** `(2u − 1)·scale` */
  | { kind: 'signed'; scale: number }
  /** `lo + (hi − lo)·u` */
  | { kind: 'range'; lo: number; hi: number }
  /** `floor(u·levels) + offset`: small integers, for ties. */
  | { kind: 'quant'; levels: number; offset: number }
  /** `(2u − 1)·sqrt(3 / fan_in)·g`; `fan_in` defaults to the element count over `shape[0]`. */
  | { kind: 'weight'; g: number; fan_in?: number }
  /** A coarse `signed` fill of `block_scale` on a `grid` of cells, plus `(2u − 1)·scale`: pictures for a network. */
  | { kind: 'blocks'; grid: readonly number[]; block_scale: number; scale: number };

/**
 * The portable hash fill of the golden fixtures: every parameter and input of the reference runs, computed from its name
 * alone, in double, rounded to float32 at the end. Bit-identical to the reference on any machine.
 *
 * @example
 * fill('7/input', [2, 3, 8, 8], { kind: 'signed', scale: 1.5 }); // −0.15969914, −0.4801831, …
 *
 * @param name what is hashed, `<seed>/<parameter name>`
 * @param shape row-major shape, in PyTorch's layout (`[]` is one value)
 * @param rule the value rule
 * @throws when the rule does not fit the shape
 */
export function fill(name: string, shape: readonly number[], rule: FillRule): Float32Array {
  const count = shape.reduce((product, length) => product * length, 1);
  const uniform = uniformAt(name);
  const value = valueRule(name, shape, count, rule);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = value(uniform(i), i);
  return out;
}

/** The uniform number in [0, 1) at flat index `i` of the fill `name`; for draws that need a double (portable choices). */
export function uniformAt(name: string): (i: number) => number {
  const hash = fnv1a32(name);
  return (i) => {
    let x = (hash + Math.imul(i, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97) >>> 0;
    return ((x ^ (x >>> 15)) >>> 0) / 4294967296;
  };
}

/** FNV-1a over the UTF-8 bytes of the name, as an unsigned 32-bit number. */
export function fnv1a32(name: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

function valueRule(name: string, shape: readonly number[], count: number, rule: FillRule) {
  switch (rule.kind) {
    case 'signed':
      return (u: number) => (2 * u - 1) * rule.scale;
    case 'range':
      return (u: number) => rule.lo + (rule.hi - rule.lo) * u;
    case 'quant':
      return (u: number) => Math.floor(u * rule.levels) + rule.offset;
    case 'weight': {
      const spread = Math.sqrt(3 / (rule.fan_in ?? count / shape[0]));
      return (u: number) => (2 * u - 1) * spread * rule.g;
    }
    case 'blocks': {
      if (shape.length < 2 || rule.grid.length !== 2) {
        throw new Error(
          `fill '${name}': blocks needs a shape [..., H, W] and a grid of two, got [${shape}] and [${rule.grid}]`,
        );
      }
      const [height, width] = shape.slice(-2);
      const [rows, columns] = rule.grid;
      const coarse = fill(`${name}.blocks`, [...shape.slice(0, -2), rows, columns], {
        kind: 'signed',
        scale: rule.block_scale,
      });
      return (u: number, i: number) => {
        const plane = Math.floor(i / (height * width));
        const row = Math.floor((Math.floor((i % (height * width)) / width) * rows) / height);
        const column = Math.floor(((i % width) * columns) / width);
        return coarse[(plane * rows + row) * columns + column] + (2 * u - 1) * rule.scale;
      };
    }
  }
}
