import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/**
 * Sorting rows, by merging: each element becomes a key, a uint32 that ascends in the wanted order, and its index. An invocation
 * sorts four elements in registers; then runs are merged in pairs, each element finding its place by searching the other run
 * of its pair, up to 1,024 elements in workgroup memory and beyond that in passes over the whole row. All steps keep the order
 * of equal keys.
 */

const SIZE = 256;
const EACH = 4;
const FOUR = [0, 1, 2, 3] as const;
/** Elements that a workgroup sorts at once: 8 KiB of keys and indices. */
export const SORT_BLOCK = EACH * SIZE;

/** What the elements are, which decides how they become keys. */
export type KeyKind = 'float32' | 'int32' | 'uint32' | 'keys';

const KINDS: Readonly<Record<KeyKind, number>> = { float32: 0, int32: 1, uint32: 2, keys: 2 };

export interface SortBlocksSpec {
  readonly rows: number;
  readonly n: number;
  readonly descending: boolean;
  /** `keys`: an earlier step's keys, with their indices as a second input. */
  readonly kind: KeyKind;
  /** How many of each sorted block are written, front first: all of them to sort, k to find the k first. */
  readonly keep: number;
}

/** The block length for rows of n, a power of two, and how many blocks make a row. */
export function blocksOf(n: number): { readonly size: number; readonly blocks: number } {
  const size = Math.min(2 ** Math.ceil(Math.log2(Math.max(n, 1))), SORT_BLOCK);
  return { size, blocks: Math.ceil(n / size) };
}

/** Elements of a row of n that are left when every block keeps `keep`. */
export function keptOf(n: number, keep: number): number {
  const { size, blocks } = blocksOf(n);
  return keep >= size ? n : blocks * keep;
}

/** Sorts every block of every row; writes keys and indices [rows, keptOf(n, keep)]. */
export function sortBlocks({ rows, n, descending, kind, keep }: SortBlocksSpec): Shader {
  const { size, blocks } = blocksOf(n);
  const again = kind === 'keys';
  const out = keptOf(n, keep);
  const groups = Math.ceil((rows * blocks * size) / SORT_BLOCK);
  return {
    name: 'sortBlocks',
    variant: again ? 'again' : '',
    grid: flatGrid(groups),
    params: [groups, rows, n, blocks, size, Math.min(keep, size), out, KINDS[kind], descending ? 0xffffffff : 0],
    flops: rows * n * Math.log2(size) ** 2,
    bytes: (again ? 8 : 4) * rows * n + 8 * rows * out,
    code: () => wgsl`
struct Params { groups: u32, rows: u32, n: u32, blocks: u32, size: u32, keep: u32, out: u32, kind: u32, flip: u32 }
@group(0) @binding(0) var<storage, read> source: array<u32>;
${again ? '@group(0) @binding(1) var<storage, read> source_index: array<u32>;' : ''}
@group(0) @binding(${again ? 2 : 1}) var<storage, read_write> keys: array<u32>;
@group(0) @binding(${again ? 3 : 2}) var<storage, read_write> indices: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
const LAST = 0xffffffffu;
var<workgroup> key: array<u32, ${SORT_BLOCK}>;
var<workgroup> index: array<u32, ${SORT_BLOCK}>;
struct Element { key: u32, index: u32 }
fn key_of(bits: u32) -> u32 {
  if (p.kind == 2u) { return bits ^ p.flip; }
  if (p.kind == 1u) { return bits ^ 0x80000000u ^ p.flip; }
  // Floats order like sign and magnitude; 0 and -0 are equal.
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u ^ p.flip; }
  return select(bits ^ 0x80000000u, ~bits, bits >= 0x80000000u) ^ p.flip;
}
fn load(flat: u32) -> Element {
  let block = flat / p.size;
  let at = (block % p.blocks) * p.size + flat % p.size;
  if (block / p.blocks >= p.rows || at >= p.n) { return Element(LAST, LAST); }
  let from_ = (block / p.blocks) * p.n + at;
  ${again ? 'return Element(source[from_], source_index[from_]);' : 'return Element(key_of(source[from_]), at);'}
}
fn store(flat: u32, element: Element) {
  let block = flat / p.size;
  let place = (block % p.blocks) * p.keep + flat % p.size;
  if (block / p.blocks < p.rows && flat % p.size < p.keep && place < p.out) {
    keys[(block / p.blocks) * p.out + place] = element.key;
    indices[(block / p.blocks) * p.out + place] = element.index;
  }
}
fn search(i: u32, wanted: u32, run: u32) -> u32 {
  let start = i & ~(2u * run - 1u);
  let left = (i & run) == 0u;
  ${searchText('start + run', 'start + 2u * run', 'key[at]')}
  return i - select(run, 0u, left) + (low - first);
}
${rowMain(SIZE)}
  if (row >= p.groups) { return; }
  let mine = ${EACH}u * lid;
  let flat = row * ${SORT_BLOCK}u + mine;
  ${FOUR.map((i) => `var e${i} = load(flat + ${i}u);`).join(' ')}
  // Only neighbours change places, and only when they differ, so equal keys keep their order.
  if (p.size > 1u) { ${swap(0)} ${swap(2)} }
  if (p.size > 2u) { ${[1, 0, 2, 1].map(swap).join(' ')} }
  ${FOUR.map((i) => `key[mine + ${i}u] = e${i}.key; index[mine + ${i}u] = e${i}.index;`).join(' ')}
  for (var run = ${EACH}u; run < p.size; run *= 2u) {
    workgroupBarrier();
    ${FOUR.map((i) => `e${i} = Element(key[mine + ${i}u], index[mine + ${i}u]); let place${i} = search(mine + ${i}u, e${i}.key, run);`).join('\n    ')}
    workgroupBarrier();
    ${FOUR.map((i) => `key[place${i}] = e${i}.key; index[place${i}] = e${i}.index;`).join(' ')}
  }
  workgroupBarrier();
  for (var i = lid; i < ${SORT_BLOCK}u; i += ${SIZE}u) { store(row * ${SORT_BLOCK}u + i, Element(key[i], index[i])); }
}`,
  };
}

