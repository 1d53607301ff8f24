import { openFile } from '../../engine/io/files.node.js';
import { type Checkpoint, checkpointOf } from './checkpoint.js';

export * from './checkpoint.js';

/** Reads a checkpoint; @throws CheckpointError or FileError naming the file and what is wrong with it */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openFile(path);
  try {
    return await checkpointOf(file);
  } finally {
    await file.close();
  }
}
