import type { AnyRecipe } from '../reid/recipes/index.js';
import type { Checkpoint } from '../reid/training/checkpoint.node.js';
import type { RunFolder } from '../reid/training/run-folder.node.js';
import { terminal, UsageError } from './command.js';
import type { InitialFiles } from './initial-weights.js';

/** What a run is made of: from the command line, or from the run that goes on. */
export interface Plan<R extends AnyRecipe = AnyRecipe> {
  readonly recipe: R;
  readonly data: string;
  readonly seed: number;
  /** The run's folder, made once its data was found to be right. */
  readonly out: string;
  readonly checkpoint?: Checkpoint;
  /** The files whose weights it began with. */
  readonly files?: InitialFiles;
}

/** Refuses a folder that holds a run already. */
export function needEmpty(folder: RunFolder): void {
  if (folder.hasCheckpoint) {
    throw new UsageError(
      `${folder.path} already holds a run. Go on with it by --resume --out ${folder.path}, or choose another --out.`,
    );
  }
}

/** Aborts on the first Ctrl-C or kill; the second one ends at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      terminal.write('\nstopping after this step; again to end at once\n');
      controller.abort();
      process.once(signal, () => process.exit(130));
    });
  }
  return controller.signal;
}
