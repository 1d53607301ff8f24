import { mul } from '../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../engine/ops/distance.js';
import { sum } from '../../engine/ops/sum.js';
import { copyOf, tensor } from '../../engine/tensor.js';
import { memoryContrast } from '../../reid/losses/gcl/memory-contrast.js';
import { updateMemoryTable } from '../../reid/losses/memory-table.js';
import {
  distillation,
  neighbourDistillation,
  softCrossEntropy,
  softTripletLoss,
} from '../../reid/losses/soft-targets.js';
import { AdaptiveInstanceNorm2d } from '../../reid/models/gcl/norms.js';
import { fill } from '../golden/fill.js';
import { type LossRunner, target } from './system-losses.js';
import { bankOf } from './unsupervised-losses.js';

/** An adaptive norm alone; its loss is the sum of the output times a fill. */
const adaptiveNorm: LossRunner = ({ golden, x, tensors }) => {
  const out = new AdaptiveInstanceNorm2d(x.shape[1]!).forward(x, { weight: tensors.w!, bias: tensors.b! });
  const [seed] = golden.inputs[0]!.fill.split('/');
  const upstream = fill(`${seed}/upstream`, out.shape, { kind: 'signed', scale: 1.5 });
  return { out, loss: sum(mul(out, tensor(upstream, out.shape))) };
};

/** The file's choice of rows: the last one of the cluster, and the last K of others in reverse order. */
const memory: LossRunner = (args) => {
  const { tensors, attrs } = args;
  const { labels, index, temp, momentum, K } = attrs as Record<'labels' | 'index', number[]> & Record<string, number>;
  const bank = bankOf(args);
  const mine = index.map((row) => labels[row]!);
  const last = mine.map((label) => labels.lastIndexOf(label));
  const others = mine.map((label) =>
    labels
      .flatMap((other, row) => (other === label ? [] : [row]))
      .reverse()
      .slice(0, K),
  );
  const draws = {
    own: target(index),
    positiveOfView: target(last),
    positiveOfPhoto: target(last),
    negatives: tensor(Int32Array.from(others.flat()), [index.length, others[0]!.length]),
  };
  const after = copyOf(bank, 'float32');
  updateMemoryTable(after, l2Normalize(tensors.f!), target(index), { momentum: momentum! });
  return { loss: memoryContrast(tensors.f!, tensors.f_nv!, bank, draws, temp), features_after: after };
};

/** Losses of GCL's code alone, by the beginning of a case's id. */
export const GCL: readonly (readonly [RegExp, LossRunner])[] = [
  [/^adain/, adaptiveNorm],
  [/^gcl-memory/, memory],
  [
    /^gcl-soft-triplet/,
    ({ x, labels, tensors, attrs }) => ({
      loss: softTripletLoss(x, labels, (attrs.margin as number | null) ?? tensors.ref!),
    }),
  ],
  [/^gcl-nnloss/, ({ x, tensors, attrs }) => ({ loss: neighbourDistillation(x, tensors.ref!, attrs.T as number) })],
  [/^gcl-soft-entropy/, ({ x, tensors }) => ({ loss: distillation(x, tensors.t!) })],
  [/^gcl-xent-onehot/, ({ x, tensors }) => ({ loss: softCrossEntropy(x, tensors.t!) })],
];
