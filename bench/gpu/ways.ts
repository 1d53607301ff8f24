import type { Gpu } from '../../engine/index.js';
import type { Sharing } from '../../shaders/rowtile.js';

/** The ways of sharing rows that an adapter can run (see shaders/rowtile.ts). */
export interface Ways {
  /** Each kind that it has; the engine's own choice first. */
  readonly kinds: readonly Sharing[];
  /** What can not be tried, and why. */
  readonly notes: readonly string[];
}

/** As in reports. */
export const wayName = ({ kind, lanes }: Sharing): string => `${kind} ${lanes}`;

/** Attention shares eight rows by one load of each lane. */
const LEAST_LANES = 8;

/**
 * Both kinds, where the adapter has subgroups of one size of at least eight lanes. Where it picks the size itself, a workgroup may
 * fall into several subgroups, and the subgroup kind can not be run at all.
 */
export function waysOf(gpu: Gpu): Ways {
  const { sharing, info, limits } = gpu;
  const { subgroupMinSize: least, subgroupMaxSize: most } = info;
  const kinds: Sharing[] = [sharing];
  const notes: string[] = [];
  const add = (way: Sharing) => {
    if (!kinds.some((other) => wayName(other) === wayName(way))) kinds.push(way);
  };
  if (!gpu.has('subgroups')) notes.push('no subgroups: rows go through workgroup memory alone');
  else if (least !== most) notes.push(`subgroups of ${least} to ${most} lanes, as the driver likes: not tried`);
  else if (least < LEAST_LANES) notes.push(`subgroups of ${least} lanes are too small for attention: not tried`);
  else add({ kind: 'subgroup', lanes: least });
  add({ kind: 'workgroup', lanes: Math.min(64, limits.maxComputeInvocationsPerWorkgroup) });
  return { kinds, notes };
}

/** Numbers of lanes that a workgroup may have. */
export const LANES = [32, 64, 128, 256] as const;
