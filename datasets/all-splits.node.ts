import { DISK_KINDS } from './dataset-kinds.node.js';
import { SpecError } from './spec-options.js';

/**
 * The data sets of a line that says `split=all`: one for each split that its protocol averages over. A line without it is itself.
 *
 * @throws SpecError for a kind that has no numbered splits, or several data sets at once
 *
 * @example
 *   allSplits('prid2011:data/prid?split=all');   // ['prid2011:data/prid?split=0', ... '...split=9']
 */
export function allSplits(spec: string): string[] {
  const found = /([?&])split=all(?=&|$)/.exec(spec);
  if (!found) return [spec];
  const kind = /^[a-z0-9-]+(?=:)/.exec(spec)?.[0] ?? '';
  const count = DISK_KINDS[kind]?.splits;
  if (count === undefined) {
    const known = Object.entries(DISK_KINDS).flatMap(([name, { splits }]) => (splits ? [`${name} (${splits})`] : []));
    throw new SpecError(`${spec}: split=all is for one data set with numbered splits: ${known.join(', ')}.`);
  }
  const [before, after] = [spec.slice(0, found.index), spec.slice(found.index + found[0].length)];
  return Array.from({ length: count }, (_, split) => `${before}${found[1]}split=${split}${after}`);
}
