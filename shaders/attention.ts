import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import type { Sharing } from './rowtile.js';
import type { Shader } from './shader.js';

/**
 * Scaled dot-product attention without the matrix of scores (Dao et al., "FlashAttention", 2022; the online softmax of Milakov
 * and Gimelshein, 2018). A workgroup owns 8 rows of one sequence and walks over the other in tiles of four columns a lane:
 *
 *   scores   c[row] (a vec4f of the lane's four columns) = Σ_d A[row, d] B[column, d], rows shared between lanes
 *   product  o[row] += Σ_column c[row][column] M[column, ·], the lanes' scores shared, columns of M by quads a lane
 *
 * Forward: rows are queries, columns keys. Backward in two passes from the saved log-sum-exp of every row, with
 * P = exp(S − lse), D = Σ dO ⊙ O, dS = P ⊙ (dO Vᵀ − D): queries × keys gives dQ = dS K, keys × queries gives dV = Pᵀ dO and
 * dK = dSᵀ Q. Nothing of size queries × keys is ever stored.
 */
export interface AttentionSpec {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  /** Quads (four floats) of a query or key, and of a value. */
  readonly depth: number;
  readonly valueDepth: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly sharing: Sharing;
}

const ROWS = 8;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const rows = (text: (r: number) => string) => range(ROWS).map(text).join('\n    ');

/** Largest depth in quads that the rows held in workgroup memory allow (two tiles beside the shared scores). */
export const MOST_QUADS = 32;

/** Lanes of a workgroup: a whole small subgroup, or 16 that share through workgroup memory. */
const lanesOf = (sharing: Sharing) => (sharing.kind === 'subgroup' ? sharing.lanes : 16);

const STRUCT = 'struct Params { queries: u32, keys: u32, depth: u32, value_depth: u32, scale: f32 }';
const params = ({ queries, keys, depth, valueDepth, scale }: AttentionSpec) => [
  queries,
  keys,
  depth,
  valueDepth,
  { f32: scale },
];

/** A tile of eight rows of a matrix, which all lanes read. */
interface HeldRows {
  readonly name: string;
  /** WGSL of quad `k` of the tile's row `row`. */
  readonly quad: string;
  readonly depth: string;
}

class Text {
  readonly lanes: number;
  readonly subgroup: boolean;

  constructor({ sharing }: AttentionSpec) {
    this.lanes = lanesOf(sharing);
    this.subgroup = sharing.kind === 'subgroup';
  }

  head(held: readonly string[]): string {
    if (this.subgroup) return '';
    return `var<workgroup> shared_scores: array<vec4f, ${ROWS * this.lanes}>;
${held.map((name) => `var<workgroup> held_${name}: array<vec4f, ${ROWS * MOST_QUADS}>;`).join('\n')}`;
  }

  main(): string {
    const lane = this.subgroup ? '@builtin(subgroup_invocation_id)' : '@builtin(local_invocation_index)';
    return `@compute @workgroup_size(${this.lanes})
fn main(@builtin(workgroup_id) tile: vec3u, ${lane} lane: u32) {
  let first = tile.x * ${ROWS}u;
  let item = tile.y;`;
  }

  /** Puts a tile of rows where the lanes can share it. */
  hold({ name, quad, depth }: HeldRows): string {
    if (this.subgroup) return '';
    return `for (var i = lane; i < ${ROWS}u * ${depth}; i += ${this.lanes}u) {
    let row = i / ${depth}; let k = i % ${depth};
    held_${name}[row * ${MOST_QUADS}u + k] = ${quad};
  }
  workgroupBarrier();`;
  }

