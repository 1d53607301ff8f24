import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { consecutiveClip, denseClips, spreadClips, stratifiedClip } from '../../datasets/clips.js';
import { RandomStream } from '../../random/philox.js';

const S = 5;
const L = 40;
/** Lengths at which something changes. */
const LENGTHS = [1, 3, S, S + 1, L - 1, L, L + 1, 10 * L];
const stream = (i: number) => new RandomStream(1, 'clips', i);
const inside = (clip: readonly number[], n: number) => clip.every((i) => Number.isInteger(i) && i >= 0 && i < n);
const ascending = (clip: readonly number[]) => clip.every((value, i) => i === 0 || value >= clip[i - 1]!);

test('stratifiedClip: one of each stretch, in order; the last stretch reaches to the end', () => {
  for (const n of LENGTHS) {
    for (let draw = 0; draw < 20; draw++) {
      const clip = stratifiedClip(n, S, stream(draw));
      assert.is(clip.length, S);
      assert.ok(inside(clip, n) && ascending(clip), `${n}: ${clip}`);
      const width = Math.max(Math.floor(n / S), 1);
      clip.forEach((value, i) => {
        assert.ok(value >= Math.min(i * width, n - 1), `${n}: ${clip}`);
        if (i < S - 1) assert.ok(value <= Math.min((i + 1) * width - 1, n - 1), `${n}: ${clip}`);
      });
    }
  }
  const lasts = new Set(Array.from({ length: 60 }, (_, i) => stratifiedClip(S + 3, S, stream(i))[S - 1]));
  assert.equal([...lasts].sort(), [4, 5, 6, 7]);
});

test('denseClips: every frame once, the last clip filled with its own frames, at most one clip over the limit', () => {
  assert.equal(denseClips(7, 3), [
    [0, 1, 2],
    [3, 4, 5],
    [6, 6, 6],
  ]);
  assert.equal(denseClips(5, 3)[1], [3, 4, 3]);
  assert.equal(denseClips(2, 3), [[0, 1, 0]]);
  assert.equal(denseClips(S, S), [[0, 1, 2, 3, 4]]);
  assert.is(denseClips(10 * L, S, 32).length, 33);
});

test('spreadClips: as many frames as wanted over the whole tracklet, in order', () => {
  for (const n of LENGTHS) {
    const clips = spreadClips(n, S, L, stream(n));
    const flat = clips.flat();
    assert.is(flat.length, Math.ceil(Math.min(n, L) / S) * S);
    assert.ok(inside(flat, n));
    if (n >= L) {
      assert.ok(ascending(flat) && new Set(flat).size === L, `${n} frames`);
      assert.ok(flat.at(-1)! >= n - Math.ceil(n / L) * 12, `${n}: the end is seen`);
    } else assert.equal(new Set(flat).size, n);
  }
});

test('consecutiveClip: neighbours, the last one repeated', () => {
  for (const n of LENGTHS) {
    const clip = consecutiveClip(n, S, stream(n));
    assert.ok(inside(clip, n), `${n}: ${clip}`);
    for (const [i, value] of clip.entries()) assert.is(value, Math.min(clip[0]! + i, n - 1));
  }
});

test('what is no number of frames is refused', () => {
  assert.throws(() => denseClips(0, S), /a tracklet of 0 frames/);
  assert.throws(() => stratifiedClip(4, 2.5, stream(0)), /2\.5 frames are wanted/);
});

test.run();
