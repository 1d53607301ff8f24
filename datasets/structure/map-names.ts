import type { Picture } from '../dataset.js';
import { DatasetError } from '../error.js';
import { VIEW_STEP } from './provider.js';

/** Where a map lies: a file, and in an atlas which of its tiles. */
export interface MapPlace {
  readonly file: string;
  readonly tile?: number;
}

/** The folder of a view: `render`, `render_45`, ... */
export const folderOfView = (view: number): string => (view === 0 ? 'render' : `render_${view * VIEW_STEP}`);

export const ATLAS = 'atlas';

const withoutExtension = (name: string): string => name.replace(/\.(jpe?g|png)$/i, '');

/** The names under which a picture's maps may lie: in a folder of its person, as MSMT17's, or by its file's name alone. */
function namesOf({ path }: Picture): string[] {
  const parts = withoutExtension(path.replaceAll('\\', '/')).split('/');
  const last = parts.at(-1)!;
  return parts.length > 1 ? [`${parts.at(-2)}/${last}`, last] : [last];
}

/**
 * The files of a folder of maps in the released layout: `SPLIT/render/NAME` as photographed, `SPLIT/render_45/NAME` and on to
 * `render_315`, or `SPLIT/atlas/NAME` with all eight side by side; SPLIT is train or test. NAME is the photograph's, or that and the
 * folder in which it lies; it may end in .jpg or .png, whichever the photograph has.
 */
export class MapNames {
  readonly #files = new Map<string, string>();

  /**
   * @param files paths in the folder, with `/`
   * @param place the folder, for errors
   * @throws DatasetError when there is no map as photographed
   */
  constructor(files: readonly string[], place: string) {
    const folders = new Set<string>();
    for (const file of files) {
      const [split, folder, ...rest] = file.split('/');
      if ((split !== 'train' && split !== 'test') || folder === undefined || rest.length === 0) continue;
      folders.add(folder);
      const name = withoutExtension(rest.join('/'));
      this.#files.set(`${split}/${folder}/${name}`, file);
      // An atlas is a PNG whatever the photograph is: 0001.jpg.png is 0001.jpg's.
      if (folder === ATLAS) this.#files.set(`${split}/${folder}/${withoutExtension(name)}`, file);
    }
    if (!folders.has('render') && !folders.has(ATLAS)) {
      throw new DatasetError(
        `${place} holds no maps. Put those as photographed into train/render/, turned ones into train/render_45/ to train/render_315/, under the names of the photographs.`,
      );
    }
  }

  /** Where a picture's map of a view lies; undefined where there is none. */
  find(picture: Picture, split: 'train' | 'test', view: number): MapPlace | undefined {
    for (const name of namesOf(picture)) {
      const file = this.#files.get(`${split}/${folderOfView(view)}/${name}`);
      if (file !== undefined) return { file };
      const atlas = this.#files.get(`${split}/${ATLAS}/${name}`);
      if (atlas !== undefined) return { file: atlas, tile: view };
    }
    return undefined;
  }
}