  /** Declares <c>0 … <c>7: rows of `held` times the lane's four columns, whose quad `k` is the WGSL `column(j)`. */
  scores(c: string, held: HeldRows, column: (j: number) => string): string {
    const share = (r: number) =>
      this.subgroup ? `subgroupBroadcast(mine, ${r}u)` : `held_${held.name}[${r * MOST_QUADS}u + k]`;
    return `${rows((r) => `var ${c}${r} = vec4f(0.0);`)}
    for (var k = 0u; k < ${held.depth}; k++) {
      ${this.subgroup ? `let row = lane; let mine = ${held.quad};` : ''}
      ${range(4)
        .map((j) => `let t${j} = ${column(j)};`)
        .join(' ')}
      ${range(4)
        .map((i) => `let b${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], t3[${i}]);`)
        .join(' ')}
      ${rows((r) => `{ let a = ${share(r)}; ${c}${r} = fma(vec4f(a.x), b0, fma(vec4f(a.y), b1, fma(vec4f(a.z), b2, fma(vec4f(a.w), b3, ${c}${r})))); }`)}
    }`;
  }

  /** <o><r>_<block> += Σ over the tile's columns of <c>r · matrix rows; `matrix(column, quad)` is WGSL of a quad of it. */
  product(
    o: string,
    c: string,
    blocks: number,
    depth: string,
    matrix: (column: string, quad: string) => string,
  ): string {
    const share = (r: number) =>
      this.subgroup ? `subgroupShuffle(${c}${r}, from_lane)` : `shared_scores[${r * this.lanes}u + from_lane]`;
    const put = this.subgroup
      ? ''
      : `workgroupBarrier();
    ${rows((r) => `shared_scores[${r * this.lanes}u + lane] = ${c}${r};`)}
    workgroupBarrier();`;
    return `${put}
    for (var from_lane = 0u; from_lane < ${this.lanes}u; from_lane++) {
      ${range(blocks)
        .map((b) => {
          const quad = `min(${b * this.lanes}u + lane, ${depth} - 1u)`;
          return range(4)
            .map((i) => `let m${b}_${i} = ${matrix(`start + 4u * from_lane + ${i}u`, quad)};`)
            .join(' ');
        })
        .join('\n      ')}
      ${rows(
        (r) =>
          `{ let a = ${share(r)}; ${range(blocks)
            .map(
              (b) =>
                `${o}${r}_${b} = fma(vec4f(a.x), m${b}_0, fma(vec4f(a.y), m${b}_1, fma(vec4f(a.z), m${b}_2, fma(vec4f(a.w), m${b}_3, ${o}${r}_${b}))));`,
            )
            .join(' ')} }`,
      )}
    }`;
  }

  /** Declares <name>0 … 7: over all lanes, the largest (or the sum) of each lane's own number. */
  across(name: string, what: 'max' | 'add', own: (r: number) => string): string {
    if (this.subgroup)
      return rows((r) => `let ${name}${r} = ${what === 'max' ? 'subgroupMax' : 'subgroupAdd'}(${own(r)});`);
    const join = what === 'max' ? 'value = max(value, shared_scores[at].x);' : 'value += shared_scores[at].x;';
    return `workgroupBarrier();
    ${rows((r) => `shared_scores[${r * this.lanes}u + lane] = vec4f(${own(r)});`)}
    workgroupBarrier();
    ${rows((r) => `var ${name}${r}: f32; { var value = shared_scores[${r * this.lanes}u].x; for (var i = 1u; i < ${this.lanes}u; i++) { let at = ${r * this.lanes}u + i; ${join} } ${name}${r} = value; }`)}`;
  }

  zeros(o: string, blocks: number): string {
    return rows((r) =>
      range(blocks)
        .map((b) => `var ${o}${r}_${b} = vec4f(0.0);`)
        .join(' '),
    );
  }

  /** Stores eight rows of `depth` quads. */
  store(target: string, blocks: number, depth: string, most: string, value: (r: number, b: number) => string): string {
    return rows(
      (r) =>
        `if (first + ${r}u < ${most}) { ${range(blocks)
          .map(
            (b) =>
              `if (${b * this.lanes}u + lane < ${depth}) { ${target}[(item * ${most} + first + ${r}u) * ${depth} + ${b * this.lanes}u + lane] = ${value(r, b)}; }`,
          )
          .join(' ')} }`,
    );
  }
}

const blocksOf = (quads: number, sharing: Sharing) => Math.ceil(quads / lanesOf(sharing));
const binding = (i: number, name: string, type: 'vec4f' | 'f32', write = false) =>
  `@group(0) @binding(${i}) var<storage, ${write ? 'read_write' : 'read'}> ${name}: array<${type}>;`;
const enables = ({ sharing }: AttentionSpec) => (sharing.kind === 'subgroup' ? 'enable subgroups;' : '');
const variantOf = ({ depth, valueDepth, causal, sharing }: AttentionSpec) =>
  `${sharing.kind} ${sharing.lanes} ${blocksOf(depth, sharing)} ${blocksOf(valueDepth, sharing)}${causal ? ' causal' : ''}`;
const quadOf = (buffer: string, most: string, depth: string, index: string, k = 'k') =>
  `${buffer}[(item * ${most} + min(${index}, ${most} - 1u)) * ${depth} + ${k}]`;

/** The first column beyond those that a causal tile of queries sees. */
const END = (causal: boolean) => (causal ? `min(p.keys, first + ${ROWS}u)` : 'p.keys');
const COLUMNS = 'let columns = vec4u(start + 4u * lane) + vec4u(0u, 1u, 2u, 3u);';

