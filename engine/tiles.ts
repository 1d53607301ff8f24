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
 * Adapters whose subgroups all have 8 or 16 lanes: software Vulkan (lavapipe). Rows by subgroupBroadcast, no barriers.
 * MEASURED_SMALL
 */
const smallSubgroups = (lanes: number): Tiles => ({
  kind: `subgroups of ${lanes}`,
  sharing: { kind: 'subgroup', lanes },
  weightGradGroups: lanes > 8 ? 256 : 32,
});

/**
 * All others, GPUs with subgroups of 32 or 64 and adapters that tell none: rows through workgroup memory.
 * MEASURED_OTHERS
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
