import { type ImageRecord, type ReidDataset, SPLITS } from './dataset.js';
import { DatasetError } from './error.js';

/** What one camera saw of one identity at a time: frames, in order. */
export interface Tracklet {
  /** As in its frames; of a picture that belongs to no tracklet, undefined. */
  readonly number: number | undefined;
  /** At least one. */
  readonly frames: readonly ImageRecord[];
  /** Positions of the frames in the list that was grouped. */
  readonly positions: readonly number[];
  /** As in `ImageRecord`. */
  readonly identity: number;
  readonly camera: number;
  readonly identityName: string;
}

/**
 * Groups frames into tracklets, in the order of their first frames; the frames of each stay in the order of the list. A picture
 * that belongs to no tracklet is one of a single frame, so that pictures and clips may be mixed (image-to-track evaluation).
 *
 * @throws DatasetError naming the frame when frames of a tracklet show two identities or come from two cameras
 *
 * @example
 *   const tracklets = groupTracklets(dataset.gallery);
 *   const identities = tracklets.map(({ identity }) => identity);
 */
export function groupTracklets(records: readonly ImageRecord[]): Tracklet[] {
  const groups: number[][] = [];
  const places = new Map<number, number[]>();
  records.forEach(({ tracklet }, position) => {
    const known = tracklet === undefined ? undefined : places.get(tracklet);
    if (known) {
      known.push(position);
      return;
    }
    const group = [position];
    groups.push(group);
    if (tracklet !== undefined) places.set(tracklet, group);
  });
  return groups.map((positions): Tracklet => {
    const frames = positions.map((position) => records[position]!);
    const { tracklet: number, identity, camera, identityName } = frames[0]!;
    const other = frames.find((frame) => frame.identity !== identity || frame.camera !== camera);
    if (other) {
      throw new DatasetError(
        `${other.path} (identity ${other.identity}, camera ${other.camera}) is in one tracklet with ${frames[0]!.path} ` +
          `(identity ${identity}, camera ${camera}). A tracklet shows one identity in one camera: number them apart.`,
      );
    }
    return { number, frames, positions, identity, camera, identityName };
  });
}

/** True when a dataset's pictures, or some of them, are frames of tracklets. */
export const hasTracklets = (dataset: ReidDataset): boolean =>
  SPLITS.some((split) => dataset[split].some(({ tracklet }) => tracklet !== undefined));

/** A tracklet that a reader found, before it is numbered. */
export type FoundTracklet<T> = readonly T[];

/**
 * Numbers tracklets on through the splits of a dataset, and gives their frames as one list a split.
 *
 * @example
 *   const number = trackletNumbering();
 *   const dataset = { train: number(trained), query: number(queries), gallery: number(others) };
 */
export function trackletNumbering(): <T extends object>(
  tracklets: readonly FoundTracklet<T>[],
) => (T & {
  readonly tracklet: number;
})[] {
  let next = 0;
  return (tracklets) =>
    tracklets.flatMap((frames) => {
      const tracklet = next++;
      return frames.map((frame) => ({ ...frame, tracklet }));
    });
}
