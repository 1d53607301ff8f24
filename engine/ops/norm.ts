import { cutRows, layerNormGrad, layerNorm as layerNormShader, layerNormWeightGrad } from '../../shaders/layernorm.js';
import {
  cutPlanes,
  type Planes,
  planeApply,
  planeApplyGrad,
  planeGradSums,
  planeGradTable,
  planeMoments,
  planeScale,
  planeTable,
  runningTable,
} from '../../shaders/norm.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { isRecomputing, record } from '../tape.js';
import { contiguousData, empty, run, runInto, runMany, type Tensor, viewOf } from '../tensor.js';
import { add, mul } from './arithmetic.js';
import { reduceAxes } from './sum.js';
import { contiguous, reshape } from './view.js';

/** y = (x − mean)/√(var + eps)·weight + bias, with statistics over different parts of x. */

export interface BatchNormOptions {
  /** [C] each. */
  readonly weight?: Tensor;
  readonly bias?: Tensor;
  readonly runningMean?: Tensor;
  readonly runningVar?: Tensor;
  /** Statistics of the batch (which then move the running ones, where given) instead of the running ones. */
  readonly training: boolean;
  /** How far running statistics move towards the batch's. */
  readonly momentum?: number;
  readonly eps?: number;
}

export interface InstanceNormOptions {
  /** [C], or [N, C] where each sample has its own (adaptive instance norm). */
  readonly weight?: Tensor;
  readonly bias?: Tensor;
  readonly eps?: number;
}

/** What the pass over the elements and the way back need to know of the statistics. */
interface Statistics {
  readonly planes: Planes;
  /** (mean, scale, shift, 1/σ) of each plane. */
  readonly table: Tensor;
  /** Neighbouring planes that share their statistics. */
  readonly per: number;
  /** Elements that share their statistics; 0 where these do not depend on x. */
  readonly total: number;
  readonly eps: number;
  readonly unbiased: boolean;
}

type Affine = { readonly weight?: Tensor; readonly bias?: Tensor };

function refuseMisfits(
  op: string,
  x: Tensor,
  shapes: readonly Shape[],
  named: Readonly<Record<string, Tensor | undefined>>,
) {
  if (x.size === 0 && x.shape[0] !== 0) {
    throw new ShapeError(`${op}: ${formatShape(x.shape)} has no elements; only the batch may be empty.`);
  }
  for (const [name, t] of Object.entries(named)) {
    if (t && !shapes.some((shape) => sameShape(t.shape, shape))) {
      throw new ShapeError(
        `${op}: ${name} has shape ${formatShape(t.shape)}, but x of shape ${formatShape(x.shape)} needs ${shapes.map(formatShape).join(' or ')}.`,
      );
    }
  }
}

const present = (...tensors: readonly (Tensor | undefined)[]): Tensor[] => tensors.filter((t) => t !== undefined);

/** The gradient of a weight from one value a plane: planes that took the same weight are summed. */
function toWeight(perPlane: Tensor, weight: Tensor): Tensor {
  const repeats = perPlane.size / weight.size;
  const total = repeats === 1 ? perPlane : reduceAxes('sum', viewOf(perPlane, [repeats, weight.size]), [0]);
  return viewOf(total, weight.shape);
}

/** The pass over the elements, and the way back: one reduction, one small table, one pass. */
function normalise(op: string, x: Tensor, { weight, bias }: Affine, statistics: Statistics): Tensor {
  const { planes, table, per, total, eps, unbiased } = statistics;
  const y = run(planeApply(planes), [x, table], x.shape);
  const out = record(op, y, [x, ...present(weight, bias)], (gradient, needs) => {
    const needsWeight = weight !== undefined && needs[1]!;
    const needsBias = bias !== undefined && needs[weight ? 2 : 1]!;
    const dy = contiguousData(gradient);
    if (total === 0 && !needsWeight && !needsBias) return [run(planeScale(planes), [dy, table], x.shape)];
    const cut = cutPlanes(planes);
    const k = planes.planes;
    const sums = run(planeGradSums({ ...planes, ...cut }), [x, dy, table], [cut.splits, k, 2]);
    const [coefficients, sumDy, sumDyx] = runMany(
      planeGradTable({ planes: k, per, eps, splits: cut.splits, total, unbiased }),
      [sums, table],
      [{ shape: [k, 4] }, { shape: [k] }, { shape: [k] }],
    ) as [Tensor, Tensor, Tensor];
    return [
      needs[0] ? run(planeApplyGrad(planes), [x, dy, coefficients], x.shape) : undefined,
      ...(weight ? [needsWeight ? toWeight(sumDyx, weight) : undefined] : []),
      ...(bias ? [needsBias ? toWeight(sumDy, bias) : undefined] : []),
    ];
  });
  if (!out.node) table.storage.release();
  return out;
}

