import type { ImageRecord, ReidDataset } from '../../datasets/index.js';
import { pseudoPicture } from './pseudo-picture.js';

/** A record as `path identity camera`. */
export type Line = `${string} ${number} ${number}`;

function recordOf(line: Line): ImageRecord {
  const [path, identity, camera] = line.split(' ') as [string, string, string];
  return { path, identity: Number(identity), camera: Number(camera), identityName: identity.padStart(4, '0') };
}

/** A dataset in memory, written as lines; its training identities are named `t0`, `t1`, ... */
export function memoryDataset(
  name: string,
  splits: { readonly train?: readonly Line[]; readonly query?: readonly Line[]; readonly gallery?: readonly Line[] },
  cameras = 3,
): ReidDataset {
  const train = (splits.train ?? [])
    .map(recordOf)
    .map((record) => ({ ...record, identityName: `t${record.identity}` }));
  return {
    name,
    train,
    query: (splits.query ?? []).map(recordOf),
    gallery: (splits.gallery ?? []).map(recordOf),
    identities: new Set(train.map(({ identity }) => identity)).size,
    cameras,
    onDisk: false,
    read: async ({ path, identity, camera, identityName }) => ({
      ...pseudoPicture(4, 8 + path.length),
      // What the record said, so that tests can see which one arrived.
      ...{ said: `${name}: ${path} ${identity} ${camera} ${identityName}` },
    }),
  };
}

/** Records as `path identity camera name`. */
export const lines = (records: readonly ImageRecord[]): string[] =>
  records.map(({ path, identity, camera, identityName }) => `${path} ${identity} ${camera} ${identityName}`);
