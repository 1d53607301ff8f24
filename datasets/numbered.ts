import type { ImageRecord } from './dataset.js';
import { compareNatural } from './natural-order.js';

/** A picture of which everything is known but its label. */
export type UnlabelledRecord = Omit<ImageRecord, 'identity'>;

/**
 * Numbers training identities 0..N-1 in natural order of their names.
 *
 * @example
 *   const { train, identities } = labelled(records);
 */
export function labelled(records: readonly UnlabelledRecord[]): { train: ImageRecord[]; identities: number } {
  const names = [...new Set(records.map(({ identityName }) => identityName))].sort(compareNatural);
  const labels = new Map(names.map((name, label) => [name, label]));
  const train = records.map((record) => ({ ...record, identity: labels.get(record.identityName)! }));
  return { train, identities: names.length };
}
