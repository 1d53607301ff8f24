import { join } from '#files';
import type { ImageRecord, ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DATASET_FACTS } from './facts.js';
import { existing } from './listed-files.js';
import { compareNatural } from './natural-order.js';
import { labelled } from './numbered.js';
import { readPictureList } from './picture-list.js';
import { findRoot } from './root.js';

type Listed = Omit<ImageRecord, 'camera'> & { readonly written: string };

/** The last field of a name, without its first three characters, is the frame of the recording. */
function frameOf(file: string): number | undefined {
  const digits = file
    .replace(/\.\w+$/, '')
    .split('_')
    .at(-1)!
    .slice(3);
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

async function readList(root: string, part: string): Promise<Listed[]> {
  const form = 'picture.jpg 12 3: picture, vehicle, camera';
  const lines = await readPictureList(root, `vric_${part}.txt`, form, ([, vehicle, camera, ...rest]) => {
    return /^\d{1,9}$/.test(vehicle ?? '') && /^\d{1,9}$/.test(camera ?? '') && rest.length === 0;
  });
  const side = part === 'train' ? 'train' : 'test';
  return lines.map(({ fields: [file, vehicle, camera] }) => {
    const frame = frameOf(file!);
    return {
      path: join(root, `${part}_images`, file!),
      // A vehicle numbered 0 would be a distractor.
      identity: Number(vehicle) + 1,
      identityName: `${side}/${vehicle}`,
      written: camera!,
      ...(frame === undefined ? {} : { frame }),
    };
  });
}

/**
 * Reads VRIC, vehicles in 60 cameras of road traffic: one query and one gallery picture of each test vehicle.
 *
 * Kanacı, Zhu, Gong, "Vehicle Re-Identification in Context", GCPR 2018.
 *
 * @param folder that of `vric_train.txt` and the other lists, or the one above it
 * @throws DatasetError naming the folder or the line that is wrong
 */
export async function openVric(folder: string): Promise<ReidDataset> {
  const any = ['vric_train.txt', 'vric_probe.txt'];
  const root = await findRoot(folder, {
    title: 'VRIC',
    any,
    holds: 'vric_train.txt, vric_probe.txt, vric_gallery.txt',
  });
  const { train, query, gallery, problems } = await existing({
    train: await readList(root, 'train'),
    query: await readList(root, 'probe'),
    gallery: await readList(root, 'gallery'),
  });
  const all = [...train, ...query, ...gallery];
  const names = [...new Set(all.map(({ written }) => written))].sort(compareNatural);
  const cameras = new Map(names.map((name, camera) => [name, camera]));
  const record = ({ written, ...rest }: Listed): ImageRecord => ({ ...rest, camera: cameras.get(written)! });
  return {
    ...labelled(train.map(record)),
    name: `VRIC, ${root}`,
    query: query.map(record),
    gallery: gallery.map(record),
    cameras: cameras.size,
    timed: all.length > 0 && all.every(({ frame }) => frame !== undefined),
    onDisk: true,
    facts: DATASET_FACTS.vric,
    problems,
    read: ({ path }) => decodeFile(path),
  };
}
