import type { ReidDataset } from './dataset.js';
import { DISK_KINDS } from './dataset-kinds.node.js';
import { openerOf } from './open.js';

const opener = openerOf(DISK_KINDS);

/** How each kind of dataset is written, for help texts. */
export const DATASET_KINDS: Readonly<Record<string, string>> = opener.forms;

/** How several are written as one, for help texts. */
export const JOINED_KINDS: readonly string[] = [
  'market1501:DIR+duke:DIR              several as one; identities and cameras are numbered on',
  "'train=market1501:DIR;test=duke:DIR'  trains on one and tests on another; either may be several",
];

/**
 * Opens a dataset by one line, as given on the command line:
 *
 * - `synthetic`, `synthetic:seed=2,identities=32`: drawn people, see `createSynthetic`
 * - `synthetic-tracklets`, `synthetic-vehicles`: drawn people who walk, drawn vehicles
 * - `toy-walkers`: drawn people whose structure is known, see `createToyWalkers`
 * - `market1501:DIR`, `duke:DIR`, `cuhk03:DIR`, `cuhk01:DIR`, `msmt17:DIR`, `prid2011:DIR`, `veri:DIR`, `vehicleid:DIR`, `vric:DIR`:
 *   known datasets of pictures
 * - `mars:DIR`, `ilidsvid:DIR`, `prid2011-video:DIR`, `duke-video:DIR`: known datasets of tracklets
 * - `market:DIR`: your own in Market-1501's folders, names that begin with `ID_cCAMERA`
 * - `folder:DIR`, `folder:DIR?name=*_c{camera}_*`: a folder per identity
 * - `table:FILE`: CSV or JSON lines
 * - `pattern:DIR?name=obj{id}__{angle}.png&camera=angle/90&train=2-40&test=41-60`: any names
 * - `A+B`: several as one, see `joinDatasets`
 * - `train=A;test=B`: trained on one and tested on another, see `crossDomain`; both may be sums
 *
 * @throws DatasetError for data that cannot be used; of these a SpecError for an unknown kind (naming the nearest) or option
 *
 * @example
 *   const dataset = await openDataset('market1501:data/Market-1501-v15.09.15');
 *   const across = await openDataset('train=market1501:data/market+duke:data/duke;test=msmt17:data/MSMT17_V2');
 */
export function openDataset(spec: string): Promise<ReidDataset> {
  return opener.open(spec);
}
