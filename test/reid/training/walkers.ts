import { createSyntheticTracklets } from '../../../datasets/index.js';

/** Drawn people who walk: pictures for models of pictures, tracklets for those of clips. */
export const walkers = createSyntheticTracklets({
  identities: 6,
  testIdentities: 3,
  tracklets: 1,
  cameras: 3,
  minFrames: 1,
  maxFrames: 5,
  distractors: 1,
  height: 32,
  width: 16,
});
