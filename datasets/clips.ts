import type { RandomStream } from '../random/philox.js';

/** Numbers of a tracklet's frames that make a clip, ascending but for what is repeated at its end. */
export type Clip = readonly number[];

function check(length: number, size: number): void {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`clips: a tracklet of ${length} frames.`);
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`clips: ${size} frames are wanted of a tracklet.`);
}

/**
 * One random member of each of `size` stretches of equal length; the last takes what is left over. Of pictures of an identity
 * as of frames of a tracklet: where there are fewer than wanted, the last is repeated.
 */
export function stratifiedClip(length: number, size: number, random: RandomStream): number[] {
  check(length, size);
  const width = Math.max(Math.floor(length / size), 1);
  return Array.from({ length: size }, (_, i) => {
    const from = Math.min(i * width, length - 1);
    const to = i < size - 1 ? Math.min((i + 1) * width - 1, length - 1) : length - 1;
    return from + random.integer(to - from + 1);
  });
}

/** Frames one after the other, cut into clips; the last is filled up with its own frames from its beginning. */
function chunks(frames: Clip, size: number): Clip[] {
  return Array.from({ length: Math.ceil(frames.length / size) }, (_, i) => {
    const part = frames.slice(i * size, (i + 1) * size);
    return Array.from({ length: size }, (_, k) => part[k % part.length]!);
  });
}

/**
 * All frames in clips one after the other, as during training of the original: the last clip repeats its frames to be full, and
 * no more than `most` + 1 clips are taken.
 *
 * @param most the original's length limit: 32 for MARS, 40 otherwise
 */
export function denseClips(length: number, size: number, most = Number.POSITIVE_INFINITY): Clip[] {
  check(length, size);
  return chunks(
    Array.from({ length }, (_, i) => i),
    size,
  ).slice(0, most + 1);
}

/**
 * `frames` frames drawn at random over the whole tracklet, in clips one after the other; all of them where it has no more. As the
 * original's evaluation by itself has it: what does not fill a clip repeats its frames.
 */
export function spreadClips(length: number, size: number, frames: number, random: RandomStream): Clip[] {
  check(length, size);
  check(frames, size);
  const all = Array.from({ length }, (_, i) => i);
  const quotient = Math.floor(length / frames);
  if (quotient === 0) return chunks(all, size);
  // x frames of the first stretches of q, the others of what follows, so that none of the tracklet is left out.
  const early = frames * (quotient + 1) - length;
  const cut = quotient * early;
  const draw = (from: number, to: number, count: number) =>
    random
      .shuffle(all.slice(from, to))
      .slice(0, count)
      .sort((a, b) => a - b);
  return chunks([...draw(0, cut, early), ...draw(cut, length, frames - early)], size);
}

/** Consecutive frames from a random beginning; a tracklet that is too short repeats its last frame. */
export function consecutiveClip(length: number, size: number, random: RandomStream): Clip {
  check(length, size);
  const start = random.integer(Math.max(0, length - size - 1) + 1);
  return Array.from({ length: size }, (_, i) => Math.min(start + i, length - 1));
}
