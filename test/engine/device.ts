import { openGpu } from '../../engine/gpu.js';

/** The GPU that the engine's tests share. */
export const gpu = await openGpu();

let users = 0;

/** Call once in every test file that uses `gpu`: the last suite to end closes it, so that the process can end by itself. */
export function closeAfter(suite: { after(hook: () => void): void }): void {
  users++;
  suite.after(() => {
    if (--users === 0) gpu.close();
  });
}
