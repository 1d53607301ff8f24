import { averagePrecision } from './average-precision.js';
import { groupBy, valueAt } from './groups.js';
import { NON_MATCH, type QueryList, type RankingTask } from './protocols.js';
import { firstNotBelow } from './rank-query.js';

/**
 * How well each camera's queries find people in the pictures of each other camera: CMC-1 and mAP with the gallery restricted to
 * that camera, `[query camera][gallery camera]`; `null` where no query has a match (by the Market-1501 rule: the diagonal).
 */
export interface CameraMatrix {
  readonly queryCameras: readonly number[];
  readonly galleryCameras: readonly number[];
  /** Queries with a match, in each cell. */
  readonly queries: readonly (readonly number[])[];
  readonly cmc1: readonly (readonly (number | null)[])[];
  readonly mAP: readonly (readonly (number | null)[])[];
}

interface Cell {
  queries: number;
  first: number;
  ap: number;
}

/** Collects the matrix from the queries' rows. */
export class CameraPairs {
  readonly #queryCameras: Int32Array;
  readonly #galleryCameras: Int32Array;
  readonly #convention: 'rect' | 'trapezoid';
  readonly #cells = new Map<number, Map<number, Cell>>();

  /** @throws when the task has no cameras */
  constructor(
    { queryCameras, galleryCameras }: Pick<RankingTask, 'queryCameras' | 'galleryCameras'>,
    convention: 'rect' | 'trapezoid' = 'rect',
  ) {
    if (!queryCameras || !galleryCameras) throw new Error('camera pairs: both sides need cameras');
    this.#queryCameras = queryCameras;
    this.#galleryCameras = galleryCameras;
    this.#convention = convention;
  }

  /** Takes in one query's distances to the gallery. */
  visit(query: number, row: Float32Array, { roles, matches }: QueryList): void {
    if (matches.length === 0) return;
    const cameras = this.#galleryCameras;
    const lists = new Map<number, CameraList>();
    for (const [camera, own] of groupBy(matches, (g) => cameras[g])) lists.set(camera, new CameraList(own, row));
    let farthest = Number.NEGATIVE_INFINITY;
    for (const list of lists.values()) farthest = Math.max(farthest, list.farthest);
    for (let g = 0; g < row.length; g++) {
      if (row[g] > farthest || roles[g] !== NON_MATCH) continue;
      lists.get(cameras[g])?.pass(g, row[g]);
    }
    for (const [camera, list] of lists) {
      const ranks = list.ranks();
      const cell = this.#cell(this.#queryCameras[query], camera);
      cell.queries++;
      if (ranks[0] === 1) cell.first++;
      cell.ap += averagePrecision(ranks, this.#convention);
    }
  }

  #cell(queryCamera: number, galleryCamera: number): Cell {
    const row = valueAt(this.#cells, queryCamera, () => new Map<number, Cell>());
    return valueAt(row, galleryCamera, () => ({ queries: 0, first: 0, ap: 0 }));
  }

  matrix(): CameraMatrix {
    const distinct = (cameras: Int32Array) => [...new Set(cameras)].sort((a, b) => a - b);
    const [queryCameras, galleryCameras] = [distinct(this.#queryCameras), distinct(this.#galleryCameras)];
    const table = <T>(of: (cell: Cell | undefined) => T): T[][] =>
      queryCameras.map((q) => galleryCameras.map((g) => of(this.#cells.get(q)?.get(g))));
    return {
      queryCameras,
      galleryCameras,
      queries: table((cell) => cell?.queries ?? 0),
      cmc1: table((cell) => (cell ? cell.first / cell.queries : null)),
      mAP: table((cell) => (cell ? cell.ap / cell.queries : null)),
    };
  }
}

/** One query's list in the pictures of one camera. */
class CameraList {
  readonly #matches: readonly number[];
  readonly #distances: Float32Array;
  /** Non-matches whose place is before match i but not before match i − 1. */
  readonly #between: Int32Array;

  constructor(matches: number[], row: Float32Array) {
    this.#matches = matches.sort((a, b) => row[a] - row[b] || a - b);
    this.#distances = Float32Array.from(matches, (g) => row[g]);
    this.#between = new Int32Array(matches.length);
  }

  /** Distance of the last match. */
  get farthest(): number {
    return this.#distances[this.#distances.length - 1];
  }

  /** A non-match. */
  pass(g: number, distance: number): void {
    let i = firstNotBelow(this.#distances, distance);
    while (i < this.#matches.length && this.#distances[i] === distance && this.#matches[i] < g) i++;
    if (i < this.#matches.length) this.#between[i]++;
  }

  ranks(): Int32Array {
    let passed = 0;
    return this.#between.map((count, i) => {
      passed += count;
      return i + 1 + passed;
    });
  }
}
