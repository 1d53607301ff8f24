import { DatasetError } from './error.js';
import { type Hdf5Array, Hdf5File } from './hdf5/hdf5.node.js';
import type { Image } from './image.js';

/** The two ways in which people were cut out: by a detector, or by hand. */
export type Cuhk03Boxes = 'detected' | 'labeled';

/** A picture's place: the pair of cameras (1..5), the person in it (from 1), and the column (1..10; 6 and up are view 2). */
export interface Cuhk03Place {
  readonly pair: number;
  readonly person: number;
  readonly column: number;
}

const NAME = /^([1-5])_(\d{3})_([12])_(\d{2})\.png$/;

const COLUMNS = 10;
const COLUMNS_OF_A_VIEW = 5;

const PAIRS = 5;

const digits = (value: number, count: number): string => String(value).padStart(count, '0');

/** The view (1 or 2) of a column: it is the camera of every protocol. */
export const viewOf = ({ column }: Cuhk03Place): number => (column <= COLUMNS_OF_A_VIEW ? 1 : 2);

/** The name that a picture has in the split files: `1_001_2_06.png`. */
export const cuhk03Name = (place: Cuhk03Place): string =>
  `${place.pair}_${digits(place.person, 3)}_${viewOf(place)}_${digits(place.column, 2)}.png`;

/** The place that a name stands for; undefined when it is no such name. */
export function parseCuhk03Name(name: string): Cuhk03Place | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const place = { pair: Number(match[1]), person: Number(match[2]), column: Number(match[4]) };
  const fits = place.column >= 1 && place.column <= COLUMNS && viewOf(place) === Number(match[3]);
  return fits && place.person >= 1 ? place : undefined;
}

/** A pair's table of pictures: where each is, person by person within a column. */
interface PairTable {
  readonly people: number;
  readonly addresses: readonly number[];
}

const isPixels = ({ type, shape }: Hdf5Array): boolean =>
  type.kind === 'unsigned' && type.size === 1 && shape.length === 3 && shape[0] === 3;

/** Pixels as MATLAB 7.3 stores them, `[3, width, height]`, to rows of RGB. */
function toImage(planes: Uint8Array, width: number, height: number): Image {
  const data = new Uint8Array(planes.length);
  for (let channel = 0, from = 0; channel < 3; channel++) {
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) data[(y * width + x) * 3 + channel] = planes[from++]!;
    }
  }
  return { width, height, data };
}

/**
 * The release of CUHK03, `cuhk-03.mat`: a MATLAB 7.3 file of 1.7 GB that is read piece by piece.
 *
 * Li, Zhao, Xiao, Wang, "DeepReID: Deep Filter Pairing Neural Network for Person Re-identification", CVPR 2014.
 */
export class Cuhk03Release {
  readonly file: string;
  readonly boxes: Cuhk03Boxes;
  readonly #pairs: readonly PairTable[];

  private constructor(file: string, boxes: Cuhk03Boxes, pairs: readonly PairTable[]) {
    this.file = file;
    this.boxes = boxes;
    this.#pairs = pairs;
  }

  /** @throws DatasetError when the file is missing, damaged, or another one */
  static async open(file: string, boxes: Cuhk03Boxes): Promise<Cuhk03Release> {
    return withFile(file, async (hdf5) => {
      const cells = await cellsCalled(hdf5, boxes, file);
      const pairs: PairTable[] = [];
      for (const address of cells) {
        const table = await hdf5.array(address);
        const [columns, people] = table.shape;
        if (table.shape.length !== 2 || columns !== COLUMNS) {
          throw new DatasetError(
            `${file}: pair ${pairs.length + 1} of ${boxes} is ${[...table.shape].reverse().join(' x ')}; it should be people x ${COLUMNS}.`,
          );
        }
        pairs.push({ people: people!, addresses: await hdf5.numbers(table) });
      }
      if (pairs.length !== PAIRS) {
        throw new DatasetError(`${file}: ${boxes} has ${pairs.length} camera pairs; CUHK03 has ${PAIRS}.`);
      }
      return new Cuhk03Release(file, boxes, pairs);
    });
  }

  /** People of each pair: 843, 440, 77, 58 and 49. */
  get people(): readonly number[] {
    return this.#pairs.map(({ people }) => people);
  }

  /** Where a picture's pixels are; undefined for a place that the file does not have. */
  #address({ pair, person, column }: Cuhk03Place): number | undefined {
    const table = this.#pairs[pair - 1];
    return table && person <= table.people ? table.addresses[(column - 1) * table.people + person - 1] : undefined;
  }

  /** The places that hold a picture; the others are empty. */
  async places(): Promise<Cuhk03Place[]> {
    return withFile(this.file, async (hdf5) => {
      const found: Cuhk03Place[] = [];
      for (const [index, { people }] of this.#pairs.entries()) {
        for (let person = 1; person <= people; person++) {
          for (let column = 1; column <= COLUMNS; column++) {
            const place = { pair: index + 1, person, column };
            if (isPixels(await hdf5.array(this.#address(place)!))) found.push(place);
          }
        }
      }
      return found;
    });
  }

  /** @throws DatasetError when the place is empty */
  async read(place: Cuhk03Place): Promise<Image> {
    const name = `${cuhk03Name(place)} of ${this.boxes} in ${this.file}`;
    const address = this.#address(place);
    if (address === undefined) throw new DatasetError(`There is no picture ${name}. Is the file whole?`);
    return withFile(this.file, async (hdf5) => {
      const array = await hdf5.array(address);
      if (!isPixels(array)) throw new DatasetError(`There is no picture ${name}: its cell is empty.`);
      const [, width, height] = array.shape;
      return toImage(await hdf5.bytes(array), width!, height!);
    });
  }

  /** The 20 classic splits: of each the pair and the person (both from 1) of the test identities. */
  async testSets(): Promise<(readonly [pair: number, person: number])[][]> {
    return withFile(this.file, async (hdf5) => {
      const sets: (readonly [number, number])[][] = [];
      for (const address of await cellsCalled(hdf5, 'testsets', this.file)) {
        const array = await hdf5.array(address);
        const numbers = await hdf5.numbers(array);
        const count = array.shape[1] ?? 0;
        if (array.shape.length !== 2 || array.shape[0] !== 2) {
          throw new DatasetError(
            `${this.file}: a set of testsets is ${array.shape.join(' x ')}; it should be 2 x 100.`,
          );
        }
        sets.push(Array.from({ length: count }, (_, i) => [numbers[i]!, numbers[count + i]!] as const));
      }
      return sets;
    });
  }
}

/** Opens the file for `work` and closes it afterwards, so that nothing stays open. */
async function withFile<T>(file: string, work: (hdf5: Hdf5File) => Promise<T>): Promise<T> {
  const hdf5 = await Hdf5File.open(file);
  try {
    return await work(hdf5);
  } finally {
    await hdf5.close();
  }
}

/** Addresses of the cells of a variable. */
async function cellsCalled(hdf5: Hdf5File, name: string, file: string): Promise<number[]> {
  const members = await hdf5.members();
  const address = members.get(name);
  if (address === undefined) {
    throw new DatasetError(
      `${file} has no variable ${name}; it has ${[...members.keys()].join(', ')}. Is it cuhk-03.mat of the release?`,
    );
  }
  const cells = await hdf5.array(address);
  if (cells.type.kind !== 'reference') throw new DatasetError(`${file}: ${name} is no cell array.`);
  return hdf5.numbers(cells);
}
