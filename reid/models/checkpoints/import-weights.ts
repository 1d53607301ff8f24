import type { NamedArray } from '../../../engine/io/arrays.js';
import type { Module } from '../../../engine/nn/index.js';
import { APNet } from '../apnet.js';
import { GAM } from '../gam.js';
import { importAPNet } from './apnet.js';
import { importGAM } from './gam.js';
import { type ImportRow, importState } from './import.js';

/**
 * Takes weights of an original system over into its model, by the rules of the system.
 *
 * @throws FormatError where nothing fits, or what must fit does not
 */
export function importWeights(model: Module, weights: ReadonlyMap<string, NamedArray>): ImportRow[] {
  if (model instanceof APNet) return importAPNet(model, weights);
  return model instanceof GAM ? importGAM(model, weights) : importState(model, weights);
}
