import type { Handler } from './job.js';

type Wanted = 'run' | 'pause' | 'stop';

/** What the page may ask of the training that is under way. */
export const control: { wanted: Wanted; wake: () => void; preparing: AbortController } = {
  wanted: 'run',
  wake: () => {},
  preparing: new AbortController(),
};

/** Read by a function, since it changes while others wait. */
export const wanted = (): Wanted => control.wanted;

const pauseTraining: Handler<void, void> = async () => {
  control.wanted = 'pause';
};

const goOnTraining: Handler<void, void> = async () => {
  control.wanted = 'run';
  control.wake();
};

/** Stops after the step under way, with a checkpoint. */
const stopTraining: Handler<void, void> = async () => {
  control.wanted = 'stop';
  control.preparing.abort();
  control.wake();
};

export const controlCalls = { pauseTraining, goOnTraining, stopTraining };
