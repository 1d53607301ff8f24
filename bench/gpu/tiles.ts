import type { Shader } from '../../shaders/shader.js';

/** The rows that a product's or a convolution's variant names: `workgroup 64 32 quads …`, lanes first; NaN where it names none. */
export const rowsOf = (shader: Shader): number => Number(/^\w+ \d+ (\d+)/.exec(shader.variant)?.[1]);

const withoutRows = (shader: Shader): string => shader.variant.replace(/^(\w+ \d+) \d+/, '$1');

/** Where the scalars of a weight gradient hold the number of tiles of a group, which are numbered along y. */
const TILES = 7;

/**
 * A shader of `rows` rows of A with the tile of another: sizes travel as scalars, so the text that a problem of few rows gets
 * serves one of many.
 *
 * @returns undefined where the two differ in more than their tile
 */
export function retiled(own: Shader, donor: Shader, rows: number): Shader | undefined {
  const [mine, theirs] = [rowsOf(own), rowsOf(donor)];
  if (!(mine > 0) || !(theirs > 0) || withoutRows(own) !== withoutRows(donor)) return undefined;
  const shader = { ...own, variant: donor.variant, code: donor.code };
  if (mine === theirs) return shader;
  const [x, y, z] = own.grid;
  const [tiles, now] = [Math.ceil(rows / mine), Math.ceil(rows / theirs)];
  if (y !== tiles) return undefined;
  const grid = [x, now, z] as const;
  if (own.name !== 'convWeightGrad') return { ...shader, grid };
  if (own.params?.[TILES] !== tiles) return undefined;
  return { ...shader, grid, params: own.params.map((value, i) => (i === TILES ? now : value)) };
}
