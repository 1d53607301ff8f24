import { add, div, minimum, mul, rsub, sub } from '../../../engine/ops/arithmetic.js';
import { l2Normalize, squaredEuclidean } from '../../../engine/ops/distance.js';
import { gather } from '../../../engine/ops/indexing.js';
import { matmul } from '../../../engine/ops/matmul.js';
import { minAll } from '../../../engine/ops/reduce.js';
import { softmax } from '../../../engine/ops/softmax.js';
import { sum } from '../../../engine/ops/sum.js';
import { clamp, exp, mulScalar, neg, sqrt, square } from '../../../engine/ops/unary.js';
import { reshape, transpose } from '../../../engine/ops/view.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { sameLabel } from '../same-label.js';

export interface OSMCAAOptions {
  /** α: distance from which pictures of two classes count as far enough apart. */
  readonly alpha: number;
  /** λ: the share of the pairs of two classes; those of one class have 1 − λ. */
  readonly lambda: number;
  /** σ: how fast pairs of one class lose their weight with their distance. */
  readonly sigma: number;
}

const LEAST = 1e-12;
const MOST = 1e12;
/** Far beyond any squared distance of unit vectors. */
const FAR = 1e9;

/**
 * Online soft mining with class-aware attention (Wang et al., "Deep metric learning by online soft mining and class-aware
 * attention", AAAI 2019) in the form of FGReID: of unit features x̂ with d = ‖x̂ᵢ − x̂ⱼ‖, pairs of one class weigh e^(−d²/σ²), pairs of two
 * classes h = max(α − d, 1e-12), both times the smaller of the two attentions aᵢ = softmaxₖ(x̂ᵢ · ĉₖ)[yᵢ]; the loss is
 * (1 − λ) · ½ Σ W⁺ d² / Σ W⁺ + λ · ½ Σ W⁻ h² / Σ W⁻. Gradients flow through the weights and into the class vectors.
 *
 * All weights of one class are taken relative to the largest, which leaves the loss what it is and keeps them from becoming 0.
 *
 * @param features [N, C]
 * @param labels int32 [N]
 * @param classes [K, C]: a vector for each class
 */
export function osmCAALoss(features: Tensor, labels: Tensor, classes: Tensor, options: OSMCAAOptions): Tensor {
  const { alpha, lambda, sigma } = options;
  const n = features.shape[0]!;
  const x = l2Normalize(features);
  const same = sameLabel(features, labels, 'osmCAALoss');
  const others = mul(same, rsub(diagonal(features), 1));
  const different = rsub(same, 1);
  const distances = sqrt(clamp(squaredEuclidean(x, x), LEAST, MOST));
  const squares = square(distances);

  const scores = softmax(matmul(x, transpose(l2Normalize(classes))), 1);
  const own = gather(scores, 1, reshape(labels, [n, 1]));
  const attention = minimum(own, transpose(own));

  const least = minAll(add(squares.detach(), mulScalar(rsub(others, 1), FAR)));
  // Far pairs of two classes would overflow before they are masked.
  const near = exp(neg(mulScalar(clamp(sub(squares, least), 0, MOST), 1 / sigma ** 2)));
  const positive = mul(mul(near, attention), others);
  const gap = clamp(rsub(distances, alpha), LEAST, MOST);
  const negative = mul(mul(gap, attention), different);
  const average = (weights: Tensor, of: Tensor) => div(sum(mul(weights, of)), clamp(sum(weights), LEAST, MOST));
  return add(
    mulScalar(average(positive, squares), (1 - lambda) / 2),
    mulScalar(average(negative, square(gap)), lambda / 2),
  );
}

/** [N, N]: 1 on the diagonal. */
function diagonal({ shape, gpu }: Tensor): Tensor {
  const n = shape[0]!;
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return tensor(data, [n, n], { gpu });
}
