import { fill } from '../../golden/fill.js';

/** Points around `centres` of their kind, in turn: [n, dimension], whose noise is so large beside the centres' 1. */
export function clustered(name: string, n: number, dimension: number, centres: number, noise: number): Float32Array {
  const data = fill(`${name}/noise`, [n, dimension], { kind: 'signed', scale: noise });
  const middles = fill(`${name}/centres`, [centres, dimension], { kind: 'signed', scale: 1 });
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < dimension; k++) data[i * dimension + k] += middles[(i % centres) * dimension + k];
  }
  return data;
}
