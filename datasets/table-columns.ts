import { DatasetError } from './error.js';
import { nearestName } from './nearest.js';

/** What the reader wants of a table. */
export type TableField = 'path' | 'id' | 'camera' | 'split' | 'tracklet' | 'frame';

/** Which column holds which. */
export interface TableColumns {
  readonly path: string;
  readonly id: string;
  /** Undefined: every picture is taken by a camera of its own. */
  readonly camera?: string;
  readonly split?: string;
  /** Undefined: the pictures are no frames of tracklets. */
  readonly tracklet?: string;
  readonly frame?: string;
}

/** What people call them, without spaces and underscores; of several in a table the first here is taken. */
const CALLED: Readonly<Record<TableField, readonly string[]>> = {
  path: [
    'path',
    'filepath',
    'imagepath',
    'file',
    'filename',
    'image',
    'imagename',
    'img',
    'imgpath',
    'picture',
    'photo',
  ],
  id: [
    'identity',
    'identityid',
    'individual',
    'individualid',
    'individualname',
    'animal',
    'animalid',
    'person',
    'personid',
  ].concat(['pid', 'vehicle', 'vehicleid', 'vid', 'subject', 'subjectid', 'label', 'id']),
  camera: ['camera', 'cameraid', 'cameraname', 'camid', 'cam'],
  split: ['split', 'subset', 'partition', 'set'],
  tracklet: ['tracklet', 'trackletid', 'track', 'trackid'],
  frame: ['frame', 'frameid', 'framenumber', 'frameindex'],
};

const plain = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, '');

/**
 * Finds the columns of a table: those asked for, or by what people call them.
 *
 * @param name of the file, for errors
 * @param asked names of columns, as `path=photo`; `camera=each` takes none
 * @throws DatasetError saying which columns there are, and how to name them
 */
export function findColumns(
  columns: readonly string[],
  name: string,
  asked: Readonly<Partial<Record<TableField, string>>> = {},
): TableColumns {
  const has = `it has ${columns.join(', ')}`;
  const find = (field: TableField): string | undefined => {
    const wanted = asked[field];
    if (wanted !== undefined) {
      const found =
        columns.find((column) => column === wanted.toLowerCase()) ?? columns.find((c) => plain(c) === plain(wanted));
      if (found !== undefined) return found;
      throw new DatasetError(`${field}=${wanted}: ${name} has no such column; ${has}. ${nearestName(wanted, columns)}`);
    }
    for (const called of CALLED[field]) {
      const found = columns.find((column) => plain(column) === called);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const camera = asked.camera === 'each' ? undefined : find('camera');
  const [path, id, split] = [find('path'), find('id'), find('split')];
  const [tracklet, frame] = [find('tracklet'), find('frame')];
  if (path !== undefined && id !== undefined) return { path, id, camera, split, tracklet, frame };
  const missing = [path === undefined ? 'path' : '', id === undefined ? 'id' : ''].filter((field) => field !== '');
  throw new DatasetError(
    `${name} has no column ${missing.join(' and no column ')}; ${has}. Say which is which: ` +
      `table:${name}?path=COLUMN&id=COLUMN&camera=COLUMN (camera, and columns split, tracklet and frame, are not needed).`,
  );
}
