import type { RGA } from '../rga.js';
import { type ImportRow, importState, type StoredWeights } from './import.js';

/**
 * Takes over a checkpoint of the original RGA (`checkpoint_N.pth.tar`: a dict with `state_dict`, `epoch`, `optimizer`). A
 * classifier of another number of identities is left as it was; retrieval does not need it.
 *
 * @throws FormatError where nothing fits
 */
export const importRGA = (model: RGA, checkpoint: StoredWeights): ImportRow[] => importState(model, checkpoint);
