import { groupBy } from './groups.js';

/** What an evaluation knows of its items, index by index. */
export interface ItemLabels {
  /** Who is seen: integers. */
  readonly identities: ArrayLike<number>;
  /** Which camera sees them: integers; needed by every protocol with a camera rule. */
  readonly cameras?: ArrayLike<number>;
  /** File names: `no-camera` removes the query's own file with them, and errors name them. */
  readonly files?: readonly string[];
}

/**
 * Which gallery items a query does not rank, besides junk.
 *
 * - `market1501`: those with the query's identity and the query's camera
 * - `separate-cameras`: all of the query's camera (open-reid's `separate_camera_set`)
 * - `no-camera`: only the query's own file
 */
export type Protocol = 'market1501' | 'separate-cameras' | 'no-camera';

/** What a gallery item is to a query. */
export const LEFT_OUT = 0;
export const NON_MATCH = 1;
export const MATCH = 2;

/** What one query ranks. */
export interface QueryList {
  /** {@link LEFT_OUT}, {@link NON_MATCH} or {@link MATCH} for each gallery item. */
  readonly roles: Uint8Array;
  /** Gallery indices of the matches, ascending. */
  readonly matches: readonly number[];
  /** Length of the list: the gallery less what is left out. */
  readonly kept: number;
}

/** Labels checked and brought into the form that ranking reads fast. */
export interface RankingTask {
  readonly queries: number;
  readonly gallery: number;
  readonly queryIdentities: Int32Array;
  readonly galleryIdentities: Int32Array;
  /** Undefined where the protocol needs none and none were given. */
  readonly queryCameras: Int32Array | undefined;
  readonly galleryCameras: Int32Array | undefined;
  /** What a query ranks. The roles are one array: the next call writes over them. */
  readonly listOf: (query: number) => QueryList;
  /** Whether the gallery holds an identity at all, apart from junk. */
  readonly holds: (identity: number) => boolean;
  readonly nameQuery: (query: number) => string;
  readonly nameGallery: (gallery: number) => string;
  /** Why no query has a match. */
  readonly explainNoMatch: () => string;
}

/**
 * Checks the labels of both sides and lays down what each query ranks.
 *
 * @param junkIdentity gallery items with it are ranked by no query; `null` for none
 * @throws when a side is empty, labels have different lengths or are no 32-bit integers, or the protocol lacks a label
 */
export function rankingTask(
  query: ItemLabels,
  gallery: ItemLabels,
  protocol: Protocol,
  junkIdentity: number | null,
): RankingTask {
  const queryIdentities = integers('query', 'identities', query.identities);
  const galleryIdentities = integers('gallery', 'identities', gallery.identities);
  const queries = queryIdentities.length;
  const size = galleryIdentities.length;
  if (queries === 0) throw new Error('ranking: there is no query');
  if (size === 0) throw new Error('ranking: the gallery is empty');
  checkLength('query', 'files', query.files, queries);
  checkLength('gallery', 'files', gallery.files, size);
  const queryCameras = camerasOf('query', query, queries, protocol);
  const galleryCameras = camerasOf('gallery', gallery, size, protocol);

  const isJunk = (g: number) => galleryIdentities[g] === junkIdentity;
  const ranked = Array.from({ length: size }, (_, g) => g).filter((g) => !isJunk(g));
  const byIdentity = groupBy(ranked, (g) => galleryIdentities[g]);
  const removedBy = removal(protocol, ranked, byIdentity, { queryIdentities, queryCameras, galleryCameras }, [
    query.files,
    gallery.files,
  ]);

  const roles = new Uint8Array(size);
  for (const g of ranked) roles[g] = NON_MATCH;
  let changed: (readonly number[])[] = [];
  const listOf = (q: number): QueryList => {
    for (const list of changed) for (const g of list) roles[g] = NON_MATCH;
    const same = byIdentity.get(queryIdentities[q]) ?? [];
    const removed = removedBy(q);
    for (const g of same) roles[g] = MATCH;
    for (const g of removed) roles[g] = LEFT_OUT;
    changed = [same, removed];
    return { roles, matches: same.filter((g) => roles[g] === MATCH), kept: ranked.length - removed.length };
  };

  return {
    queries,
    gallery: size,
    queryIdentities,
    galleryIdentities,
    queryCameras,
    galleryCameras,
    listOf,
    holds: (identity) => byIdentity.has(identity),
    nameQuery: (index) => named(index, query.files),
    nameGallery: (index) => named(index, gallery.files),
    explainNoMatch: () => {
      if (byIdentity.size === 0) return `every gallery item is junk (identity ${junkIdentity})`;
      if (!queryIdentities.some((identity) => byIdentity.has(identity))) {
        return (
          `no query identity occurs in the gallery (queries: ${some(queryIdentities)}; gallery: ${some(byIdentity.keys())}); ` +
          'are both sides of the same split, and not train labels on one of them?'
        );
      }
      return explainRule(protocol, query, gallery);
    },
  };
}

