import type { SystemBuilder } from '../model.js';
import { apnet } from './apnet.js';
import { rga, rgaModule } from './rga.js';

/** Which system builds the models of a golden file, by the file's name; the first that fits. */
const SYSTEMS: readonly (readonly [RegExp, SystemBuilder])[] = [
  [/^rga-module-/, rgaModule],
  [/^rga-/, rga],
  [/^apnet-/, apnet],
];

/** The builder for a file of models, or undefined where there is none yet. */
export const systemOf = (name: string): SystemBuilder | undefined =>
  SYSTEMS.find(([pattern]) => pattern.test(name))?.[1];
