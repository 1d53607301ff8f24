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
 * - `no-camera`: only the query's own file
 */
export type Protocol = 'market1501' | 'no-camera';

/** Labels checked and brought into the form that ranking reads fast. */
export interface RankingTask {
  readonly queries: number;
  readonly gallery: number;
  readonly queryIdentities: Int32Array;
  readonly galleryIdentities: Int32Array;
  /** 1 for a gallery item that no query ranks. */
  readonly junk: Uint8Array;
  /** Gallery indices of each identity, ascending, without junk. */
  readonly byIdentity: ReadonlyMap<number, readonly number[]>;
  /** For a query: whether it leaves a gallery item out. */
  readonly removes: (query: number) => (gallery: number) => boolean;
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

  const junk = Uint8Array.from(galleryIdentities, (identity) => (identity === junkIdentity ? 1 : 0));
  const byIdentity = new Map<number, number[]>();
  galleryIdentities.forEach((identity, index) => {
    if (junk[index]) return;
    const indices = byIdentity.get(identity);
    if (indices) indices.push(index);
    else byIdentity.set(identity, [index]);
  });

  const rule = protocol === 'market1501' ? cameraRule : ownFileRule;
  return {
    queries,
    gallery: size,
    queryIdentities,
    galleryIdentities,
    junk,
    byIdentity,
    ...rule(query, gallery, queryIdentities, galleryIdentities),
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

type Rule = Pick<RankingTask, 'removes'>;

function cameraRule(query: ItemLabels, gallery: ItemLabels, queryIds: Int32Array, galleryIds: Int32Array): Rule {
  const queryCameras = cameras('query', query, queryIds.length);
  const galleryCameras = cameras('gallery', gallery, galleryIds.length);
  return {
    removes: (q) => {
      const identity = queryIds[q];
      const camera = queryCameras[q];
      return (g) => galleryIds[g] === identity && galleryCameras[g] === camera;
    },
  };
}

function ownFileRule(query: ItemLabels, gallery: ItemLabels): Rule {
  if (!query.files || !gallery.files) return { removes: () => () => false };
  const galleryFiles = gallery.files;
  const queryFiles = query.files;
  return {
    removes: (q) => {
      const own = queryFiles[q];
      return (g) => galleryFiles[g] === own;
    },
  };
}

function explainRule(protocol: Protocol, query: ItemLabels, gallery: ItemLabels): string {
  if (protocol === 'no-camera') return "the only gallery item with a query's identity is its own file";
  const all = new Set([...Array.from(query.cameras ?? []), ...Array.from(gallery.cameras ?? [])]);
  return all.size === 1
    ? `every item has camera ${[...all][0]}, and matches of the query's own camera are left out; use the protocol 'no-camera'`
    : "every match has its query's camera, and those are left out; check the cameras, or use the protocol 'no-camera'";
}

function cameras(side: string, labels: ItemLabels, count: number): Int32Array {
  if (!labels.cameras) {
    throw new Error(`ranking: the ${side} has no cameras, which 'market1501' needs; use the protocol 'no-camera'`);
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
