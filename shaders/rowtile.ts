/**
 * The inner loop that matrix products and convolutions share.
 *
 * C[row, column] += Σ_k A[row, k] B[k, column]. An invocation computes R rows of four neighbouring columns: R accumulators
 * `vec4f` in registers, all named and unrolled. In a step of four k it loads its own columns of B (four `vec4f`, nobody else
 * needs them) and takes each row of A (a `vec4f` along k, which everybody needs) from its neighbours: on adapters with small
 * subgroups every lane loads a few rows and hands them out by `subgroupBroadcast`; elsewhere the rows of a longer stretch of k
 * lie in workgroup memory, where all lanes read the same address.
 */

/** How the rows of A reach the lanes of a workgroup. */
export type Sharing =
  | { readonly kind: 'subgroup'; readonly lanes: number }
  | { readonly kind: 'workgroup'; readonly lanes: number };

/** Steps of four k whose rows of A are held in workgroup memory at a time. */
const STRETCH = 4;

export interface RowTile {
  readonly sharing: Sharing;
  /** Rows an invocation computes: 8, 16 or 32. */
  readonly rows: number;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Declarations outside of the entry point. */
export function rowTileHead({ sharing, rows }: RowTile, taps = 1): string {
  return sharing.kind === 'subgroup' ? '' : `var<workgroup> held: array<vec4f, ${rows * STRETCH * taps}>;`;
}

/** `enable` lines, which must come first in a text. */
export const rowTileEnables = ({ sharing }: RowTile): string =>
  sharing.kind === 'subgroup' ? 'enable subgroups;' : '';

/** The entry point's head: declares `lane`, `tile` (workgroup's id), and the accumulators. */
export function rowTileMain({ sharing, rows }: RowTile): string {
  const lane =
    sharing.kind === 'subgroup'
      ? '@builtin(subgroup_invocation_id) lane: u32'
      : '@builtin(local_invocation_index) lane: u32';
  return `@compute @workgroup_size(${sharing.lanes})
fn main(@builtin(workgroup_id) tile: vec3u, ${lane}) {
  ${range(rows)
    .map((r) => `var c${r} = vec4f(0.0);`)
    .join(' ')}`;
}

/**
 * A loop over k from 0 below `end`, in fours. The text must define `fn row4(tap: u32, row: u32, k: u32) -> vec4f` (A of the
 * tile's row `row`, 0 ≤ row < R, at k … k + 3; zeros outside), and `columns` is WGSL that declares `b0_0 … b0_3`, the rows
 * k … k + 3 of B at the invocation's four columns; with several `taps` also `b1_0 …`, each with an A of its own. `end` must
 * be the same for all lanes of a workgroup. Of the last tap only the first `used` of the four rows of B are declared.
 */
export function rowTileLoop({ sharing, rows }: RowTile, end: string, columns: string, taps = 1, used = 4): string {
  const step = (tap: number, row: (r: number) => string) => {
    const terms = range(tap === taps - 1 ? used : 4);
    const product = (r: number) => terms.reduceRight((sum, i) => `fma(vec4f(a[${i}]), b${tap}_${i}, ${sum})`, `c${r}`);
    return range(rows)
      .map((r) => `{ let a = ${row(r)}; c${r} = ${product(r)}; }`)
      .join('\n    ');
  };
  if (sharing.kind === 'subgroup') {
    const { lanes } = sharing;
    const groups = range(Math.ceil(rows / lanes));
    return `
  for (var k = 0u; k < ${end}; k += 4u) {
    ${range(taps)
      .map((t) => groups.map((g) => `let mine${t}_${g} = row4(${t}u, lane + ${g * lanes}u, k);`).join(' '))
      .join('\n    ')}
    ${columns}
    ${range(taps)
      .map((t) => step(t, (r) => `subgroupBroadcast(mine${t}_${Math.floor(r / lanes)}, ${r % lanes}u)`))
      .join('\n    ')}
  }`;
  }
  const all = rows * STRETCH * taps;
  return `
  for (var start = 0u; start < ${end}; start += ${4 * STRETCH}u) {
    workgroupBarrier();
    for (var i = lane; i < ${all}u; i += ${sharing.lanes}u) {
      held[i] = row4(i / ${rows * STRETCH}u, (i / ${STRETCH}u) % ${rows}u, start + 4u * (i % ${STRETCH}u));
    }
    workgroupBarrier();
    for (var q = 0u; q < ${STRETCH}u; q++) {
    let k = start + 4u * q;
    if (k >= ${end}) { break; }
    ${columns}
    ${range(taps)
      .map((t) => step(t, (r) => `held[${(t * rows + r) * STRETCH}u + q]`))
      .join('\n    ')}
    }
  }`;
}

/** Unrolled over the rows: `text(r)` with the accumulator `c<r>`. */
export const forRows = ({ rows }: RowTile, text: (r: number) => string): string => range(rows).map(text).join('\n  ');

/**
 * A number for each row of a tile, from the array `name`: the text that declares what is needed, and what stands for that of
 * row r. All lanes must run both, for the numbers may be handed around. `first` is the index of the tile's first row, `last`
 * the last one that there is.
 */
export function rowNumbers(
  { sharing, rows }: RowTile,
  name: string,
  first: string,
  last: string,
): { readonly declare: string; readonly of: (r: number) => string } {
  if (sharing.kind !== 'subgroup') return { declare: '', of: (r) => `${name}[min(${first} + ${r}u, ${last})]` };
  const { lanes } = sharing;
  const declare = range(Math.ceil(rows / lanes))
    .map((g) => `let own_${name}_${g} = ${name}[min(${first} + lane + ${g * lanes}u, ${last})];`)
    .join(' ');
  return { declare, of: (r) => `subgroupBroadcast(own_${name}_${Math.floor(r / lanes)}, ${r % lanes}u)` };
}

/** Multiply-adds from which the largest tile repays its compile time, which is seconds on software adapters. */
const LARGE = 2 ** 26;

/** Rows an invocation computes for a matrix of so many rows and so much work: no more than pays. */
export function rowsFor(rows: number, multiplyAdds: number): number {
  if (rows <= 8) return 8;
  return rows > 16 && multiplyAdds >= LARGE ? 32 : 16;
}
