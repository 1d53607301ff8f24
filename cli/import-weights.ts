import type { NamedArray } from '../engine/io/arrays.js';
import type { Module } from '../engine/nn/index.js';
import { APNet } from '../reid/models/apnet.js';
import { importAPNet } from '../reid/models/checkpoints/apnet.js';
import { importGAM } from '../reid/models/checkpoints/gam.js';
import { type ImportRow, importState } from '../reid/models/checkpoints/import.js';
import { GAM } from '../reid/models/gam.js';

/**
 * Takes weights of an original system over into its model, by the rules of the system.
 *
 * @throws FormatError where nothing fits, or what must fit does not
 */
export function importWeights(model: Module, weights: ReadonlyMap<string, NamedArray>): ImportRow[] {
  if (model instanceof APNet) return importAPNet(model, weights);
  return model instanceof GAM ? importGAM(model, weights) : importState(model, weights);
}
