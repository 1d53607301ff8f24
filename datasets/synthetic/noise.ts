/** A well-mixed uint32 of three whole numbers: the same everywhere, and far cheaper than a random stream for a texture. */
export function hash3(x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ Math.imul(z, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Uniform in [0, 1) at a lattice point. */
export function lattice(x: number, y: number, z = 0): number {
  return hash3(x, y, z) / 2 ** 32;
}

const ease = (t: number): number => t * t * (3 - 2 * t);

/** Smooth value noise in 0..1 over a plane, one feature a unit; `layer` picks one of many such planes. */
export function noise2(x: number, y: number, layer: number): number {
  const cellX = Math.floor(x);
  const cellY = Math.floor(y);
  const u = ease(x - cellX);
  const v = ease(y - cellY);
  const top = lattice(cellX, cellY, layer) * (1 - u) + lattice(cellX + 1, cellY, layer) * u;
  const bottom = lattice(cellX, cellY + 1, layer) * (1 - u) + lattice(cellX + 1, cellY + 1, layer) * u;
  return top * (1 - v) + bottom * v;
}

/** Roughly normal, mean 0 and deviation 1, from three whole numbers: the sum of four uniform bytes. */
export function grain(x: number, y: number, z: number): number {
  const h = hash3(x, y, z);
  const sum = (h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24);
  return (sum - 510) / 147.8;
}
