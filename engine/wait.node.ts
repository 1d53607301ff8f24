/** Longest sleep between two looks at the GPU, in milliseconds. */
const LONGEST = 1;
/** A sleep is this part of what was waited already, so that it adds little to short waits. */
const PART = 1 / 8;

const cell = new Int32Array(new SharedArrayBuffer(4));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let waiting = 0;
let since = 0;
let sleeping = false;

/**
 * Waits for a promise of the GPU. Dawn's binding looks for events in every turn of the event loop, which keeps a whole core
 * busy for as long as anything is pending: on a software adapter nearly half of the machine (matmul 1024³ on two cores:
 * 81 ms instead of 45). Here the loop sleeps a little between two turns. Other work of the loop waits a millisecond at most.
 */
export async function waitFor<T>(promise: Promise<T>): Promise<T> {
  if (waiting++ === 0) since = performance.now();
  if (!sleeping) void sleepBetweenTurns();
  try {
    return await promise;
  } finally {
    waiting--;
    since = performance.now();
  }
}

async function sleepBetweenTurns(): Promise<void> {
  sleeping = true;
  while (waiting > 0) {
    await turn();
    if (waiting > 0) Atomics.wait(cell, 0, 0, Math.min(LONGEST, (performance.now() - since) * PART));
  }
  sleeping = false;
}
