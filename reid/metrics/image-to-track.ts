import type { DistanceRows } from './distance-rows.js';

/**
 * Distances of query pictures to gallery tracks, VeRi's image-to-track: the least distance to any picture of the track. Rank them
 * with the tracks' labels by the Market-1501 rule, which leaves the identity's tracks of the query's camera out.
 *
 * @param rows distances to the pictures
 * @param trackOf the track of each picture: 0 … tracks − 1
 * @throws when a track has no picture
 */
export function imageToTrackRows(rows: DistanceRows, trackOf: ArrayLike<number>, tracks: number): DistanceRows {
  const seen = new Uint8Array(tracks);
  for (let i = 0; i < trackOf.length; i++) {
    if (!Number.isInteger(trackOf[i]) || trackOf[i] < 0 || trackOf[i] >= tracks) {
      throw new RangeError(`image-to-track: picture ${i} belongs to track ${trackOf[i]}, of ${tracks}`);
    }
    seen[trackOf[i]] = 1;
  }
  const empty = seen.indexOf(0);
  if (empty >= 0) throw new Error(`image-to-track: track ${empty} has no picture`);
  return async (first, count) => {
    const pictures = await rows(first, count);
    if (pictures.length !== count * trackOf.length) {
      throw new Error(`image-to-track: ${pictures.length} distances for ${count} queries × ${trackOf.length} pictures`);
    }
    const out = new Float32Array(count * tracks).fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < trackOf.length; j++) {
        const at = i * tracks + trackOf[j];
        // Not Math.min alone: a NaN must arrive where it is told of.
        const distance = pictures[i * trackOf.length + j];
        if (distance < out[at] || Number.isNaN(distance)) out[at] = distance;
      }
    }
    return out;
  };
}