/**
 * Norm of each channel of [N, C, ...] over the batch and the positions; normalises with the biased variance. In training the
 * running statistics move in place, the variance with the unbiased one: not when a checkpoint computes its forward again.
 *
 * dx = scale (dy − Σdy/n − x̂ Σ(dy·x̂)/n); dx = scale dy with running statistics.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  const { weight, bias, runningMean, runningVar, training, momentum = 0.1, eps = 1e-5 } = options;
  const [n, channels] = x.shape as [number, number];
  if (x.rank < 2) {
    throw new ShapeError(`batchNorm: x must be [N, C] or [N, C, ...], got ${formatShape(x.shape)}.`);
  }
  refuseMisfits('batchNorm', x, [[channels]], { weight, bias, runningMean, runningVar });
  if (!runningMean !== !runningVar || (!training && !runningMean)) {
    throw new ShapeError('batchNorm: runningMean and runningVar go together, and without training both are needed.');
  }
  const planes: Planes = { outer: n, planes: channels, inner: sizeOf(x.shape.slice(2)) };
  const total = training ? n * planes.inner : 0;
  if (training && total < 2) {
    throw new ShapeError(
      `batchNorm: expected more than 1 value per channel when training, got input size ${formatShape(x.shape)}.`,
    );
  }
  const source = contiguous(x);
  const table = empty(x.gpu, [channels, 4], 'float32', 'batchNorm');
  const affine = { hasWeight: !!weight, hasBias: !!bias };
  const shared = { planes: channels, per: 1, weights: channels, eps, unbiased: false, ...affine };
  if (training) {
    const cut = cutPlanes(planes);
    const moments = run(planeMoments({ ...planes, ...cut }), [source], [cut.splits, channels, 2]);
    const running = isRecomputing() ? [] : present(runningMean, runningVar);
    const moving = running.length > 0 ? { momentum } : {};
    const inputs = [moments, ...present(weight, bias)];
    runInto(planeTable({ ...shared, ...cut, ...moving, total }), inputs, [table, ...running]);
    moments.storage.release();
  } else {
    runInto(runningTable({ ...shared, total }), [runningMean!, runningVar!, ...present(weight, bias)], [table]);
  }
  return normalise('batchNorm', source, options, { planes, table, per: 1, total, eps, unbiased: false });
}

/** Norm of each sample's groups of neighbouring planes; `weights` of them, repeating. */
function groups(
  op: string,
  x: Tensor,
  per: number,
  affine: Affine,
  weights: number,
  eps: number,
  unbiased = false,
): Tensor {
  const source = contiguous(x);
  const count = x.shape[0]! * x.shape[1]!;
  const planes: Planes = { outer: 1, planes: count, inner: sizeOf(x.shape.slice(2)) };
  const total = per * planes.inner;
  const whole: Planes = { outer: 1, planes: count / per, inner: total };
  const cut = cutPlanes(whole);
  const moments = run(planeMoments({ ...whole, ...cut }), [source], [cut.splits, whole.planes, 2]);
  const { weight, bias } = affine;
  const table = run(
    planeTable({ planes: count, per, weights, eps, ...cut, total, unbiased, hasWeight: !!weight, hasBias: !!bias }),
    [moments, ...present(weight, bias)],
    [count, 4],
  );
  moments.storage.release();
  return normalise(op, source, affine, { planes, table, per, total, eps, unbiased });
}

/**
 * Norm over groups of channels of each sample of [N, C, ...], with a weight and a bias a channel. `unbiased` divides by
 * √(Σ(x − mean)²/(n − 1)) + eps instead: with one group, the layer norm of MUNIT and DG-Net.
 */
