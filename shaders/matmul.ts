import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import {
  forRows,
  type RowTile,
  rowsFor,
  rowTileEnables,
  rowTileHead,
  rowTileLoop,
  rowTileMain,
  type Sharing,
} from './rowtile.js';
import type { Shader } from './shader.js';

export interface MatrixStrides {
  /** In elements: from row to row, from column to column, and for the two batch axes. */
  readonly row: number;
  readonly column: number;
  readonly outer: number;
  readonly inner: number;
  readonly offset: number;
}

export interface MatmulSpec {
  /** C [outer, inner, m, n] = A [.., m, k] · B [.., k, n]; batch strides of 0 repeat. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly outer: number;
  readonly inner: number;
  readonly a: MatrixStrides;
  readonly b: MatrixStrides;
  /** Added to every row, one number a column. */
  readonly bias: boolean;
  readonly sharing: Sharing;
}

/** How a matrix lies in memory along a direction: as aligned quads, as neighbours, or further apart. */
type Lie = 'quads' | 'near' | 'far';

const aligned = (...numbers: readonly number[]) => numbers.every((n) => n % 4 === 0);

/**
 * C = A · B for any strides: no transpose is ever copied. One workgroup computes R rows of `4 lanes` columns of one matrix of
 * the batch (see rowtile.ts). A is read along k; B along n, or along k where that is how it lies.
 */
export function matmul(spec: MatmulSpec): Shader {
  const { m, n, k, outer, inner, a, b, bias, sharing } = spec;
  const tile: RowTile = { sharing, rows: rowsFor(m, outer * inner * m * n * k) };
  const aQuads = a.column === 1 && aligned(k, a.row, a.outer, a.inner, a.offset);
  const aLie: Lie = aQuads ? 'quads' : a.column === 1 ? 'near' : 'far';
  const alongK = b.column !== 1 && b.row === 1;
  const bQuads = alongK
    ? aligned(k, b.column, b.outer, b.inner, b.offset)
    : b.column === 1 && aligned(n, b.row, b.outer, b.inner, b.offset);
  const bLie: Lie = bQuads ? 'quads' : alongK || b.column === 1 ? 'near' : 'far';
  const cQuads = n % 4 === 0;
  const width = 4 * sharing.lanes;
  const batches = outer * inner;
  const numbers = [
    m,
    n,
    k,
    inner,
    a.row,
    a.column,
    a.outer,
    a.inner,
    a.offset,
    b.row,
    b.column,
    b.outer,
    b.inner,
    b.offset,
  ];
  return {
    name: 'matmul',
    variant: `${sharing.kind} ${sharing.lanes} ${tile.rows} ${aLie} ${bLie}${alongK ? ' along k' : ''}${cQuads ? ' quads' : ''}${bias ? ' bias' : ''}`,
    grid: [Math.ceil(n / width), Math.ceil(m / tile.rows), batches],
    params: numbers,
    flops: 2 * batches * m * n * k,
    bytes: 4 * batches * (m * k + k * n + m * n),
    code: () => wgsl`${rowTileEnables(tile)}
struct Params { m: u32, n: u32, k: u32, inner: u32,
  a_row: u32, a_column: u32, a_outer: u32, a_inner: u32, a_offset: u32,
  b_row: u32, b_column: u32, b_outer: u32, b_inner: u32, b_offset: u32 }
@group(0) @binding(0) var<storage, read> lefts: array<${aQuads ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> rights: array<${bQuads ? 'vec4f' : 'f32'}>;
#if ${bias}
@group(0) @binding(2) var<storage, read> bias: array<f32>;
#endif
@group(0) @binding(${bias ? 3 : 2}) var<storage, read_write> result: array<${cQuads ? 'vec4f' : 'f32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${rowTileHead(tile)}
var<private> a_base: u32;
var<private> b_base: u32;
var<private> first_row: u32;
fn row4(tap: u32, row: u32, k: u32) -> vec4f {
  let r = first_row + row;
  if (r >= p.m || k >= p.k) { return vec4f(0.0); }
  ${READ_A[aLie]}
}
fn b_at(k: u32, column: u32) -> f32 {
  if (k >= p.k || column >= p.n) { return 0.0; }
  ${bQuads ? 'return 0.0;' : 'return rights[b_base + k * p.b_row + column * p.b_column];'}
}
${rowTileMain(tile)}
  let outer = tile.z / p.inner;
  let inner = tile.z % p.inner;
  a_base = p.a_offset + outer * p.a_outer + inner * p.a_inner;
  b_base = p.b_offset + outer * p.b_outer + inner * p.b_inner;
  first_row = tile.y * ${tile.rows}u;
  let column = 4u * (tile.x * ${sharing.lanes}u + lane);
  ${rowTileLoop(tile, 'p.k', readB(bLie, alongK))}
  if (column >= p.n) { return; }
  #if ${bias}
  ${biasText}
  #endif
  let c_base = tile.z * p.m * p.n;
  ${forRows(tile, (r) => `if (first_row + ${r}u < p.m) { ${storeC(cQuads, r, bias)} }`)}
}`,
  };
}

