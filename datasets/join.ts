import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset, type Split } from './dataset.js';
import { DatasetError } from './error.js';

/** Datasets that the parts of a joined one came from, each once. */
interface Sources {
  readonly datasets: readonly ReidDataset[];
  /** The first camera of each. */
  readonly firstCamera: readonly number[];
}

const sourcesOf = (dataset: ReidDataset): readonly ReidDataset[] => dataset.sources ?? [dataset];

/** Cameras before each of some datasets, if they are numbered through. */
function firstCameras(datasets: readonly ReidDataset[]): number[] {
  let next = 0;
  return datasets.map(({ cameras }) => {
    const first = next;
    next += cameras;
    return first;
  });
}

/** A dataset that is in two parts (`train=a+b;test=a`), even if it was opened twice, is one source. */
const keyOf = ({ name, cameras }: ReidDataset): string => `${cameras} ${name}`;

function gatherSources(parts: readonly ReidDataset[]): Sources {
  const datasets = [...new Map(parts.flatMap(sourcesOf).map((source) => [keyOf(source), source])).values()];
  return { datasets, firstCamera: firstCameras(datasets) };
}

/** Who reads a path. */
interface Reader {
  readonly part: ReidDataset;
  readonly record: ImageRecord;
  readonly split: Split;
  readonly source: number;
}

/** Puts records of parts, that may be joined themselves, into one numbering. */
class Joiner {
  readonly sources: Sources;
  readonly #readers = new Map<string, Reader>();
  /** Numbers of each part's tracklets, in the order in which they come. */
  readonly #tracklets = new Map<ReidDataset, Map<number, number>>();
  #trackletCount = 0;

  constructor(parts: readonly ReidDataset[]) {
    this.sources = gatherSources(parts);
  }

  /**
   * The records of one split of all parts. `offset` gives what a part's identities are raised by.
   *
   * @throws DatasetError when two parts have the same picture
   */
  records(parts: readonly ReidDataset[], split: Split, offset: (part: number) => number): ImageRecord[] {
    return parts.flatMap((part, index) => {
      const sources = sourcesOf(part);
      const own = firstCameras(sources);
      const places = sources.map((source) => {
        return this.sources.datasets.findIndex((other) => keyOf(other) === keyOf(source));
      });
      const raise = offset(index);
      return part[split].map((record): ImageRecord => {
        const inner = record.source ?? 0;
        const source = places[inner]!;
        const other = this.#readers.get(record.path);
        if (other && (other.source !== source || (other.split === split && other.part !== part))) {
          throw new DatasetError(
            `${record.path} is in ${split} of two of the datasets to be joined (${other.part.name}; ${part.name}). Give each one once.`,
          );
        }
        this.#readers.set(record.path, { part, record, split, source });
        const name = record.source === undefined ? record.identityName : record.identityName.replace(/^\d+:/, '');
        const special = split !== 'train' && (record.identity === JUNK || record.identity === DISTRACTOR);
        return {
          ...record,
          identity: special ? record.identity : record.identity + raise,
          camera: record.camera - own[inner]! + this.sources.firstCamera[source]!,
          identityName: `${source + 1}:${name}`,
          source,
          ...(record.tracklet === undefined ? {} : { tracklet: this.#trackletOf(part, record.tracklet) }),
        };
      });
    });
  }

  #trackletOf(part: ReidDataset, own: number): number {
    const numbers = this.#tracklets.get(part) ?? new Map<number, number>();
    this.#tracklets.set(part, numbers);
    const number = numbers.get(own) ?? this.#trackletCount++;
    numbers.set(own, number);
    return number;
  }

  readonly read: ReidDataset['read'] = ({ path }) => {
    const found = this.#readers.get(path);
    if (!found) throw new DatasetError(`${path} is not a picture of the joined dataset.`);
    return found.part.read(found.record);
  };
}

/** Sums of a number of the parts before each. */
const runningSum = (parts: readonly ReidDataset[], of: (part: ReidDataset) => number): ((part: number) => number) => {
  let sum = 0;
  const sums = parts.map((part) => {
    const before = sum;
    sum += of(part);
    return before;
  });
  return (part) => sums[part]!;
};

const largestTested = ({ query, gallery }: ReidDataset): number => {
  let largest = 0;
  for (const records of [query, gallery])
    for (const { identity } of records) if (identity > largest) largest = identity;
  return largest;
};

const notesOf = (parts: readonly ReidDataset[]): string[] =>
  parts.flatMap(({ name, notes = [], sources }) => (sources ? notes : notes.map((note) => `${name}: ${note}`)));

/** What is the same for joined and crossed datasets. */
function combine(name: string, training: readonly ReidDataset[], testing: readonly ReidDataset[]): ReidDataset {
  const parts = [...new Set([...training, ...testing])];
  const joiner = new Joiner(parts);
  const { datasets } = joiner.sources;
  const tested = runningSum(testing, largestTested);
  return {
    name,
    train: joiner.records(
      training,
      'train',
      runningSum(training, ({ identities }) => identities),
    ),
    query: joiner.records(testing, 'query', tested),
    gallery: joiner.records(testing, 'gallery', tested),
    identities: training.reduce((sum, { identities }) => sum + identities, 0),
    cameras: datasets.reduce((sum, { cameras }) => sum + cameras, 0),
    onDisk: parts.every(({ onDisk }) => onDisk),
    timed: parts.every(({ timed }) => timed === true),
    protocol: testing.every(({ protocol }) => protocol === testing[0]?.protocol) ? testing[0]?.protocol : undefined,
    notes: notesOf(parts),
    sources: datasets,
    read: joiner.read,
  };
}

/**
 * Makes one dataset of several: their training sets in a row, and one gallery of all of theirs. Identities and cameras are
 * numbered on, so that none collide; junk stays -1 and distractors 0. Each record keeps where it came from (`source`, a
 * position in `sources`), and the names of identities begin with that number, from 1: `2:0002`.
 *
 * @throws DatasetError when there is nothing to join, or two of them have the same picture
 *
 * @example
 *   const both = joinDatasets([market, duke]);   // 751 + 702 identities, 6 + 8 cameras
 */
export function joinDatasets(datasets: readonly ReidDataset[]): ReidDataset {
  if (datasets.length === 0) throw new DatasetError('There is no dataset to join. Give at least one.');
  if (datasets.length === 1) return datasets[0]!;
  return combine(datasets.map(({ name }) => name).join(' + '), datasets, datasets);
}

/**
 * Trains on one dataset and tests on another: `train`'s training set, `test`'s query and gallery. Identities and cameras are
 * numbered as by `joinDatasets`; either may be a joined one.
 *
 * @example
 *   const dataset = crossDomain(joinDatasets([market, duke]), msmt17);
 */
export function crossDomain(train: ReidDataset, test: ReidDataset): ReidDataset {
  return combine(`train: ${train.name}; test: ${test.name}`, [train], [test]);
}
