import { join } from 'node:path';
import { succeed } from './command-line.js';
import { tinyRun } from './tiny.js';

/** Trains two steps of the tiny run into `folder`/tiny: a checkpoint for tests of what is done with one. Returns its folder. */
export async function trainedRun(folder: string): Promise<string> {
  const out = join(folder, 'tiny');
  await succeed('train', ...tinyRun(out, 'epochs=1', 'sampler.cover=identities'));
  return out;
}
