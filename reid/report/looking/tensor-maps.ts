import type { Tensor } from '../../../engine/tensor.js';
import type { HeatMap } from '../drawing/heatmap.js';

/** A tensor [N, h, w] as N maps. */
export async function mapsOf(maps: Tensor): Promise<HeatMap[]> {
  const [count, height, width] = maps.shape as [number, number, number];
  const data = (await maps.read()) as Float32Array;
  const size = height * width;
  return Array.from({ length: count }, (_, i) => ({ data: data.slice(i * size, (i + 1) * size), height, width }));
}
