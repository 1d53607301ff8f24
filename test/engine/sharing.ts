import type { Sharing } from '../../shaders/rowtile.js';
import { gpu } from './device.js';

/** Runs `work` with each way of sharing rows that this adapter has, so that every variant of a kernel is tested here. */
export async function withEachSharing(work: (sharing: Sharing) => Promise<void>): Promise<void> {
  const own = gpu.sharing;
  const ways: Sharing[] = [own];
  if (own.kind === 'subgroup') ways.push({ kind: 'workgroup', lanes: 64 });
  try {
    for (const sharing of ways) {
      gpu.sharing = sharing;
      await work(sharing);
    }
  } finally {
    gpu.sharing = own;
  }
}
