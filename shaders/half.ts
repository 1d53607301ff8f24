import type { Shader } from './shader.js';

/**
 * Half precision is a matter of storage alone: a kernel computes in float32 whatever its buffers hold. So there is no second set
 * of kernels; where a tensor is float16, its binding's type is changed in the finished text, and a conversion is put around
 * each load and store.
 *
 * A float16 reaches to 65504. What is larger is stored as that and read back as ±1e15, so that an overflow is seen
 * in whatever is computed from it: infinity would say the same, but WGSL promises nothing about it.
 */

/** What a buffer of each type becomes: its type in memory, and the conversions of one element. */
const KINDS: Readonly<Record<string, { readonly type: string; readonly load: string; readonly store: string }>> = {
  f32: { type: 'f16', load: 'load_half', store: 'store_half' },
  vec4f: { type: 'vec4<f16>', load: 'load_half4', store: 'store_half4' },
  // Kernels that move 32-bit elements without looking at them.
  u32: { type: 'f16', load: 'load_half_bits', store: 'store_half_bits' },
  vec4u: { type: 'vec4<f16>', load: 'load_half_bits4', store: 'store_half_bits4' },
};

const LIBRARY = `
fn load_half(h: f16) -> f32 {
  let v = f32(h);
  return select(v, sign(v) * 1e15, abs(v) >= 65504.0);
}
fn load_half4(h: vec4<f16>) -> vec4f {
  let v = vec4f(h);
  return select(v, sign(v) * 1e15, abs(v) >= vec4f(65504.0));
}
fn store_half(v: f32) -> f16 { return f16(clamp(v, -65504.0, 65504.0)); }
fn store_half4(v: vec4f) -> vec4<f16> { return vec4<f16>(clamp(v, vec4f(-65504.0), vec4f(65504.0))); }
fn load_half_bits(h: f16) -> u32 { return bitcast<u32>(load_half(h)); }
fn load_half_bits4(h: vec4<f16>) -> vec4u { return bitcast<vec4u>(load_half4(h)); }
fn store_half_bits(b: u32) -> f16 { return store_half(bitcast<f32>(b)); }
fn store_half_bits4(b: vec4u) -> vec4<f16> { return store_half4(bitcast<vec4f>(b)); }
`;

const DECLARATION = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage(?:,\s*\w+)?>\s*(\w+)\s*:\s*array<(\w+)>\s*;/g;

/** Index behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return i + 1;
  }
  throw new Error('a bracket is not closed');
}

type Conversions = ReadonlyMap<string, { readonly load: string; readonly store: string }>;

/** Puts the conversions around every access of the named arrays. */
function convert(text: string, arrays: Conversions): string {
  const names = new RegExp(`(?<![\\w.])(${[...arrays.keys()].join('|')})\\b(\\[)?`, 'g');
  let out = '';
  let at = 0;
  for (let found = names.exec(text); found; found = names.exec(text)) {
    const [whole, name, bracket] = found;
    if (!bracket) throw new Error(`${name} is used without an index`);
    const end = closing(text, found.index + whole.length - 1);
    const place = `${name}[${convert(text.slice(found.index + whole.length, end - 1), arrays)}]`;
    const { load, store } = arrays.get(name!)!;
    out += text.slice(at, found.index);
    at = end;
    const assignment = /^(\s*[.[][^=;]*)?\s*([-+*/])?=(?!=)\s*/.exec(text.slice(end));
    if (assignment) {
      const [head, component, operator] = assignment;
      if (component) throw new Error(`a part of ${name}[…] is written`);
      const stop = text.indexOf(';', end);
      const value = convert(text.slice(end + head.length, stop), arrays);
      out += `${place} = ${store}(${operator ? `${load}(${place}) ${operator} (${value})` : value})`;
      at = stop;
    } else {
      out += `${load}(${place})`;
    }
    names.lastIndex = at;
  }
  return out + text.slice(at);
}

/**
 * The same kernel over buffers of which some hold float16; `half[i]` says so of binding i.
 *
 * @param saved bytes that the smaller elements spare, of those that the shader counts
 */
export function inHalf(shader: Shader, half: readonly boolean[], saved: number): Shader {
  return {
    ...shader,
    variant: `${shader.variant} half ${half.map(Number).join('')}`,
    bytes: Math.max(0, shader.bytes - saved),
    code: () => {
      const arrays = new Map<string, { load: string; store: string }>();
      const text = shader.code().replace(DECLARATION, (line, binding, name, type) => {
        if (!half[Number(binding)]) return line;
        const kind = KINDS[type];
        if (!kind) throw new Error(`${shader.name}: its array<${type}> ${name} can not hold float16; use toFloat().`);
        arrays.set(name, kind);
        return line.replace(`array<${type}>`, `array<${kind.type}>`);
      });
      // The declarations stay as they are; everything behind the last one is converted.
      const declared = [...text.matchAll(/@group\(0\)[^;]*;/g)].at(-1)!;
      const cut = declared.index + declared[0].length;
      try {
        return `enable f16;\n${text.slice(0, cut)}\n${LIBRARY}${convert(text.slice(cut), arrays)}`;
      } catch (cause) {
        throw new Error(`${shader.name} can not run on float16: ${(cause as Error).message}.`, { cause });
      }
    },
  };
}
