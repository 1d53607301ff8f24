import { add } from '../../engine/ops/arithmetic.js';
import { transpose } from '../../engine/ops/view.js';
import { branchLosses } from '../../reid/losses/fgreid/branches.js';
import { mapSumLosses } from '../../reid/losses/fgreid/map-sums.js';
import { osmCAALoss } from '../../reid/losses/fgreid/osm-caa.js';
import { type LossRunner, target } from './system-losses.js';

const branches =
  (epsilon?: number): LossRunner =>
  ({ tensors, labels }) => {
    const { ranking, consistency } = branchLosses(tensors.y1!, tensors.y2!, target(labels), epsilon);
    return { lsr: ranking, lcns: consistency, loss: add(ranking, consistency) };
  };

/** Of the earlier form. */
const EPSILON = 1e-6;

/** Losses of FGReID alone, by the beginning of a case's id. */
export const FGREID: readonly (readonly [RegExp, LossRunner])[] = [
  [
    /^fg-osm-caa/,
    ({ x, labels, tensors, attrs }) => {
      const options = { alpha: attrs.alpha, lambda: attrs.l, sigma: attrs.osm_sigma ?? attrs.sigma };
      return {
        loss: osmCAALoss(x, target(labels), transpose(tensors.embd!), options as Record<keyof typeof options, number>),
      };
    },
  ],
  [/^fg-satisfied-rank2/, branches()],
  [
    /^fg-satisfied-rank1/,
    (args) => {
      const { loss, ...others } = branches(EPSILON)(args);
      const { source, branch } = mapSumLosses(args.tensors.Ts!, args.tensors.Tb!);
      return { ...others, lsm: branch, lsl: source, loss: add(loss!, add(source, branch)) };
    },
  ],
];
