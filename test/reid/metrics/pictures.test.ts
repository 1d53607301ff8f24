import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { frechetDistance } from '../../../reid/metrics/fid.js';
import { meanDifference, psnr, ssim } from '../../../reid/metrics/ssim.js';
import { uniforms } from '../../golden/gcl-numbers.js';

const picture = (of: (i: number) => number, width = 14, height = 16) => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => of(i)),
});
const near = (got: number, want: number, most = 1e-9) => assert.ok(Math.abs(got - want) <= most, `${got}, not ${want}`);

test('structural similarity and differences, as SciPy’s Gaussian filter gives them', () => {
  const a = picture((i) => (i * 37) % 251);
  const b = picture((i) => (i * 37 + (i % 7) * 9) % 251);
  near(ssim(a, b), 0.47357380215018563);
  near(ssim(b, a), ssim(a, b));
  near(meanDifference(a, b), 0.1795109710550887);
  near(ssim(a, a), 1);
  assert.is(psnr(a, a), Number.POSITIVE_INFINITY);
  near(
    psnr(
      picture(() => 0),
      picture(() => 51),
    ),
    20 * Math.log10(5),
  );
  assert.throws(
    () =>
      ssim(
        a,
        picture(() => 0, 16, 14),
      ),
    /14×16 and 16×14/,
  );
  assert.throws(
    () =>
      ssim(
        picture(() => 0, 10),
        picture(() => 0, 10),
      ),
    /smaller than its window/,
  );
});

test('the Fréchet distance, as SciPy’s matrix root gives it', () => {
  const rows = (n: number, of: (i: number, j: number) => number) => ({
    dimension: 4,
    data: Float32Array.from({ length: 4 * n }, (_, at) => of(Math.floor(at / 4), at % 4)),
  });
  const a = rows(9, (i, j) => ((i * 13 + j * 7) % 11) / 3);
  const b = rows(7, (i, j) => ((i * 5 + j * 3 + i * j) % 7) / 2);
  near(frechetDistance(a, b), 3.499336297402955, 1e-5);
  near(frechetDistance(a, a), 0, 1e-6);
  const moved = { dimension: 4, data: a.data.map((value) => value + 2) };
  near(frechetDistance(a, moved), 16, 1e-4);
  // Fewer features than numbers, of which many are 0, as an encoder gives them: the distance of two sets and back is the same.
  const few = (n: number, t: number) => ({
    dimension: 128,
    data: Float32Array.from(uniforms(128 * n, t), (u) => Math.max(0, u - 0.4)),
  });
  const [first, second] = [few(16, 1), few(96, 2)];
  near(frechetDistance(first, second), frechetDistance(second, first), 1e-4);
  near(frechetDistance(first, first), 0, 1e-4);
  assert.throws(() => frechetDistance(a, { dimension: 2, data: a.data }), /4 and 2 numbers/);
  assert.throws(
    () =>
      frechetDistance(
        rows(1, () => 1),
        b,
      ),
    /1 features have no covariance/,
  );
});

test.run();
