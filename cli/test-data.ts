import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { isFolder } from '../datasets/files.js';
import { DatasetError, type ImageRecord, type ReidDataset } from '../datasets/index.js';
import { readNames } from '../datasets/split-folders.js';
import type { Protocol } from '../reid/metrics/protocols.js';
import { openMended, openUsable } from './command.js';

/**
 * Opens a data set whose test pictures are to be ranked by a protocol.
 *
 * @throws DatasetError where no query could find anything
 */
export async function openTestData(spec: string, protocol: Protocol): Promise<ReidDataset> {
  if (protocol !== 'no-camera') return openUsable(spec, ['query', 'gallery']);
  const dataset = await openMended(spec);
  const { query, gallery } = dataset;
  const files = new Map<number, Set<string>>();
  for (const { identity, path } of gallery) {
    const known = files.get(identity);
    if (known) known.add(path);
    else files.set(identity, new Set([path]));
  }
  const findable = query.some(({ identity, path }) => {
    const known = files.get(identity);
    return known !== undefined && known.size > (known.has(path) ? 1 : 0);
  });
  if (!findable) throw new DatasetError(`${dataset.name}: the gallery holds no other picture of any query's identity.`);
  return dataset;
}

/** Begins with identity and camera, as all of Market-1501's pictures do. */
const MARKET_NAME = /^(?<identity>-1|\d{4})_c(?<camera>[1-6])s/;

/** Where a query's further pictures come from, and the pictures. */
export interface MultiQueryPictures {
  readonly records: readonly ImageRecord[];
  /** For people. */
  readonly from: string;
}

/**
 * The pictures that stand beside the queries in the multi-query protocol: Market-1501's own in `gt_bbox`; elsewhere the queries
 * and what the gallery shows of their identities in their cameras, which is what each query leaves out of its list.
 */
export async function multiQueryPictures({ query, gallery, folders }: ReidDataset): Promise<MultiQueryPictures> {
  const wanted = new Set(query.map(({ identity, camera }) => `${identity} ${camera}`));
  const isWanted = ({ identity, camera }: ImageRecord) => wanted.has(`${identity} ${camera}`);
  const folder = folders?.[0] === undefined ? undefined : join(folders[0], '..', 'gt_bbox');
  if (folder && (await isFolder(folder))) {
    const { found } = await readNames(folder, MARKET_NAME, 6);
    const records = found.map(
      ({ path, number, identityName, camera }): ImageRecord => ({
        path,
        identity: number,
        camera: camera - 1,
        identityName,
      }),
    );
    const own = records.filter(isWanted);
    if (own.length > 0) return { records: own, from: folder };
  }
  const seen = new Set<string>();
  const records = [...query, ...gallery.filter(isWanted)].filter(({ path }) => !seen.has(path) && seen.add(path));
  return { records, from: "the queries and the gallery's pictures of their identities and cameras" };
}

/** Tells whether two test sets are the same pictures with the same labels, whatever folder they lie in. */
export function testFingerprint({ query, gallery }: Pick<ReidDataset, 'query' | 'gallery'>): string {
  const hash = createHash('sha256');
  for (const records of [query, gallery]) {
    for (const { path, identity, camera } of records) hash.update(`${basename(path)}\0${identity}\0${camera}\n`);
    hash.update('\n');
  }
  return hash.digest('hex');
}
