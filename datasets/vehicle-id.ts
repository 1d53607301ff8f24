import { join } from '#files';
import { RandomStream } from '../random/philox.js';
import type { ImageRecord, ReidDataset } from './dataset.js';
import { decodeFile } from './decode-file.js';
import { DATASET_FACTS } from './facts.js';
import { existing } from './listed-files.js';
import { compareNatural } from './natural-order.js';
import { labelled } from './numbered.js';
import { readPictureList } from './picture-list.js';
import { findRoot } from './root.js';

/** Test sets, by their number of vehicles. */
const SIZES = { small: 800, medium: 1600, large: 2400 } as const;

export interface VehicleIdOptions {
  /** Which test set, `small` by default. */
  readonly size?: keyof typeof SIZES;
  /** 0..9: which picture of each vehicle is the gallery's. */
  readonly draw?: number;
  /** Of the draws, 1 by default. */
  readonly seed?: number;
}

type Listed = Omit<ImageRecord, 'camera'>;

/** A list's pictures, by vehicle and then by picture, so that a draw does not depend on the order of its lines. */
async function readList(root: string, list: string, part: string): Promise<Listed[]> {
  const lists = join(root, 'train_test_split');
  const lines = await readPictureList(
    lists,
    list,
    '0000001 123: picture, vehicle',
    ([picture, vehicle, ...rest]) => /^\d+$/.test(picture!) && /^\d{1,9}$/.test(vehicle ?? '') && rest.length === 0,
  );
  // A vehicle numbered 0 would be a distractor.
  const raise = lines.some(({ fields }) => Number(fields[1]) === 0) ? 1 : 0;
  return lines
    .map(({ fields: [picture, vehicle] }) => ({
      path: join(root, 'image', `${picture}.jpg`),
      identity: Number(vehicle) + raise,
      identityName: `${part}/${vehicle}`,
    }))
    .sort((a, b) => a.identity - b.identity || compareNatural(a.path, b.path));
}

/** One picture of each vehicle, drawn, as the gallery; all others are queries. */
function drawGallery(test: readonly Listed[], draw: number, seed: number, size: number) {
  const random = new RandomStream(seed, `gallery of vehicleid-${size}`, draw);
  const vehicles = new Map<number, Listed[]>();
  for (const record of test) {
    const pictures = vehicles.get(record.identity);
    if (pictures) pictures.push(record);
    else vehicles.set(record.identity, [record]);
  }
  const chosen = new Set([...vehicles.values()].map((pictures) => random.choice(pictures)));
  return { query: test.filter((record) => !chosen.has(record)), gallery: [...chosen] };
}

/**
 * Reads VehicleID. It says nothing of cameras: every picture counts as taken by one of its own, so that evaluation leaves none out.
 * Of each test vehicle one picture, drawn, is the gallery; published figures are of one draw or averages over ten.
 *
 * Liu, Tian, Yang, Pang, Huang, "Deep Relative Distance Learning: Tell the Difference Between Similar Vehicles", CVPR 2016.
 *
 * @param folder that of `image` and `train_test_split`, or the one above it
 * @throws DatasetError naming the folder or the line that is wrong
 *
 * @example
 *   const dataset = await openVehicleId('data/VehicleID_V1.0', { size: 'large', draw: 3 });
 */
export async function openVehicleId(folder: string, options: VehicleIdOptions = {}): Promise<ReidDataset> {
  const { size = 'small', draw = 0, seed = 1 } = options;
  const marks = { title: 'VehicleID', any: ['train_test_split'], holds: 'image and train_test_split' };
  const root = await findRoot(folder, marks);
  const listed = await existing({
    train: await readList(root, 'train_list.txt', 'train'),
    query: [],
    gallery: await readList(root, `test_list_${SIZES[size]}.txt`, 'test'),
  });
  let cameras = 0;
  const ownCamera = (record: Listed): ImageRecord => ({ ...record, camera: cameras++ });
  const train = listed.train.map(ownCamera);
  const { query, gallery } = drawGallery(listed.gallery, draw, seed, SIZES[size]);
  const test = { query: query.map(ownCamera), gallery: gallery.map(ownCamera) };
  return {
    ...labelled(train),
    ...test,
    name: `VehicleID, ${size}, draw ${draw}, ${root}`,
    cameras,
    onDisk: true,
    notes: [`gallery: draw ${draw}, with seed ${seed}, of one picture of each vehicle; average over draws 0 to 9`],
    facts: DATASET_FACTS[`vehicleid-${size}`],
    problems: listed.problems,
    read: ({ path }) => decodeFile(path),
  };
}