export function groupNorm(
  x: Tensor,
  groupCount: number,
  weight?: Tensor,
  bias?: Tensor,
  eps = 1e-5,
  { unbiased = false } = {},
): Tensor {
  const [n, channels] = x.shape as [number, number];
  if (x.rank < 2 || !Number.isInteger(groupCount) || groupCount < 1 || channels % groupCount !== 0) {
    throw new ShapeError(
      `groupNorm: the channels of ${formatShape(x.shape)} (its second dimension) do not divide into ${groupCount} groups.`,
    );
  }
  refuseMisfits('groupNorm', x, [[channels]], { weight, bias });
  const per = channels / groupCount;
  const inner = sizeOf(x.shape.slice(2));
  if (n * per * inner === 1 || (unbiased && per * inner === 1)) {
    throw new ShapeError(
      `groupNorm: expected more than 1 value per group, got ${formatShape(x.shape)} in ${groupCount} groups.`,
    );
  }
  return groups('groupNorm', x, per, { weight, bias }, channels, eps, unbiased);
}

/** Norm of every channel of every sample of [N, C, ...] over its positions; the same in training and evaluation. */
export function instanceNorm(x: Tensor, { weight, bias, eps = 1e-5 }: InstanceNormOptions = {}): Tensor {
  const [n, channels] = x.shape as [number, number];
  if (x.rank < 3) {
    throw new ShapeError(`instanceNorm: x must be [N, C, ...] with positions, got ${formatShape(x.shape)}.`);
  }
  refuseMisfits('instanceNorm', x, [[channels], [n, channels]], { weight, bias });
  if (weight && bias && !sameShape(weight.shape, bias.shape)) {
    throw new ShapeError(
      `instanceNorm: weight ${formatShape(weight.shape)} and bias ${formatShape(bias.shape)} must have one shape.`,
    );
  }
  if (sizeOf(x.shape.slice(2)) === 1) {
    throw new ShapeError(`instanceNorm: expected more than 1 position per channel, got ${formatShape(x.shape)}.`);
  }
  return groups('instanceNorm', x, 1, { weight, bias }, (weight ?? bias)?.size ?? channels, eps);
}

/** Fewer rows than this, of more elements than that, are cut so that the GPU has enough to do at once. */
const FEW_ROWS = 128;
const LONG_ROW = 16384;

/**
 * Norm over the last dimensions, which `normalizedShape` names; weight and bias have that shape.
 *
 * With g = dy·weight: dx = (g − Σg/n − x̂ Σ(g·x̂)/n)/σ.
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  weight?: Tensor,
  bias?: Tensor,
  eps = 1e-5,
): Tensor {
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  if (shape.length === 0 || shape.length > x.rank || !sameShape(x.shape.slice(x.rank - shape.length), shape)) {
    throw new ShapeError(
      `layerNorm: ${formatShape(x.shape)} does not end in the dimensions ${formatShape(shape)} to normalise over.`,
    );
  }
  refuseMisfits('layerNorm', x, [shape], { weight, bias });
  const columns = sizeOf(shape);
  const rows = x.size / columns;
  if (rows < FEW_ROWS && columns > LONG_ROW) {
    const normal = reshape(groups('layerNorm', reshape(x, [rows, 1, columns]), 1, {}, 1, eps), x.shape);
    const scaled = weight ? mul(normal, weight) : normal;
    return bias ? add(scaled, bias) : scaled;
  }
  const source = contiguous(x);
  const spec = { rows, columns, hasWeight: !!weight, hasBias: !!bias };
  const [y, stats] = runMany(
    layerNormShader(spec, eps),
    [source, ...present(weight, bias)],
    [{ shape: x.shape }, { shape: [rows, 2] }],
  ) as [Tensor, Tensor];
  const out = record('layerNorm', y, [source, ...present(weight, bias)], (gradient, needs) => {
    const needsWeight = weight !== undefined && needs[1]!;
    const needsBias = bias !== undefined && needs[weight ? 2 : 1]!;
    const dy = contiguousData(gradient);
    const dx = needs[0] ? run(layerNormGrad(spec), [source, dy, ...present(weight), stats], x.shape) : undefined;
    if (!needsWeight && !needsBias) return [dx];
    const cut = cutRows(rows, columns);
    const partial = { shape: [cut.splits, columns] };
    const sums = runMany(layerNormWeightGrad(rows, columns, cut), [source, dy, stats], [partial, partial]);
    const [dweight, dbias] = sums.map((t) => viewOf(cut.splits === 1 ? t : reduceAxes('sum', t, [0]), shape));
    return [dx, ...(weight ? [dweight] : []), ...(bias ? [dbias] : [])];
  });
  if (!out.node) stats.storage.release();
  return out;
}
