/**
 * One dispatch over many tensors. A shader can not index its bindings, so the tensors are laid end to end, in quads (`vec4f`; the
 * last quad's surplus lies in the buffers' padding), and an invocation finds its tensor by comparing.
 */

/** WGSL that finds the tensor of the flat quad `item`; `at(k)` is what is done with quad `i` of tensor k. */
export const inTensor = (count: number, at: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => {
    const i = k === 0 ? 'item' : `item - p.end${k - 1}`;
    return `if (item < p.end${k}) { let i = ${i}; ${at(k)} }`;
  }).join('\n  else ');

export const each = (count: number, line: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => line(k)).join('\n');

/** Most tensors of one dispatch: beyond, a kernel takes longer to compile (a tenth of a second each on software) than it saves. */
export const MOST_TENSORS = 8;

/** Running ends of runs of the given lengths. */
export function ends(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((n) => {
    end += n;
    return end;
  });
}
