import type { NamedArray } from '../../../engine/io/arrays.js';

const bitsOf = ({ data }: NamedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The names of the arrays whose bits differ. */
export function differing(a: ReadonlyMap<string, NamedArray>, b: ReadonlyMap<string, NamedArray>): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => {
    const [x, y] = [a.get(name), b.get(name)];
    if (!x || !y) return true;
    const [p, q] = [bitsOf(x), bitsOf(y)];
    return p.length !== q.length || p.some((byte, i) => byte !== q[i]);
  });
}
