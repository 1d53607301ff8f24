import { distanceRows } from '../../reid/metrics/distances.js';
import { evaluateRankingByRows } from '../../reid/metrics/ranking.js';
import {
  gaussianSmooth,
  smoothHistograms,
  spatialTemporalRows,
  timeHistograms,
} from '../../reid/metrics/spatial-temporal.js';
import { fill } from '../golden/fill.js';
import { type Checks, near, nearRecord } from './evaluation-checks.js';
import { type GoldenFusion, unitFeatures } from './evaluation-golden.js';

/** Shares and scores are stored as float32. */
const SHARE = 1e-6;

/** The cases of the spatial-temporal fusion. Golden cameras count from 1. */
export function fusionCases(golden: GoldenFusion): Record<string, () => Checks | Promise<Checks>> {
  const { seed, num_cameras: cameras, max_hist: bins, interval, smoothed, fusion } = golden;
  const fromZero = (list: readonly number[]) => list.map((camera) => camera - 1);
  const learnt = () =>
    timeHistograms(golden.label, { cameras: fromZero(golden.camera), frames: golden.frame }, cameras, {
      bins,
      interval,
    });
  const cases: Record<string, () => Checks | Promise<Checks>> = {
    histogram: () => {
      const { shares } = learnt();
      const want = new Float64Array(shares.length);
      golden.histogram.nonzero.forEach(([later, earlier, bin], i) => {
        want[(later * cameras + earlier) * bins + bin] = golden.histogram.values[i]!;
      });
      return { shares: near(shares, want, SHARE) };
    },
    smoothed: () => {
      const { shares } = smoothHistograms(learnt(), smoothed.sigma);
      const rows = Array.from({ length: cameras * cameras }, (_, pair) =>
        shares.subarray(pair * bins, (pair + 1) * bins),
      );
      const largest = rows.map((row) => row.reduce((most, share) => Math.max(most, share), 0));
      return {
        sum: near(
          rows.map((row) => row.reduce((sum, share) => sum + share, 0)),
          smoothed.per_pair_sum,
          SHARE,
        ),
        max: near(largest, smoothed.per_pair_max, SHARE),
        argmax: near(
          rows.map((row, pair) => row.indexOf(largest[pair]!)),
          smoothed.per_pair_argmax,
          0,
        ),
        head: near(rows[cameras]!.subarray(0, 200), smoothed['first_200_of_[1][0]'], SHARE),
      };
    },
    fusion: async () => {
      const { q_pids, g_pids, dim } = fusion;
      const side = (pids: readonly number[], name: string) => ({
        data: unitFeatures(seed, pids, dim, name, 1.4),
        dimension: dim,
      });
      const sightings = (cams: readonly number[], frames: readonly number[]) => ({ cameras: fromZero(cams), frames });
      const rows = spatialTemporalRows(
        distanceRows('cosine', side(q_pids, 'st_qf'), side(g_pids, 'st_gf')),
        smoothHistograms(learnt(), smoothed.sigma),
        sightings(fusion.q_cams, fusion.q_frames),
        sightings(fusion.g_cams, fusion.g_frames),
        fusion.alpha,
      );
      const distances = await rows(0, q_pids.length);
      const result = await evaluateRankingByRows(
        rows,
        { identities: q_pids, cameras: fusion.q_cams },
        { identities: g_pids, cameras: fusion.g_cams },
        { averagePrecision: 'trapezoid', invalidQueries: 'zero' },
      );
      return {
        score: nearRecord(
          distances.map((distance) => 1 - distance),
          fusion.score,
          1e-5,
        ),
        cmc: near(result.cmc.slice(0, fusion.cmc.length), fusion.cmc, SHARE),
        mAP: near(result.mAP, fusion.mAP, SHARE),
      };
    },
  };
  for (const { n, sigma, output } of golden.gauss_smooth) {
    cases[`gauss-smooth-${n}`] = () => {
      const values = fill(`${seed}/st_arr${n}`, [n], { kind: 'range', lo: 0, hi: 1 });
      return { smooth: near(gaussianSmooth(values, sigma), output.data, SHARE) };
    };
  }
  return Object.fromEntries(Object.entries(cases).map(([name, check]) => [`st-reid-${seed}/${name}`, check]));
}
