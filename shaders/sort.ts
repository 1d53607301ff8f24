import { flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/**
 * Sorting rows. Every element becomes a key, a uint32 that ascends in the wanted order, and its index. Blocks of a row are
 * sorted in workgroup memory (a bitonic network on key and index together, so that equal keys keep their order), then merged
 * in pairs: each element finds its place in the result by searching the other run of its pair.
 */

const SIZE = 256;
/** Elements that a workgroup sorts at once: 8 KiB of keys and indices. */
export const SORT_BLOCK = 4 * SIZE;

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
  const stages = (Math.log2(size) * (Math.log2(size) + 1)) / 2;
  return {
    name: 'sortBlocks',
    variant: again ? 'again' : '',
    grid: flatGrid(groups),
    params: [groups, rows, n, blocks, size, Math.min(keep, size), out, KINDS[kind], descending ? 0xffffffff : 0],
    flops: rows * n * stages,
    bytes: (again ? 8 : 4) * rows * n + 8 * rows * out,
    code: () => `
struct Params { groups: u32, rows: u32, n: u32, blocks: u32, size: u32, keep: u32, out: u32, kind: u32, flip: u32 }
@group(0) @binding(0) var<storage, read> source: array<u32>;
${again ? '@group(0) @binding(1) var<storage, read> source_index: array<u32>;' : ''}
@group(0) @binding(${again ? 2 : 1}) var<storage, read_write> keys: array<u32>;
@group(0) @binding(${again ? 3 : 2}) var<storage, read_write> indices: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;
const LAST = 0xffffffffu;
var<workgroup> key: array<u32, ${SORT_BLOCK}>;
var<workgroup> index: array<u32, ${SORT_BLOCK}>;
fn key_of(bits: u32) -> u32 {
  if (p.kind == 2u) { return bits ^ p.flip; }
  if (p.kind == 1u) { return bits ^ 0x80000000u ^ p.flip; }
  // Floats order like sign and magnitude; 0 and -0 are equal.
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u ^ p.flip; }
  return select(bits ^ 0x80000000u, ~bits, bits >= 0x80000000u) ^ p.flip;
}
fn after(a: u32, b: u32) -> bool { return key[a] > key[b] || (key[a] == key[b] && index[a] > index[b]); }
${rowMain(SIZE)}
  if (row >= p.groups) { return; }
  for (var i = lid; i < ${SORT_BLOCK}u; i += ${SIZE}u) {
    let flat = row * ${SORT_BLOCK}u + i;
    let block = flat / p.size;
    let at = (block % p.blocks) * p.size + flat % p.size;
    key[i] = LAST; index[i] = LAST;
    if (block / p.blocks < p.rows && at < p.n) {
      let from_ = (block / p.blocks) * p.n + at;
      ${again ? 'key[i] = source[from_]; index[i] = source_index[from_];' : 'key[i] = key_of(source[from_]); index[i] = at;'}
    }
  }
  for (var k = 2u; k <= p.size; k *= 2u) {
    for (var j = k / 2u; j > 0u; j /= 2u) {
      workgroupBarrier();
      for (var q = lid; q < ${SORT_BLOCK / 2}u; q += ${SIZE}u) {
        let a = (q / j) * 2u * j + q % j;
        let ascending = (a & (p.size - 1u) & k) == 0u;
        if (after(a, a + j) == ascending) {
          let held_key = key[a]; key[a] = key[a + j]; key[a + j] = held_key;
          let held_index = index[a]; index[a] = index[a + j]; index[a + j] = held_index;
        }
      }
    }
  }
  workgroupBarrier();
  for (var i = lid; i < ${SORT_BLOCK}u; i += ${SIZE}u) {
    let flat = row * ${SORT_BLOCK}u + i;
    let block = flat / p.size;
    let place = (block % p.blocks) * p.keep + flat % p.size;
    if (block / p.blocks < p.rows && flat % p.size < p.keep && place < p.out) {
      keys[(block / p.blocks) * p.out + place] = key[i];
      indices[(block / p.blocks) * p.out + place] = index[i];
    }
  }
}`,
  };
}

/** Merges pairs of sorted runs of length `run` within each row of n. */
export function mergeRuns(rows: number, n: number, run: number): Shader {
  return {
    name: 'mergeRuns',
    variant: '',
    grid: itemGrid(rows * n),
    params: [rows * n, n, run],
    flops: rows * n * Math.log2(run),
    bytes: 16 * rows * n,
    code: () => `
struct Params { items: u32, n: u32, run: u32 }
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> merged_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> merged_indices: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;
${flatMain}
  if (item >= p.items) { return; }
  let base = (item / p.n) * p.n;
  let i = item % p.n;
  let key = keys[item];
  let left = (i / p.run) % 2u == 0u;
  let start = (i / (2u * p.run)) * 2u * p.run;
  let middle = min(start + p.run, p.n);
  // An element of the left run goes behind all smaller ones of the right; one of the right also behind equal ones of the left.
  var low = select(start, middle, left);
  var high = select(middle, min(middle + p.run, p.n), left);
  let first = low;
  while (low < high) {
    let at = (low + high) / 2u;
    let other = keys[base + at];
    if (other < key || (other == key && !left)) { low = at + 1u; } else { high = at; }
  }
  let place = base + start + (i - select(middle, start, left)) + (low - first);
  merged_keys[place] = key;
  merged_indices[place] = indices[item];
}`,
  };
}
