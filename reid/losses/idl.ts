import { ShapeError } from '../../engine/errors.js';
import { add, mul } from '../../engine/ops/arithmetic.js';
import { matmul } from '../../engine/ops/matmul.js';
import { logSoftmax } from '../../engine/ops/softmax.js';
import { sum } from '../../engine/ops/sum.js';
import { clamp, exp, log1p, mulScalar, neg } from '../../engine/ops/unary.js';
import { transpose } from '../../engine/ops/view.js';
import { type Tensor, tensor } from '../../engine/tensor.js';

/** Probabilities of others are no closer to 1 than this, so that log(1 − p) is finite. */
const MOST = 1 - 1e-6;

/** Stands for −∞ in a logit. */
const NOTHING = -1e9;

/** [n, n] numbers by row and column. */
const grid = (like: Tensor, n: number, value: (row: number, column: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: n * n }, (_, i) => value(Math.floor(i / n), i % n)),
    [n, n],
    { gpu: like.gpu },
  );

/** Σ log(1 − p) over the places where `kept` is 1. */
const othersRefused = (p: Tensor, kept: Tensor): Tensor => sum(mul(log1p(neg(clamp(p, 0, MOST))), kept));

export interface InstanceLossOptions {
  /** τ; default 0.1. */
  readonly temperature?: number;
  /** m: how often a picture of another instance counts; default 1. */
  readonly negatives?: number;
}

/**
 * The instance discriminative loss in its symmetric form (Ye et al., "Unsupervised embedding learning via invariant and spreading
 * instance feature", CVPR 2019): each view of a picture is to find its other view among all rows of the batch, and all others are to
 * be refused. With S_ab = exp(w_a·sg(w_b) / τ), 0 where a = b, and D_a = S_aa′ + m Σ_{b≠a,a′} S_ab:
 * −1/2B Σ_a [log(S_aa′ / D_a) + m Σ_{b≠a,a′} log(1 − S_ab / D_a)]. No gradient reaches a row in its role as another row's key (sg).
 *
 * @param rows [2B, D] of length 1: B pictures, then their other views in the same order
 */
export function instanceLoss(rows: Tensor, { temperature = 0.1, negatives: m = 1 }: InstanceLossOptions = {}): Tensor {
  const n = rows.shape[0]!;
  if (rows.rank !== 2 || n < 4 || n % 2 !== 0) {
    throw new ShapeError(`instanceLoss: ${rows} should hold two views of at least two pictures, [2B, D].`);
  }
  const isPair = (a: number, b: number) => Math.abs(a - b) === n / 2;
  const weight = Math.log(m);
  const offsets = grid(rows, n, (a, b) => (a === b ? NOTHING : isPair(a, b) ? 0 : weight));
  const pairs = grid(rows, n, (a, b) => Number(isPair(a, b)));
  const others = grid(rows, n, (a, b) => Number(a !== b && !isPair(a, b)));
  const logits = matmul(mulScalar(rows, 1 / temperature), transpose(rows.detach()));
  const logs = logSoftmax(add(logits, offsets));
  const found = sum(mul(logs, pairs));
  const refused = othersRefused(mulScalar(exp(logs), 1 / m), others);
  return mulScalar(add(found, mulScalar(refused, m)), -1 / n);
}

/**
 * The same as published, the second view alone seeking and summed over the batch: −Σ_i log P(i | x̂_i) − Σ_i Σ_{j≠i} log(1 − P(i | x_j)),
 * with P(i | x) = exp(u_i·φ(x) / τ) / Σ_k exp(u_k·φ(x) / τ). Gradients flow to every factor.
 *
 * @param unit [B, D], rows of length 1
 * @param augmented [B, D]: the other views, in the same order
 */
export function publishedInstanceLoss(
  unit: Tensor,
  augmented: Tensor,
  { temperature = 0.1 }: Pick<InstanceLossOptions, 'temperature'> = {},
): Tensor {
  const n = unit.shape[0]!;
  if (augmented.shape[0] !== n || augmented.shape[1] !== unit.shape[1] || unit.rank !== 2) {
    throw new ShapeError(`publishedInstanceLoss: ${unit} and ${augmented} should both be [B, D].`);
  }
  const same = grid(unit, n, (a, b) => Number(a === b));
  const others = grid(unit, n, (a, b) => Number(a !== b));
  const keys = transpose(unit);
  const logits = (x: Tensor) => logSoftmax(matmul(mulScalar(x, 1 / temperature), keys));
  const found = sum(mul(logits(augmented), same));
  return neg(add(found, othersRefused(exp(logits(unit)), others)));
}
