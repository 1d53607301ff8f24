import { grad } from '../../engine/autograd.js';
import { greater } from '../../engine/ops/arithmetic.js';
import { euclidean } from '../../engine/ops/distance.js';
import { mean } from '../../engine/ops/reduce.js';
import { sum } from '../../engine/ops/sum.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, tensor } from '../../engine/tensor.js';
import { centerLoss } from '../../reid/losses/center.js';
import { identityLoss } from '../../reid/losses/identity.js';
import { batchHardTriplet, mineBatchHard } from '../../reid/losses/triplet.js';
import { fill } from '../golden/fill.js';
import type { GoldenCase, GoldenValue } from './case.js';
import { compare, type Difference, FORWARD, GRADIENT } from './compare.js';
import { FGREID } from './fgreid-losses.js';
import { GCL } from './gcl-losses.js';
import type { CaseResult } from './ops.js';
import { UNSUPERVISED } from './unsupervised-losses.js';

/** What a loss of a system is given. */
export interface LossArguments {
  readonly golden: GoldenCase;
  readonly x: Tensor;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly labels: readonly number[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Gives the outputs by the file's names; `loss` is differentiated. */
export type LossRunner = (args: LossArguments) => Readonly<Record<string, Tensor>>;

export const target = (labels: readonly number[]) => tensor(Int32Array.from(labels), [labels.length]);

/** The batch-hard triplet loss of both systems. */
const triplet: LossRunner = ({ x, labels, attrs }) => {
  const options = {
    metric: attrs.metric as 'euclidean' | 'cosine' | undefined,
    normalize: attrs.normalize_feature as boolean | undefined,
  };
  const hard = mineBatchHard(x, labels, options);
  return {
    loss: batchHardTriplet(x, labels, (attrs.margin as number | null) ?? 'soft', options),
    prec: mean(greater(hard.negative, hard.positive)),
    dist_ap: hard.positive,
    dist_an: hard.negative,
    p_inds: hard.positiveIndices,
    n_inds: hard.negativeIndices,
  };
};

const smooth: LossRunner = ({ x, labels, attrs }) => ({
  loss: identityLoss(x, target(labels), { labelSmoothing: attrs.epsilon as number }),
});

/** Losses of whole systems, by the beginning of a case's id; the first that fits. */
const RUNNERS: readonly (readonly [RegExp, LossRunner])[] = [
  [/^(rga|apnet|fg|gcl)-triplet/, triplet],
  [/^((rga|apnet|fg)-xent|gcl-xent-smooth)/, smooth],
  [/^(apnet|fg)-center/, ({ x, labels, tensors }) => ({ loss: centerLoss(x, target(labels), tensors.centers!) })],
  ...FGREID,
  ...GCL,
  ...UNSUPERVISED,
  [
    /^rga-euclidean-dist/,
    ({ x, tensors }) => {
      const dist = euclidean(x, tensors.y!);
      return { dist, loss: sum(dist) };
    },
  ],
];

const runnerOf = (id: string): LossRunner | undefined => RUNNERS.find(([pattern]) => pattern.test(id))?.[1];

/** Whether there is a runner for a case of `losses/*.json`. */
export const hasLossRunner = (id: string): boolean => runnerOf(id) !== undefined;

const noisy = (base: typeof GRADIENT, { noise }: GoldenValue) =>
  20 * (noise ?? 0) > base.l2 ? { l2: 20 * noise! } : base;

/** Runs one loss of a system: its outputs, and the gradient of the loss for every float input. */
export function runLossCase(id: string, golden: GoldenCase): Promise<CaseResult> {
  return scope(async (): Promise<CaseResult> => {
    const tensors: Record<string, Tensor> = {};
    for (const { name, shape, fill: key, rule } of golden.inputs) {
      tensors[name] = tensor(fill(key, shape, rule), shape, { requiresGrad: golden.grads[name] !== undefined });
    }
    const { labels, attrs } = golden;
    const outputs = runnerOf(golden.id)!({ golden, x: tensors.x!, tensors, labels: labels ?? [], attrs });
    const forward: Record<string, Difference> = {};
    for (const [name, want] of Object.entries(golden.outputs)) {
      const got = outputs[name];
      if (!got) return { id, status: 'fail', forward, gradients: {}, reason: `no output called ${name}` };
      forward[name] = compare(await got.read(), got.shape, want, noisy(FORWARD, want));
    }
    const gradients: Record<string, Difference> = {};
    const names = Object.keys(golden.grads);
    const found = grad(
      [outputs.loss ?? outputs.dist!],
      names.map((name) => tensors[name]!),
    );
    for (const [i, name] of names.entries()) {
      const want = golden.grads[name] as GoldenValue | null;
      if (!want) {
        // Nothing flows there.
        if (found[i]) return { id, status: 'fail', forward, gradients, reason: `${name} has a gradient` };
        continue;
      }
      gradients[name] = compare(await found[i]!.read(), found[i]!.shape, want, noisy(GRADIENT, want));
    }
    const wrong = [...Object.entries(forward), ...Object.entries(gradients)].find(([, { reason }]) => reason);
    return {
      id,
      status: wrong ? 'fail' : 'pass',
      forward,
      gradients,
      reason: wrong && `${wrong[0]}: ${wrong[1].reason}`,
    };
  });
}