/** out [batch, queries, values] and the log-sum-exp of every row of scores [batch, queries]. */
export function attention(spec: AttentionSpec): Shader {
  const { batch, queries, keys, depth, valueDepth, causal, sharing } = spec;
  const text = new Text(spec);
  const blocks = blocksOf(valueDepth, sharing);
  const q: HeldRows = { name: 'q', quad: quadOf('q', 'p.queries', 'p.depth', 'first + row'), depth: 'p.depth' };
  return {
    name: 'attention',
    variant: variantOf(spec),
    grid: [Math.ceil(queries / ROWS), batch, 1],
    params: params(spec),
    flops: 8 * batch * queries * keys * (depth + valueDepth),
    bytes: 16 * batch * (queries * (depth + valueDepth) + keys * (depth + valueDepth)),
    code: () => wgsl`${enables(spec)}
${STRUCT}
${binding(0, 'q', 'vec4f')} ${binding(1, 'keys', 'vec4f')} ${binding(2, 'values', 'vec4f')}
${binding(3, 'result', 'vec4f', true)} ${binding(4, 'lse', 'f32', true)}
@group(0) @binding(99) var<uniform> p: Params;
${text.head(['q'])}
${text.main()}
  ${text.hold(q)}
  ${text.zeros('o', blocks)}
  ${rows((r) => `var top${r} = -1e30; var sum${r} = 0.0;`)}
  for (var start = 0u; start < ${END(causal)}; start += ${4 * text.lanes}u) {
    ${text.scores('c', q, (j) => quadOf('keys', 'p.keys', 'p.depth', `start + 4u * lane + ${j}u`))}
    ${COLUMNS}
    ${rows((r) => `c${r} = select(vec4f(-1e30), c${r} * p.scale, ${visible(causal, r)});`)}
    ${text.across('high', 'max', (r) => `max(max(c${r}.x, c${r}.y), max(c${r}.z, c${r}.w))`)}
    ${rows(
      (r) => `let now${r} = max(top${r}, high${r}); let keep${r} = exp(top${r} - now${r}); top${r} = now${r};
    c${r} = select(vec4f(0.0), exp(c${r} - now${r}), ${visible(causal, r)});
    ${range(blocks)
      .map((b) => `o${r}_${b} *= keep${r};`)
      .join(' ')}`,
    )}
    ${text.across('part', 'add', (r) => `dot(c${r}, vec4f(1.0))`)}
    ${rows((r) => `sum${r} = sum${r} * keep${r} + part${r};`)}
    ${text.product('o', 'c', blocks, 'p.value_depth', (column, quad) => quadOf('values', 'p.keys', 'p.value_depth', column, quad))}
  }
  ${text.store('result', blocks, 'p.value_depth', 'p.queries', (r, b) => `o${r}_${b} / sum${r}`)}
  ${rows((r) => `if (lane == 0u && first + ${r}u < p.queries) { lse[item * p.queries + first + ${r}u] = top${r} + log(sum${r}); }`)}
}`,
  };
}

const visible = (causal: boolean, r: number) =>
  `columns < vec4u(${causal ? `min(p.keys, first + ${r + 1}u)` : 'p.keys'})`;

/** dQ from q, k, v, dO, the saved log-sum-exp and D = Σ dO ⊙ O of every query. */
export function attentionGradQueries(spec: AttentionSpec): Shader {
  const { batch, queries, keys, depth, valueDepth, causal, sharing } = spec;
  const text = new Text(spec);
  const blocks = blocksOf(depth, sharing);
  const q: HeldRows = { name: 'q', quad: quadOf('q', 'p.queries', 'p.depth', 'first + row'), depth: 'p.depth' };
  const dy: HeldRows = {
    name: 'dy',
    quad: quadOf('dy', 'p.queries', 'p.value_depth', 'first + row'),
    depth: 'p.value_depth',
  };
  const at = (r: number) => `item * p.queries + min(first + ${r}u, p.queries - 1u)`;
  return {
    name: 'attentionGradQueries',
    variant: variantOf(spec),
    grid: [Math.ceil(queries / ROWS), batch, 1],
    params: params(spec),
    flops: 8 * batch * queries * keys * (2 * depth + valueDepth),
    bytes: 16 * batch * (queries + keys) * (depth + valueDepth),
    code: () => wgsl`${enables(spec)}
${STRUCT}
${binding(0, 'q', 'vec4f')} ${binding(1, 'keys', 'vec4f')} ${binding(2, 'values', 'vec4f')} ${binding(3, 'dy', 'vec4f')}
${binding(4, 'lse', 'f32')} ${binding(5, 'delta', 'f32')} ${binding(6, 'result', 'vec4f', true)}
@group(0) @binding(99) var<uniform> p: Params;
${text.head(['q', 'dy'])}
${text.main()}
  ${text.hold(q)}
  ${text.hold(dy)}
  ${text.zeros('o', blocks)}
  for (var start = 0u; start < ${END(causal)}; start += ${4 * text.lanes}u) {
    ${text.scores('c', q, (j) => quadOf('keys', 'p.keys', 'p.depth', `start + 4u * lane + ${j}u`))}
    ${text.scores('d', dy, (j) => quadOf('values', 'p.keys', 'p.value_depth', `start + 4u * lane + ${j}u`))}
    ${COLUMNS}
    ${rows((r) => `c${r} = select(vec4f(0.0), exp(min(c${r} * p.scale - lse[${at(r)}], vec4f(0.0))) * (d${r} - delta[${at(r)}]), ${visible(causal, r)});`)}
    ${text.product('o', 'c', blocks, 'p.depth', (column, quad) => quadOf('keys', 'p.keys', 'p.depth', column, quad))}
  }
  ${text.store('result', blocks, 'p.depth', 'p.queries', (r, b) => `o${r}_${b} * p.scale`)}
}`,
  };
}

