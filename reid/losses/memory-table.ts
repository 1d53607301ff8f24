import { ShapeError } from '../../engine/errors.js';
import { noGrad } from '../../engine/tape.js';
import { runInto, type Tensor } from '../../engine/tensor.js';
import { updateMemory } from '../../shaders/memory-table.js';

export interface MemoryUpdate {
  /** What a row of the table keeps of itself. */
  readonly momentum: number;
  /** Only the feature that is least like its row moves it, once; default false: every feature does, one after the other. */
  readonly hardest?: boolean;
  /** Rows are brought to length 1 again; default true. */
  readonly normalise?: boolean;
}

/**
 * Moves the rows of a memory towards the features of a batch, in place and on the GPU: V_y ← normalised(m V_y + (1 − m) x), in the
 * batch's order; or, without `normalise`, the plain mean. To be called when the gradient was computed, which is that of the table as the loss saw it.
 *
 * @param memory [K, D], row-major: no parameter, nothing is differentiated by it
 * @param features [N, D]
 * @param labels int32 [N]: rows of the memory; others change nothing
 */
export function updateMemoryTable(
  memory: Tensor,
  features: Tensor,
  labels: Tensor,
  { momentum, hardest = false, normalise = true }: MemoryUpdate,
): void {
  const [classes, depth] = memory.shape as [number, number];
  const [rows, width] = features.shape as [number, number];
  if (width !== depth || labels.size !== rows || labels.dtype === 'float32') {
    throw new ShapeError(
      `updateMemoryTable: ${features} and the labels ${labels} do not fit the memory ${memory}; expected [N, ${depth}] and int32 [N].`,
    );
  }
  noGrad(() =>
    runInto(
      updateMemory({ rows, depth, classes, momentum, hardest, normalise }),
      [labels, features.detach()],
      [memory],
    ),
  );
}