interface Cameras {
  readonly queryIdentities: Int32Array;
  readonly queryCameras: Int32Array | undefined;
  readonly galleryCameras: Int32Array | undefined;
}

/** The items that are no junk and that a query leaves out. */
function removal(
  protocol: Protocol,
  ranked: readonly number[],
  byIdentity: ReadonlyMap<number, readonly number[]>,
  { queryIdentities, queryCameras, galleryCameras }: Cameras,
  [queryFiles, galleryFiles]: readonly (readonly string[] | undefined)[],
): (query: number) => readonly number[] {
  if (protocol === 'market1501') {
    return (q) => (byIdentity.get(queryIdentities[q]) ?? []).filter((g) => galleryCameras![g] === queryCameras![q]);
  }
  if (protocol === 'separate-cameras') {
    const byCamera = groupBy(ranked, (g) => galleryCameras![g]);
    return (q) => byCamera.get(queryCameras![q]) ?? [];
  }
  if (!queryFiles || !galleryFiles) return () => [];
  const byFile = groupBy(ranked, (g) => galleryFiles[g]);
  return (q) => byFile.get(queryFiles[q]) ?? [];
}

function explainRule(protocol: Protocol, query: ItemLabels, gallery: ItemLabels): string {
  if (protocol === 'no-camera') return "the only gallery item with a query's identity is its own file";
  const all = new Set([...Array.from(query.cameras ?? []), ...Array.from(gallery.cameras ?? [])]);
  return all.size === 1
    ? `every item has camera ${[...all][0]}, and matches of the query's own camera are left out; use the protocol 'no-camera'`
    : "every match has its query's camera, and those are left out; check the cameras, or use the protocol 'no-camera'";
}

function camerasOf(side: string, labels: ItemLabels, count: number, protocol: Protocol): Int32Array | undefined {
  if (!labels.cameras) {
    if (protocol === 'no-camera') return undefined;
    throw new Error(`ranking: the ${side} has no cameras, which '${protocol}' needs; use the protocol 'no-camera'`);
  }
  checkLength(side, 'cameras', labels.cameras, count);
  return integers(side, 'cameras', labels.cameras);
}

function checkLength(side: string, what: string, labels: ArrayLike<unknown> | undefined, count: number): void {
  if (labels && labels.length !== count) {
    throw new Error(`ranking: ${labels.length} ${side} ${what} for ${count} ${side} identities`);
  }
}

function integers(side: string, what: string, values: ArrayLike<number>): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    out[i] = values[i];
    if (out[i] !== values[i]) {
      throw new Error(`ranking: ${side} ${what}[${i}] is ${values[i]}, which is no 32-bit integer`);
    }
  }
  return out;
}

function named(index: number, files: readonly string[] | undefined): string {
  return files ? `${index} (${files[index]})` : String(index);
}

function some(values: Iterable<number>): string {
  const distinct = [...new Set(values)];
  return distinct.length > 5 ? `${distinct.slice(0, 5).join(', ')}, … ${distinct.length} in all` : distinct.join(', ');
}
