import { restoreRandomPosition } from '../../../engine/random.js';
import { type Checkpoint, CheckpointError, loadWeights } from '../checkpoint.js';
import type { GCLPosition } from './events.js';
import type { GCLTrainer } from './trainer.js';

/** Errors of what does not fit. */
const UNFIT = ['RangeError', 'ShapeError', 'StateDictError'];

/**
 * Puts a trainer where a checkpoint was made: what follows has the same bits as if it had never stopped.
 *
 * @throws CheckpointError when it is of other networks or of another number of pictures
 */
export async function restoreGCL(trainer: GCLTrainer, checkpoint: Checkpoint): Promise<void> {
  loadWeights(trainer.nets.identity, checkpoint);
  try {
    await trainer.restore(checkpoint.position as GCLPosition, checkpoint.pseudo);
    const groups = trainer.optimiser.groups.map(({ parameters: _, ...numbers }) => numbers);
    trainer.optimiser.loadStateDict({ ...checkpoint.optimiser, groups });
  } catch (error) {
    if (!(error instanceof Error) || !UNFIT.includes(error.name)) throw error;
    throw new CheckpointError(`${checkpoint.path} does not fit the recipe: ${error.message}`, { cause: error });
  }
  restoreRandomPosition(checkpoint.random);
}