/**
 * WGSL: searches the other run of a pair for the place of `wanted`, from `first` to `low`. An element of the left run goes
 * behind all smaller ones of the right; one of the right also behind equal ones of the left.
 */
function searchText(middle: string, end: string, other: string): string {
  return `let first = select(start, ${middle}, left);
  var low = first;
  var high = select(${middle}, ${end}, left);
  while (low < high) {
    let at = (low + high) / 2u;
    let other = ${other};
    if (other < wanted || (other == wanted && !left)) { low = at + 1u; } else { high = at; }
  }`;
}

const swap = (i: number) => `if (e${i}.key > e${i + 1}.key) { let held = e${i}; e${i} = e${i + 1}; e${i + 1} = held; }`;

/** Merges pairs of sorted runs of length `run` within each row of n. */
export function mergeRuns(rows: number, n: number, run: number): Shader {
  return {
    name: 'mergeRuns',
    variant: '',
    grid: itemGrid(rows * n),
    params: [rows * n, n, run],
    flops: rows * n * Math.log2(run),
    bytes: 16 * rows * n,
    code: () => wgsl`
struct Params { items: u32, n: u32, run: u32 }
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> merged_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> merged_indices: array<u32>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.items) { return; }
  let base = (item / p.n) * p.n;
  let i = item % p.n;
  let wanted = keys[item];
  let left = (i / p.run) % 2u == 0u;
  let start = (i / (2u * p.run)) * 2u * p.run;
  let middle = min(start + p.run, p.n);
  ${searchText('middle', 'min(middle + p.run, p.n)', 'keys[base + at]')}
  let place = base + start + (i - select(middle, start, left)) + (low - first);
  merged_keys[place] = wanted;
  merged_indices[place] = indices[item];
}`,
  };
}
