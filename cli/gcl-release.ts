import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { writePth } from '../engine/io/pth-writer.js';
import type { Checkpoint } from '../reid/training/checkpoint.js';
import { arraysBelow } from '../reid/training/gcl/stage-state.js';

/**
 * Writes the networks of a GCL run as the authors' code reads them: `gen_00001200.pt` = {gen: state dict}, and so `dis_…` and `id_…`, with
 * the number of the step. Names are the original's, with what adaptive norms hold for show, which a strict load asks for.
 *
 * @returns the files
 */
export async function writeRelease({ model, pseudo, position }: Checkpoint, folder: string): Promise<string[]> {
  const networks = {
    gen: arraysBelow(pseudo, 'generator'),
    dis: arraysBelow(pseudo, 'discriminator'),
    id: model,
  };
  const { step } = position as { readonly step: number };
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const [key, arrays] of Object.entries(networks)) {
    const file = join(folder, `${key}_${String(step).padStart(8, '0')}.pt`);
    await writeFileAtomically(file, writePth(arrays, { key }));
    files.push(file);
  }
  return files;
}
