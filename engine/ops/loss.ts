import {
  crossEntropyGrad,
  crossEntropy as crossEntropyShader,
  meanOfKept,
  nllLossGrad,
  nllLoss as nllShader,
  type PointwiseName,
  pointwiseLoss,
  pointwiseLossGrad,
} from '../../shaders/loss.js';
import { ShapeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, run, runMany, type Tensor, viewOf } from '../tensor.js';
import { add, minimum, mul, rsub, sub } from './arithmetic.js';
import { toFloat } from './cast.js';
import { cosineSimilarity, pairwiseDistance } from './distance.js';
import { mean } from './reduce.js';
import { linesOf, worthMoving } from './softmax.js';
import { reduceAxes, sum } from './sum.js';
import { clamp, mulScalar, neg, relu, softplus } from './unary.js';
import { expand, permute } from './view.js';
import { where } from './where.js';

/** Losses, with PyTorch's names, defaults and reductions. */

export type Reduction = 'mean' | 'sum' | 'none';

export interface LossOptions {
  readonly reduction?: Reduction;
}

const allAxes = (x: Tensor) => x.shape.map((_, i) => i);

/** The sum of all elements, as a tensor without dimensions; x goes back to the pool. Outside of the graph. */
function total(x: Tensor): Tensor {
  const out = viewOf(reduceAxes('sum', x, allAxes(x)), []);
  x.storage.release();
  return out;
}

const reduced = (x: Tensor, reduction: Reduction): Tensor =>
  reduction === 'none' ? x : reduction === 'sum' ? sum(x) : mean(x);

interface PointwiseSettings {
  readonly op: string;
  readonly name: PointwiseName;
  readonly reduction: Reduction | 'batchmean';
  readonly scalar?: number;
  readonly weight?: Tensor;
}

function pointwise(x: Tensor, target: Tensor, { op, name, reduction, scalar = 0, weight }: PointwiseSettings): Tensor {
  if (!sameShape(x.shape, target.shape) || target.dtype !== 'float32') {
    throw new ShapeError(`${op}: the target must be float32 of the shape ${formatShape(x.shape)} of x, got ${target}.`);
  }
  const n = x.size;
  const inputs = weight ? [x, target, weight] : [x, target];
  const each = run(pointwiseLoss(name, n, scalar), inputs, x.shape);
  const none = reduction === 'none';
  const scale = reduction === 'mean' ? 1 / n : reduction === 'batchmean' ? 1 / (x.shape[0] ?? 1) : 1;
  const back = (dy: Tensor, needs: readonly boolean[]) =>
    (['x', 't'] as const).map((by, i) =>
      needs[i]
        ? run(pointwiseLossGrad({ name, by, n, scalar, each: none, scale }), [...inputs, dy], x.shape)
        : undefined,
    );
  return record(op, none ? each : mulScalar(total(each), scale), [x, target], back);
}

