import { cutRows, layerNormGrad, layerNorm as layerNormShader, layerNormWeightGrad } from '../../shaders/layernorm.js';
import { cutPlanes, type Planes, planeGradSums, planeMoments } from '../../shaders/norm.js';
import { planeApply, planeApplyGrad, planeScale } from '../../shaders/norm-apply.js';
import { foldTable, planeGradTable, planeTable, runningTable } from '../../shaders/norm-table.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { isRecomputing, isTracing, record } from '../tape.js';
import { contiguousData, empty, requireFloat, run, runInto, runMany, type Tensor, viewOf } from '../tensor.js';
import { add, mul } from './arithmetic.js';
import { reduceAxes } from './sum.js';
import { contiguous, reshape } from './view.js';

/** y = (x − mean)/√(var + eps)·weight + bias, with statistics over different parts of x. */

/** What follows a norm in the same pass over the elements: y = relu(norm(x) + residual). */
export interface NormEpilogue {
  /** Of the shape of x; added before the activation. */
  readonly residual?: Tensor;
  /** ReLU; a number is the slope below zero of a leaky one. Default: none. */
  readonly relu?: boolean | number;
}

export interface BatchNormOptions extends NormEpilogue {
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

export interface InstanceNormOptions extends NormEpilogue {
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
  /** The running ones. */
  readonly reads?: readonly Tensor[];
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

/**
 * The slope below zero that `relu` of an epilogue means: 1 is no activation.
 *
 * @throws ShapeError for a slope that is negative or not finite: the sign of the result would not tell that of the input
 */
export function slopeOf(op: string, relu: boolean | number | undefined): number {
  const slope = typeof relu === 'number' ? relu : relu ? 0 : 1;
  if (slope >= 0 && Number.isFinite(slope)) return slope;
  throw new ShapeError(`${op}: relu must be true, false or a finite slope of at least 0, got ${relu}.`);
}

/** Refuses what can not follow the norm of x, before anything moves. */
function checkEpilogue(op: string, x: Tensor, { residual, relu }: NormEpilogue): void {
  slopeOf(op, relu);
  refuseMisfits(op, x, [x.shape], { residual });
  requireFloat(op, x, ...present(residual));
}

const present = (...tensors: readonly (Tensor | undefined)[]): Tensor[] => tensors.filter((t) => t !== undefined);

/** The gradient of a weight from one value a plane: planes that took the same weight are summed. */
function toWeight(perPlane: Tensor, weight: Tensor): Tensor {
  const repeats = perPlane.size / weight.size;
  const total = repeats === 1 ? perPlane : reduceAxes('sum', viewOf(perPlane, [repeats, weight.size]), [0]);
  return viewOf(total, weight.shape);
}

/** The pass over the elements, and the way back: one reduction, one small table, one pass. */
function normalise(op: string, x: Tensor, affine: Affine & NormEpilogue, statistics: Statistics): Tensor {
  const { weight, bias, residual } = affine;
  const { planes, table, per, total, eps, unbiased } = statistics;
  const slope = slopeOf(op, affine.relu);
  const y = run(
    planeApply({ ...planes, slope, residual: !!residual }),
    [x, ...present(residual), table],
    x.shape,
    x.dtype,
  );
  const inputs = [x, ...present(weight, bias, residual)];
  // With a residual the activation's way back is the residual's gradient, and both passes need it: the first one writes it.
  const masking = { slope, residual: !!residual && slope !== 1 };
  const like = { shape: x.shape, dtype: x.dtype };
  const back = (gradient: Tensor, needs: readonly boolean[]) => {
    const needed = (t: Tensor | undefined) => t !== undefined && needs[inputs.indexOf(t)]!;
    const dy = contiguousData(gradient);
    const sources = masking.residual ? [x, dy, y] : [x, dy];
    const results = (dx?: Tensor, masked = dy, dweight?: Tensor, dbias?: Tensor) => [
      dx,
      ...(weight ? [dweight] : []),
      ...(bias ? [dbias] : []),
      ...(residual ? [masked] : []),
    ];
    if (total === 0 && !needed(weight) && !needed(bias)) {
      const sign = slope === 1 ? [] : [masking.residual ? y : x];
      const scaled = planeScale({ ...planes, ...masking });
      const [dx, masked] = runMany(scaled, [dy, ...sign, table], masking.residual ? [like, like] : [like]);
      return results(dx, masked);
    }
    const cut = cutPlanes(planes);
    const k = planes.planes;
    const partial = { shape: [cut.splits, k, 2] };
    const reduction = planeGradSums({ ...planes, ...cut, ...masking });
    const [sums, masked] = runMany(reduction, [...sources, table], masking.residual ? [partial, like] : [partial]) as [
      Tensor,
      Tensor | undefined,
    ];
    const [coefficients, sumG, sumGx] = runMany(
      planeGradTable({ planes: k, per, eps, splits: cut.splits, total, unbiased }),
      [sums, table],
      [{ shape: [k, 2] }, { shape: [k] }, { shape: [k] }],
    ) as [Tensor, Tensor, Tensor];
    const pass = planeApplyGrad({ ...planes, slope: masked ? 1 : slope });
    return results(
      needs[0] ? run(pass, [x, masked ?? dy, table, coefficients], x.shape, x.dtype) : undefined,
      masked,
      needed(weight) ? toWeight(sumGx, weight!) : undefined,
      needed(bias) ? toWeight(sumG, bias!) : undefined,
    );
  };
  const has = { weight: !!weight, bias: !!bias, residual: !!residual };
  const attributes = { ...has, training: total > 0, eps, per, unbiased, slope };
  const out = record(op, y, inputs, back, { reads: statistics.reads, attributes });
  if (!out.node) table.storage.release();
  return out;
}

/**
 * Norm of each channel of [N, C, ...] over the batch and the positions; normalises with the biased variance. In training the
 * running statistics move in place, the variance with the unbiased one: not when a checkpoint computes its forward again.
 *
 * A residual and an activation are done in the same pass; of the two ways back only x, y and the table are kept.
 *
 * dx = scale (g − Σg/n − x̂ Σ(g·x̂)/n) with g = dy·relu′(y); dx = scale g with running statistics.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  const { weight, bias, runningMean, runningVar, training, momentum = 0.1, eps = 1e-5 } = options;
  const [n, channels] = x.shape as [number, number];
  if (x.rank < 2) {
    throw new ShapeError(`batchNorm: x must be [N, C] or [N, C, ...], got ${formatShape(x.shape)}.`);
  }
  refuseMisfits('batchNorm', x, [[channels]], { weight, bias, runningMean, runningVar });
  checkEpilogue('batchNorm', x, options);
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
    runInto(runningTable(shared), [runningMean!, runningVar!, ...present(weight, bias)], [table]);
  }
  const reads = training ? [] : present(runningMean, runningVar);
  return normalise('batchNorm', source, options, { planes, table, per: 1, total, eps, unbiased: false, reads });
}

/**
 * Running statistics, weight and bias of a batch norm as a factor and a summand of each channel [C]:
 * batchNorm(x + convBias) = scale·x + shift in evaluation. Outside of the graph.
 */
export function foldBatchNorm(
  options: Omit<BatchNormOptions, 'training' | 'momentum' | keyof NormEpilogue>,
  convBias?: Tensor,
): { readonly scale: Tensor; readonly shift: Tensor } {
  const { weight, bias, runningMean, runningVar, eps = 1e-5 } = options;
  if (!runningMean || !runningVar) {
    throw new ShapeError('foldBatchNorm: a norm without running statistics can not be folded.');
  }
  const channels = runningMean.size;
  const affine = { hasWeight: !!weight, hasBias: !!bias, hasConvBias: !!convBias };
  const [scale, shift] = runMany(
    foldTable({ planes: channels, weights: channels, eps, ...affine }),
    [runningMean, runningVar, ...present(weight, bias, convBias)],
    [{ shape: [channels] }, { shape: [channels] }],
  ) as [Tensor, Tensor];
  return { scale, shift };
}

/** Norm of each sample's groups of neighbouring planes; `weights` of them, repeating. */
function groups(
  op: string,
  x: Tensor,
  per: number,
  affine: Affine & NormEpilogue,
  weights: number,
  eps: number,
  unbiased = false,
): Tensor {
  checkEpilogue(op, x, affine);
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
  { unbiased = false, ...epilogue }: { readonly unbiased?: boolean } & NormEpilogue = {},
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
  return groups('groupNorm', x, per, { weight, bias, ...epilogue }, channels, eps, unbiased);
}

/** Norm of every channel of every sample of [N, C, ...] over its positions; the same in training and evaluation. */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  const { weight, bias, eps = 1e-5 } = options;
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
  return groups('instanceNorm', x, 1, options, (weight ?? bias)?.size ?? channels, eps);
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
  if (rows < FEW_ROWS && columns > LONG_ROW && !isTracing()) {
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
  const back = (gradient: Tensor, needs: readonly boolean[]) => {
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
  };
  const attributes = { weight: !!weight, bias: !!bias, shape, eps };
  const out = record('layerNorm', y, [source, ...present(weight, bias)], back, { attributes });
  if (!out.node) stats.storage.release();
  return out;
}
