import { FormatError } from '../../../engine/io/source.js';
import type { FGReID } from '../fgreid/fgreid.js';
import { type Trunk, trunkName } from '../fgreid/trunk.js';
import { arraysOf, type ImportRow, importState, type StoredWeights } from './import.js';

/**
 * Takes over a checkpoint of the original FGReID (a dict with `state_dict`), of pictures or of clips: the names are the same. The
 * classifier is left out where `warmStart` says that training goes on with other identities.
 *
 * @throws FormatError where nothing fits
 */
export const importFGReID = (model: FGReID, checkpoint: StoredWeights, { warmStart = false } = {}): ImportRow[] =>
  importState(model, checkpoint, {
    // Older files carry the centres of the centre loss.
    rename: (name) => (name === 'centers.centers' || (warmStart && name.startsWith('classifier.')) ? undefined : name),
  });

/** Where a file keeps the trunk that is wanted. */
export type TrunkSource = 'base' | 'base_mars' | 'torchvision';

/** Finds out where a file keeps a trunk, if it keeps exactly one. */
function sourceOf(names: readonly string[]): TrunkSource {
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  if (has('base.') && has('base_mars.')) {
    throw new FormatError(
      'the file has two trunks, base and base_mars; say which one is wanted: { from: "base" } or { from: "base_mars" }',
    );
  }
  if (has('base_mars.')) return 'base_mars';
  if (has('base.')) return 'base';
  return 'torchvision';
}

/**
 * Takes over one trunk: from torchvision's file of ImageNet's weights, from the predecessor's (`base.*`), or from a model of two
 * trunks, such as one trained on vehicles (`base_mars.*`).
 *
 * @param from where the file keeps it; found out where the file has only one
 * @throws FormatError where the file has two trunks and `from` is not given, or where nothing fits
 */
export function importTrunk(
  trunk: Trunk,
  checkpoint: StoredWeights,
  { from }: { readonly from?: TrunkSource } = {},
): ImportRow[] {
  const arrays = arraysOf(checkpoint);
  const source = from ?? sourceOf([...arrays.keys()]);
  const prefix = `${source}.`;
  return importState(trunk, arrays, {
    rename: (name) => {
      if (source === 'torchvision') return trunkName(name);
      return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    },
  });
}
