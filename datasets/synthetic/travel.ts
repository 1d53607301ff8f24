import { RandomStream } from '../../random/philox.js';

/** How long the cameras record, in frames. */
export const RECORDING = 250_000;

/** Way from one camera to the next, in frames at the usual pace. */
const [NEAR, FAR] = [3_000, 9_000];

/** The longest way through the town, as a share of the recording. */
const LONGEST = 0.5;

/** Deviation of a pass from its time: people stop and look around. */
const DAWDLE = 300;

/** Where cameras stand along the road through a town, in frames from its beginning, camera by camera. */
function camerasAlong(seed: number, cameras: number): { readonly places: number[]; readonly length: number } {
  const random = new RandomStream(seed, 'synthetic road');
  const order = random.shuffle(Array.from({ length: cameras }, (_, camera) => camera));
  const places = new Array<number>(cameras).fill(0);
  let at = 0;
  for (const [step, camera] of order.entries()) {
    if (step > 0) at += random.range(NEAR, FAR);
    places[camera] = at;
  }
  const shrink = Math.min(1, (LONGEST * RECORDING) / Math.max(at, 1));
  return { places: places.map((place) => place * shrink), length: at * shrink };
}

/**
 * When somebody is first seen by each camera, in frames of a clock that all cameras share.
 *
 * @param travel true: along the road, in either direction and at a pace of their own, so that the time between two cameras tells
 *   who may be whom. False: at any time in any camera
 */
export function passTimes(seed: number, cameras: number, who: number, travel: boolean): number[] {
  const random = new RandomStream(seed, 'synthetic pass', who);
  if (!travel) return Array.from({ length: cameras }, () => 1 + random.integer(RECORDING));
  const { places, length } = camerasAlong(seed, cameras);
  const forward = random.uniform() < 0.7;
  const pace = random.range(0.85, 1.15);
  const start = random.range(4 * DAWDLE, RECORDING - length / pace);
  return places.map((place) => {
    const way = forward ? place : length - place;
    return Math.max(1, Math.round(start + way / pace + random.normal() * DAWDLE));
  });
}
