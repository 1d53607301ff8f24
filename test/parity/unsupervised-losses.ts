import { l2Normalize } from '../../engine/ops/distance.js';
import { copyOf, type Tensor, tensor } from '../../engine/tensor.js';
import { clusterContrastLoss, updateCentres } from '../../reid/losses/cluster-contrast.js';
import { HybridMemory } from '../../reid/losses/hybrid-memory.js';
import { instanceLoss } from '../../reid/losses/idl.js';
import { fill } from '../golden/fill.js';
import type { LossArguments, LossRunner } from './system-losses.js';

const whole = (numbers: readonly number[]) => tensor(Int32Array.from(numbers), [numbers.length]);

/** The memory that a case begins with, as its attributes name it. */
export function bankOf({ golden }: LossArguments): Tensor {
  const [key] = (golden.attrs.bank as string).split(' ');
  const { shape } = golden.outputs.features_after!;
  return l2Normalize(tensor(fill(key!, shape, golden.inputs[0]!.rule), shape));
}

const clusterContrast: LossRunner = (args) => {
  const { tensors, labels, attrs } = args;
  const centres = bankOf(args);
  const moved = copyOf(centres, 'float32');
  const { momentum, temp, use_hard } = attrs as { momentum: number; temp: number; use_hard: boolean };
  updateCentres(moved, tensors.f!, whole(labels), { momentum, hard: use_hard });
  return {
    loss: clusterContrastLoss(tensors.f!, whole(labels), centres, { temperature: temp }),
    features_after: moved,
  };
};

const hybrid: LossRunner = (args) => {
  const { tensors, attrs } = args;
  const { labels, index, temp, momentum } = attrs as Record<'labels' | 'index', number[]> & Record<string, number>;
  const bank = bankOf(args);
  const after = new HybridMemory(copyOf(bank, 'float32'), labels, temp);
  after.update(tensors.f!, whole(index), momentum);
  const targets = whole(index.map((picture) => labels[picture]!));
  return { loss: new HybridMemory(bank, labels, temp).loss(tensors.f!, targets), features_after: after.bank };
};

/** The two-view instance loss normalises its rows first. */
const twoViews: LossRunner = ({ x, attrs }) => ({
  loss: instanceLoss(l2Normalize(x), { temperature: attrs.T as number, negatives: attrs.negM as number }),
});

/** Losses of training without labels. */
export const UNSUPERVISED: readonly (readonly [RegExp, LossRunner])[] = [
  [/^batch-criterion/, twoViews],
  [/^cluster-contrast-memory/, clusterContrast],
  [/^spcl-hybrid-memory/, hybrid],
];
