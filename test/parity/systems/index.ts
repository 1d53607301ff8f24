import type { SystemBuilder } from '../model.js';
import { apnet } from './apnet.js';
import { fgreid } from './fgreid.js';
import { discriminator, GCL_PARTS, generator, identityNet, numberedNet } from './gcl.js';
import { rga, rgaModule } from './rga.js';

/** Which system builds the models of a golden file, by the file's name; the first that fits. */
const SYSTEMS: readonly (readonly [RegExp, SystemBuilder])[] = [
  [/^rga-module-/, rgaModule],
  [/^rga-/, rga],
  [/^apnet-/, apnet],
  [/^fgreid-/, fgreid],
  [/^gcl-generator/, generator],
  [/^gcl-discriminator/, discriminator],
  [/^gcl-idnet/, identityNet],
  [/^gcl-resnet50/, numberedNet],
];

/** The builder for a part of GCL's networks. */
export const partOf = (name: string): SystemBuilder | undefined => GCL_PARTS[name];

/** The builder for a file of models, or undefined where there is none yet. */
export const systemOf = (name: string): SystemBuilder | undefined =>
  SYSTEMS.find(([pattern]) => pattern.test(name))?.[1];
