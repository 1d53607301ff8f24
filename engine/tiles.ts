import type { Sharing } from '../shaders/rowtile.js';

/** How products, convolutions and attention are cut up on one kind of adapter. */
export interface Tiles {
  /** Which adapters. */
  readonly kind: string;
  /** How the rows of a tile reach its lanes (see shaders/rowtile.ts). */
  readonly sharing: Sharing;
  /** Workgroups that a convolution's weight gradient is split into at least, so that small weights over many pixels fill the GPU. */
  readonly weightGradGroups: number;
}

/**
 * Adapters whose subgroups all have 8 or 16 lanes: software Vulkan (lavapipe). Rows by subgroupBroadcast: barriers are what costs
 * most there, to compile too. matmul 1024³ 28 GFLOP/s, convolutions 27 to 31, their weight gradients 17 to 23 with 32 parts
 * (llvmpipe, Mesa 25, 2 cores, 2026-11-21); with 256 parts a training step took 3 to 5 % longer.
 */
const smallSubgroups = (lanes: number): Tiles => ({
  kind: `subgroups of ${lanes}`,
  sharing: { kind: 'subgroup', lanes },
  weightGradGroups: lanes > 8 ? 256 : 32,
});

/**
 * All others, GPUs with subgroups of 32 or 64 and adapters that tell none: rows through workgroup memory. Right on SwiftShader and on
 * llvmpipe, never timed on a GPU: `bash bench/gpu.sh` tries other numbers of lanes and rows and says which are faster.
 */
const others: Tiles = {
  kind: 'workgroup memory',
  sharing: { kind: 'workgroup', lanes: 64 },
  weightGradGroups: 256,
};

/** The tiles of an adapter: chosen by what was measured, never by trying at the start. */
export function tilesOf(
  features: ReadonlySet<string>,
  { subgroupMinSize = 0, subgroupMaxSize = 0 }: Pick<GPUAdapterInfo, 'subgroupMinSize' | 'subgroupMaxSize'>,
): Tiles {
  const small = subgroupMaxSize === subgroupMinSize && subgroupMaxSize >= 8 && subgroupMaxSize <= 16;
  return features.has('subgroups') && small ? smallSubgroups(subgroupMaxSize) : others;
}