/** (x − target)². */
export const mseLoss = (x: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor =>
  pointwise(x, target, { op: 'mseLoss', name: 'mse', reduction });

/** |x − target|. */
export const l1Loss = (x: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor =>
  pointwise(x, target, { op: 'l1Loss', name: 'l1', reduction });

/** Half the square over beta below beta, |x − target| − beta / 2 above. */
export function smoothL1Loss(
  x: Tensor,
  target: Tensor,
  { beta = 1, reduction = 'mean' }: LossOptions & { readonly beta?: number } = {},
): Tensor {
  if (!(beta >= 0)) throw new RangeError(`smoothL1Loss: beta must not be negative, got ${beta}.`);
  return pointwise(x, target, { op: 'smoothL1Loss', name: beta === 0 ? 'l1' : 'smoothL1', reduction, scalar: beta });
}

/** −t log p − (1 − t) log(1 − p) for probabilities; logarithms are no lower than −100. */
export const bce = (p: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor =>
  pointwise(p, target, { op: 'bce', name: 'bce', reduction });

/** The same for logits, without overflow. `posWeight` (broadcast to x) weighs the positive part. */
export function bceWithLogits(
  x: Tensor,
  target: Tensor,
  { posWeight, reduction = 'mean' }: LossOptions & { readonly posWeight?: Tensor } = {},
): Tensor {
  const weight = posWeight && contiguousData(expand(posWeight.detach(), x.shape));
  return pointwise(x, target, {
    op: 'bceWithLogits',
    name: weight ? 'bceWithLogitsWeighted' : 'bceWithLogits',
    reduction,
    weight,
  });
}

export interface KlDivOptions {
  /** `batchmean` is the sum divided by the first dimension, which is what the divergence is. Default `mean`. */
  readonly reduction?: Reduction | 'batchmean';
  /** The target holds logarithms too. */
  readonly logTarget?: boolean;
}

/** t (log t − x) for log-probabilities x. */
export const klDiv = (
  x: Tensor,
  target: Tensor,
  { reduction = 'mean', logTarget = false }: KlDivOptions = {},
): Tensor => pointwise(x, target, { op: 'klDiv', name: logTarget ? 'klDivLog' : 'klDiv', reduction });

export interface ClassLossOptions extends LossOptions {
  /** Targets with this label cost nothing and do not count in the mean. Default −100. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends ClassLossOptions {
  /** The part of the target that is spread over all classes. Default 0. */
  readonly labelSmoothing?: number;
}

function classLoss(op: 'crossEntropy' | 'nllLoss', x: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { ignoreIndex = -100, labelSmoothing = 0, reduction = 'mean' } = options;
  const axis = x.rank === 1 ? 0 : 1;
  const expected = x.shape.filter((_, i) => i !== axis);
  if (x.rank === 0 || !sameShape(target.shape, expected) || target.dtype === 'float32') {
    throw new ShapeError(
      `${op}: for x ${formatShape(x.shape)} the target must be int32 of shape ${formatShape(expected)}, got ${target}.`,
    );
  }
  if (x.rank > 2 && worthMoving(linesOf(x.shape, 1))) {
    const dims = [0, ...x.shape.slice(2).map((_, i) => i + 2), 1];
    return classLossAlong(op, permute(x, dims), target, { ignoreIndex, labelSmoothing, reduction, axis: x.rank - 1 });
  }
  return classLossAlong(op, x, target, { ignoreIndex, labelSmoothing, reduction, axis });
}

type ClassSettings = Required<CrossEntropyOptions> & { readonly axis: number };

function classLossAlong(op: 'crossEntropy' | 'nllLoss', x: Tensor, target: Tensor, settings: ClassSettings): Tensor {
  const { ignoreIndex, labelSmoothing, reduction } = settings;
  const spec = { lines: linesOf(x.shape, settings.axis), ignoreIndex, labelSmoothing };
  const rows = { shape: target.shape };
  const smooth = op === 'crossEntropy';
  const [losses, lse] = runMany(
    smooth ? crossEntropyShader(spec) : nllShader(spec),
    [x, target],
    smooth ? [rows, rows] : [rows],
  ) as [Tensor, Tensor?];
  const finish = (): { loss: Tensor; share?: Tensor } => {
    if (reduction === 'none') return { loss: losses };
    if (reduction === 'sum') return { loss: total(losses) };
    const scalar = { shape: [] };
    const [loss, share] = runMany(meanOfKept(target.size, ignoreIndex), [losses, target], [scalar, scalar]) as [
      Tensor,
      Tensor,
    ];
    losses.storage.release();
    return { loss, share };
  };
  const { loss, share } = finish();
  const each = reduction === 'none';
  return record(op, loss, [x], (dy) => {
    const g = share ? mul(dy, share) : dy;
    if (!lse) return [run(nllLossGrad(spec, each), [target, g], x.shape)];
    return [run(crossEntropyGrad(spec, each), [x, target, lse, g], x.shape)];
  });
}

/**
 * Cross-entropy of class scores x [N, C] or [N, C, …] and int32 labels [N] or [N, …], softmax included. A label that is neither
 * a class nor `ignoreIndex` makes the loss NaN. When all are ignored the mean is 0.
 */
export const crossEntropy = (x: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor =>
  classLoss('crossEntropy', x, target, options);

/** The same for log-probabilities: −x at the label. */
export const nllLoss = (x: Tensor, target: Tensor, options: ClassLossOptions = {}): Tensor =>
  classLoss('nllLoss', x, target, options);

export interface MarginOptions extends LossOptions {
  readonly margin?: number;
}

/** max(0, margin − y (a − b)): y = 1 wants a above b, y = −1 below. */
export function marginRankingLoss(
  a: Tensor,
  b: Tensor,
  y: Tensor | number,
  { margin = 0, reduction = 'mean' }: MarginOptions = {},
): Tensor {
  const behind = mul(sub(b, a), typeof y === 'number' ? y : toFloat(y));
  return reduced(clamp(add(behind, margin), 0), reduction);
}

/** log(1 + e^(−y x)) for y = ±1. */
export const softMarginLoss = (x: Tensor, y: Tensor | number, { reduction = 'mean' }: LossOptions = {}): Tensor =>
  reduced(softplus(neg(mul(x, typeof y === 'number' ? y : toFloat(y)))), reduction);

export interface TripletMarginOptions extends MarginOptions {
  /** Of the norm; default 2. */
  readonly p?: number;
  /** Added to every difference; default 1e-6. */
  readonly eps?: number;
  /** Take the negative's distance from the positive instead, where it is smaller. */
  readonly swap?: boolean;
}

/** max(0, d(anchor, positive) − d(anchor, negative) + margin) over the last dimension. */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  { margin = 1, p = 2, eps = 1e-6, swap = false, reduction = 'mean' }: TripletMarginOptions = {},
): Tensor {
  const near = pairwiseDistance(anchor, positive, { p, eps });
  const direct = pairwiseDistance(anchor, negative, { p, eps });
  const far = swap ? minimum(direct, pairwiseDistance(positive, negative, { p, eps })) : direct;
  return reduced(clamp(add(sub(near, far), margin), 0), reduction);
}

/** 1 − cos(a, b) where y = 1, max(0, cos(a, b) − margin) where y = −1. */
export function cosineEmbeddingLoss(
  a: Tensor,
  b: Tensor,
  y: Tensor,
  { margin = 0, reduction = 'mean' }: MarginOptions = {},
): Tensor {
  const cosine = cosineSimilarity(a, b, -1);
  return reduced(where(relu(toFloat(y.detach())), rsub(cosine, 1), clamp(add(cosine, -margin), 0)), reduction);
}
