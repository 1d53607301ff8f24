import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { FLAT, flatGrid, flatMain, itemGrid, type Param, rowMain, type Shader } from './shader.js';

/** Kernels that take a whole line of a tensor at a time: softmax, normalising to length one, cross-entropy. */

/** A row-major tensor seen as [outer, n, inner]: its outer · inner lines run along n. */
export interface Lines {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/**
 * What happens along a line, in WGSL. `step` and `each` are written for a type `T` that is f32 or vec4f, and read what is
 * named in `reads` at one position (x from the buffer xs); `index` is that position, of type `U`.
 */
export interface LineKernel {
  readonly name: string;
  readonly reads: readonly string[];
  /** Running values and where they start; none: nothing is gathered before `each`. */
  readonly state?: Readonly<Record<string, string>>;
  /** Statements that take one position into the running values. */
  readonly step?: string;
  /** The body of `fn join(a: State, b: State) -> State`. */
  readonly join?: string;
  /** Inputs that are not read by position, as `name: type`. */
  readonly inputs?: readonly string[];
  /** Declarations of each invocation, once the running values are final in `all`; `line` is the line's number. */
  readonly before?: string;
  /** The result at one position. */
  readonly each?: string;
  /** Outputs that are not written by position, as `name: type`. */
  readonly outputs?: readonly string[];
  /** Statements run once a line. `<read>_at(i)` is position i of the line. */
  readonly once?: string;
  /** Scalars, as `name: type` with their values. */
  readonly scalars?: Readonly<Record<string, Param>>;
  /** Floating point operations a position. */
  readonly flops: number;
}

/** Lines up to this long are done by one invocation each. */
const SHORT = 32;

const typed = (text: string, quads: boolean) =>
  text.replace(/\bT\b/g, quads ? 'vec4f' : 'f32').replace(/\bU\b/g, quads ? 'vec4u' : 'u32');

const typeOf = (param: Param) => (typeof param === 'number' ? 'u32' : 'f32');

/** Whether a workgroup takes a line, or an invocation: neighbours should read neighbours. */
export const linesAreRows = ({ n, inner }: Lines): boolean => inner === 1 && n > SHORT;

/**
 * A shader that runs a kernel along every line. Where lines are rows, a workgroup strides through each and joins the running
 * values in a tree; otherwise an invocation runs along each.
 */
export function alongLines(kernel: LineKernel, lines: Lines): Shader {
  const count = lines.outer * lines.inner;
  const rows = linesAreRows(lines);
  const quads = rows && lines.n % 4 === 0;
  const size = lines.n > 1024 ? 256 : FLAT;
  const scalars = Object.entries(kernel.scalars ?? {});
  const passes = kernel.state && kernel.each ? 2 : 1;
  return {
    name: kernel.name,
    variant: rows ? `rows of ${size}${quads ? ' quads' : ''}` : 'lines',
    grid: rows ? flatGrid(count) : itemGrid(count),
    params: [count, lines.n, lines.inner, ...scalars.map(([, value]) => value)],
    flops: kernel.flops * count * lines.n,
    bytes: 4 * count * lines.n * (kernel.reads.length * passes + (kernel.each ? 1 : 0)),
    code: () => wgsl`
struct Params { lines: u32, n: u32, inner: u32, ${scalars.map(([name, value]) => `${name}: ${typeOf(value)}`).join(', ')} }
${bindings(kernel, quads)}
@group(0) @binding(99) var<uniform> p: Params;
${kernel.state ? stateText(kernel) : ''}
${rows ? rowsText(kernel, size, quads) : linesText(kernel)}
}`,
  };
}

function bindings({ reads, inputs = [], each, outputs = [] }: LineKernel, quads: boolean): string {
  const array = quads ? 'array<vec4f>' : 'array<f32>';
  const read = [...reads.map((name) => `${name}s: ${array}`), ...inputs];
  const written = [...(each ? [`result: ${array}`] : []), ...outputs];
  return [
    ...read.map((text, i) => `@group(0) @binding(${i}) var<storage, read> ${text};`),
    ...written.map((text, i) => `@group(0) @binding(${read.length + i}) var<storage, read_write> ${text};`),
  ].join('\n');
}

const stateNames = ({ state = {} }: LineKernel) => Object.keys(state);

const stateText = (kernel: LineKernel) => `
struct State { ${stateNames(kernel)
  .map((name) => `${name}: f32`)
  .join(', ')} }
fn join(a: State, b: State) -> State { ${kernel.join} }`;

function rowsText(kernel: LineKernel, size: number, quads: boolean): string {
  const { reads, state = {}, step, before = '', each, once } = kernel;
  const names = stateNames(kernel);
  const load = reads.map((name) => `let ${name} = ${name}s[first + i];`).join(' ');
  const index = quads ? 'let index = vec4u(4u * i, 4u * i + 1u, 4u * i + 2u, 4u * i + 3u);' : 'let index = i;';
  const part = (lane: string) => `State(${names.map((name) => name + lane).join(', ')})`;
  const mine = quads ? `join(join(${part('.x')}, ${part('.y')}), join(${part('.z')}, ${part('.w')}))` : part('');
  const gather = `
  ${names.map((name) => `var ${name} = T(${state[name]});`).join(' ')}
  for (var i = lid; i < n; i += ${size}u) {
    ${load} ${index}
    ${step}
  }
  partial[lid] = ${mine};
  for (var half = ${size / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid < half) { partial[lid] = join(partial[lid], partial[lid + half]); }
  }
  workgroupBarrier();
  let all = partial[0];`;
  return typed(
    `
${names.length > 0 ? `var<workgroup> partial: array<State, ${size}>;` : ''}
${once ? reads.map((name) => `fn ${name}_at(line: u32, i: u32) -> f32 { return ${quads ? `${name}s[line * (p.n / 4u) + i / 4u][i % 4u]` : `${name}s[line * p.n + i]`}; }`).join('\n') : ''}
${rowMain(size)}
  if (row >= p.lines) { return; }
  let line = row;
  let n = p.n${quads ? ' / 4u' : ''};
  let first = row * n;
  ${names.length > 0 ? gather : ''}
  ${before}
  ${each ? `for (var i = lid; i < n; i += ${size}u) { ${load} ${index} result[first + i] = ${each}; }` : ''}
  ${once ? `if (lid == 0u) { ${once} }` : ''}`,
    quads,
  );
}

function linesText(kernel: LineKernel): string {
  const { reads, state = {}, step, before = '', each, once } = kernel;
  const names = stateNames(kernel);
  const load = reads.map((name) => `let ${name} = ${name}s[first + i * p.inner];`).join(' ');
  const loop = (body: string) => `for (var i = 0u; i < p.n; i++) { ${load} let index = i; ${body} }`;
  return typed(
    `
${once ? reads.map((name) => `fn ${name}_at(line: u32, i: u32) -> f32 { return ${name}s[(line / p.inner) * p.n * p.inner + line % p.inner + i * p.inner]; }`).join('\n') : ''}
${flatMain}
  if (item >= p.lines) { return; }
  let line = item;
  let first = (line / p.inner) * p.n * p.inner + line % p.inner;
  ${names.map((name) => `var ${name} = T(${state[name]});`).join(' ')}
  ${names.length > 0 ? `${loop(step!)} let all = State(${names.join(', ')});` : ''}
  ${before}
  ${each ? loop(`result[first + i * p.inner] = ${each};`) : ''}
  ${once ?? ''}`,
    false,
  );
}