const READ_A: Readonly<Record<Lie, string>> = {
  quads: 'return lefts[(a_base + r * p.a_row + k) / 4u];',
  near: `let at = a_base + r * p.a_row + k;
  if (k + 3u < p.k) { return vec4f(lefts[at], lefts[at + 1u], lefts[at + 2u], lefts[at + 3u]); }
  return vec4f(lefts[at], select(0.0, lefts[at + min(1u, p.k - 1u - k)], k + 1u < p.k), select(0.0, lefts[at + min(2u, p.k - 1u - k)], k + 2u < p.k), 0.0);`,
  far: `let at = a_base + r * p.a_row + k * p.a_column;
  let last = p.k - 1u - k;
  return vec4f(lefts[at], select(0.0, lefts[at + min(1u, last) * p.a_column], last >= 1u),
    select(0.0, lefts[at + min(2u, last) * p.a_column], last >= 2u), select(0.0, lefts[at + min(3u, last) * p.a_column], last >= 3u));`,
};

const NAMES = [0, 1, 2, 3] as const;

/** Declares b0_0 … b0_3, the rows k … k + 3 of B at the invocation's four columns. */
function readB(lie: Lie, alongK: boolean): string {
  if (lie === 'quads' && !alongK) {
    return NAMES.map(
      (i) => `let b0_${i} = rights[(b_base + min(k + ${i}u, p.k - 1u) * p.b_row + min(column, p.n - 4u)) / 4u];`,
    ).join('\n    ');
  }
  if (lie === 'quads') {
    return `${NAMES.map((i) => `let t${i} = rights[(b_base + min(column + ${i}u, p.n - 1u) * p.b_column + k) / 4u];`).join('\n    ')}
    ${NAMES.map((i) => `let b0_${i} = vec4f(t0[${i}], t1[${i}], t2[${i}], t3[${i}]);`).join('\n    ')}`;
  }
  return NAMES.map(
    (i) => `let b0_${i} = vec4f(${NAMES.map((j) => `b_at(k + ${i}u, column + ${j}u)`).join(', ')});`,
  ).join('\n    ');
}

const biasText = `let shift = vec4f(${NAMES.map((i) => `bias[min(column + ${i}u, p.n - 1u)]`).join(', ')});`;

function storeC(quads: boolean, r: number, bias: boolean): string {
  const value = bias ? `c${r} + shift` : `c${r}`;
  const row = `c_base + (first_row + ${r}u) * p.n + column`;
  if (quads) return `result[(${row}) / 4u] = ${value};`;
  return `let v = ${value}; let at = ${row}; result[at] = v.x; ${NAMES.slice(1)
    .map((i) => `if (column + ${i}u < p.n) { result[at + ${i}u] = v[${i}]; }`)
    .join(' ')}`;
}
