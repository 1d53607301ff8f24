import { RandomStream } from '../../random/philox.js';
import { averagePrecision } from './average-precision.js';
import { type DistanceRows, visitRows } from './distance-rows.js';
import { groupBy } from './groups.js';
import { type Spread, spreadOf } from './spread.js';

export interface VehicleIdOptions {
  /** How many galleries are drawn, with the seeds 0, 1, …. Default 10; many codes take one. */
  readonly draws?: number;
  /** Which picture of an identity is its gallery: a random one (default), or the first of the list (layumi's code; one draw). */
  readonly gallery?: 'random' | 'first';
  /** Length of the CMC curve. Default 50. */
  readonly maxRank?: number;
  /** For errors. */
  readonly files?: readonly string[];
  readonly blockRows?: number;
}

export interface VehicleIdResult {
  readonly protocol: 'vehicleid';
  readonly draws: number;
  readonly galleryChoice: 'random' | 'first';
  readonly identities: number;
  /** Queries of one draw; identities of a single picture have none. */
  readonly queries: number;
  readonly cmc1: Spread;
  readonly cmc5: Spread;
  /** There is one match a query, so mAP is the mean of 1/p₁. */
  readonly mAP: Spread;
  /** `cmc[k − 1]`, the mean over the draws. */
  readonly cmc: readonly number[];
}

const picturesOf = (identities: ArrayLike<number>): Map<number, number[]> =>
  groupBy(Array.from({ length: identities.length }).keys(), (i) => identities[i]);

/**
 * A gallery of VehicleID's protocol: the number of one picture for each identity, drawn.
 *
 * @param seed from 0 on, the number of the draw
 */
export function drawVehicleGallery(identities: ArrayLike<number>, seed: number): Map<number, number> {
  const random = new RandomStream(seed, 'vehicleid gallery');
  return new Map([...picturesOf(identities)].map(([identity, list]) => [identity, random.choice(list)] as const));
}

/**
 * VehicleID's protocol: of each identity one picture is the gallery and all others are queries; no camera matters. All draws are
 * read off one walk over the distances between all pictures.
 *
 * @param rows distances of all pictures to all pictures
 * @throws when no identity has two pictures
 */
export async function evaluateVehicleId(
  rows: DistanceRows,
  identities: ArrayLike<number>,
  { draws: wanted = 10, gallery = 'random', maxRank = 50, files, blockRows }: VehicleIdOptions = {},
): Promise<VehicleIdResult> {
  const count = identities.length;
  if (!Number.isInteger(wanted) || wanted < 1) throw new RangeError(`vehicleid: draws is ${wanted}`);
  if (!Number.isInteger(maxRank) || maxRank < 5)
    throw new RangeError(`vehicleid: maxRank must be at least 5, got ${maxRank}`);
  const pictures = picturesOf(identities);
  const queries = count - pictures.size;
  if (queries === 0) throw new Error(`vehicleid: none of the ${pictures.size} identities has two pictures`);
  const draws = gallery === 'first' ? 1 : wanted;
  const galleries = Array.from({ length: draws }, (_, seed) =>
    gallery === 'first'
      ? new Map([...pictures].map(([identity, list]) => [identity, list[0]] as const))
      : drawVehicleGallery(identities, seed),
  );
  const found = galleries.map(() => ({ at: new Int32Array(maxRank), ap: 0 }));
  const name = (i: number) => (files ? `${i} (${files[i]})` : String(i));
  await visitRows(
    rows,
    { queries: count, gallery: count, nameQuery: name, nameGallery: name },
    (query, row) => {
      galleries.forEach((drawn, draw) => {
        const match = drawn.get(identities[query])!;
        if (match === query) return;
        let rank = 1;
        for (const g of drawn.values()) if (row[g] < row[match] || (row[g] === row[match] && g < match)) rank++;
        found[draw].ap += averagePrecision([rank], 'rect');
        if (rank <= maxRank) found[draw].at[rank - 1]++;
      });
    },
    blockRows,
  );
  const curves = found.map(({ at }) => {
    let sum = 0;
    return Array.from(at, (n) => {
      sum += n;
      return sum / queries;
    });
  });
  return {
    protocol: 'vehicleid',
    draws,
    galleryChoice: gallery,
    identities: pictures.size,
    queries,
    cmc1: spreadOf(curves.map((curve) => curve[0])),
    cmc5: spreadOf(curves.map((curve) => curve[4])),
    mAP: spreadOf(found.map(({ ap }) => ap / queries)),
    cmc: Array.from({ length: maxRank }, (_, k) => curves.reduce((sum, curve) => sum + curve[k], 0) / draws),
  };
}