/** dK and dV: rows are keys, columns queries. */
export function attentionGradKeys(spec: AttentionSpec): Shader {
  const { batch, queries, keys, depth, valueDepth, causal, sharing } = spec;
  const text = new Text(spec);
  const kBlocks = blocksOf(depth, sharing);
  const vBlocks = blocksOf(valueDepth, sharing);
  const k: HeldRows = { name: 'k', quad: quadOf('keys', 'p.keys', 'p.depth', 'first + row'), depth: 'p.depth' };
  const v: HeldRows = {
    name: 'v',
    quad: quadOf('values', 'p.keys', 'p.value_depth', 'first + row'),
    depth: 'p.value_depth',
  };
  const column = (i: number) => `min(columns[${i}], p.queries - 1u)`;
  const four = (buffer: string) =>
    `vec4f(${range(4)
      .map((i) => `${buffer}[item * p.queries + ${column(i)}]`)
      .join(', ')})`;
  const seen = (r: number) => `(columns < vec4u(p.queries))${causal ? ` & (columns >= vec4u(first + ${r}u))` : ''}`;
  return {
    name: 'attentionGradKeys',
    variant: variantOf(spec),
    grid: [Math.ceil(keys / ROWS), batch, 1],
    params: params(spec),
    flops: 16 * batch * queries * keys * (depth + valueDepth),
    bytes: 16 * batch * (queries + 2 * keys) * (depth + valueDepth),
    code: () => wgsl`${enables(spec)}
${STRUCT}
${binding(0, 'q', 'vec4f')} ${binding(1, 'keys', 'vec4f')} ${binding(2, 'values', 'vec4f')} ${binding(3, 'dy', 'vec4f')}
${binding(4, 'lse', 'f32')} ${binding(5, 'delta', 'f32')} ${binding(6, 'dk', 'vec4f', true)} ${binding(7, 'dv', 'vec4f', true)}
@group(0) @binding(99) var<uniform> p: Params;
${text.head(['k', 'v'])}
${text.main()}
  ${text.hold(k)}
  ${text.hold(v)}
  ${text.zeros('k', kBlocks)}
  ${text.zeros('v', vBlocks)}
  for (var start = ${causal ? `(first / ${4 * text.lanes}u) * ${4 * text.lanes}u` : '0u'}; start < p.queries; start += ${4 * text.lanes}u) {
    ${text.scores('c', k, (j) => quadOf('q', 'p.queries', 'p.depth', `start + 4u * lane + ${j}u`))}
    ${COLUMNS}
    let lse4 = ${four('lse')}; let delta4 = ${four('delta')};
    ${rows((r) => `c${r} = select(vec4f(0.0), exp(min(c${r} * p.scale - lse4, vec4f(0.0))), ${seen(r)});`)}
    ${text.product('v', 'c', vBlocks, 'p.value_depth', (at, quad) => quadOf('dy', 'p.queries', 'p.value_depth', at, quad))}
    ${text.scores('d', v, (j) => quadOf('dy', 'p.queries', 'p.value_depth', `start + 4u * lane + ${j}u`))}
    ${rows((r) => `d${r} = c${r} * (d${r} - delta4);`)}
    ${text.product('k', 'd', kBlocks, 'p.depth', (at, quad) => quadOf('q', 'p.queries', 'p.depth', at, quad))}
  }
  ${text.store('dk', kBlocks, 'p.depth', 'p.keys', (r, b) => `k${r}_${b} * p.scale`)}
  ${text.store('dv', vBlocks, 'p.value_depth', 'p.keys', (r, b) => `v${r}_${b}`)}
}`,
  };
}
