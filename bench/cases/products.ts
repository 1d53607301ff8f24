import { scaledDotProductAttention } from '../../engine/ops/attention.js';
import { cdist, euclidean, l2Normalize, squaredEuclidean } from '../../engine/ops/distance.js';
import { linear, matmul } from '../../engine/ops/matmul.js';
import { attention, attentionGradKeys, attentionGradQueries } from '../../shaders/attention.js';
import {
  euclideanGrad,
  joinDistances,
  metricDistances,
  metricGrad,
  normalizeKernel,
  pairDistances,
  squaredLengths,
} from '../../shaders/distance.js';
import { matmul as matmulShader } from '../../shaders/matmul.js';
import { type Case, kernels } from '../case.js';
import { backwardOf, FEATURES, IDENTITIES, P_K, random } from '../sizes.js';

const square = (n: number) => () => {
  const [a, b] = [random([n, n]).detach(), random([n, n]).detach()];
  return () => matmul(a, b);
};

/** The classifier over a batch's features. */
const head = () => {
  const [x, w] = [random([P_K, FEATURES]), random([IDENTITIES, FEATURES])];
  return { x, w, y: linear(x, w) };
};

const heads = () =>
  [0, 1, 2].map(() => random([4, 8, 128, 64])) as [
    q: ReturnType<typeof random>,
    k: ReturnType<typeof random>,
    v: ReturnType<typeof random>,
  ];

const attentionBackward = () => {
  const [q, k, v] = heads();
  return backwardOf(scaledDotProductAttention(q, k, v), [q, k, v]);
};

/** Features of a batch against themselves, as the triplet loss compares them. */
const withinBatch =
  (
    distance: (x: ReturnType<typeof random>, y: ReturnType<typeof random>) => ReturnType<typeof random>,
    depth = FEATURES,
  ) =>
  () => {
    const [x, y] = [random([P_K, depth]), random([P_K, depth])];
    return { x, y, d: distance(x, y), forward: () => distance(x, y) };
  };

const backward = (made: ReturnType<typeof withinBatch>) => () => {
  const { x, y, d } = made();
  return backwardOf(d, [x, y]);
};

export const products: readonly Case[] = [
  { name: 'matmul512', of: [matmulShader], prepare: square(512) },
  { name: 'matmul1024', of: [matmulShader], prepare: square(1024) },
  kernels('linear', [matmulShader], ['matmul'], () => {
    const { x, w } = head();
    return () => linear(x, w);
  }),
  kernels('linear_bwd', [matmulShader], ['matmul'], () => {
    const { x, w, y } = head();
    return backwardOf(y, [x, w]);
  }),
  {
    name: 'attention',
    of: [attention],
    prepare: () => {
      const [q, k, v] = heads().map((t) => t.detach()) as ReturnType<typeof heads>;
      return () => scaledDotProductAttention(q, k, v);
    },
  },
  kernels('attentionGradQueries', [attentionGradQueries], ['attentionGradQueries'], attentionBackward),
  kernels('attentionGradKeys', [attentionGradKeys], ['attentionGradKeys'], attentionBackward),
  {
    name: 'pdist',
    of: [pairDistances, squaredLengths],
    prepare: () => {
      const [x, y] = [random([2048, 512]).detach(), random([2048, 512]).detach()];
      return () => squaredEuclidean(x, y);
    },
  },
  kernels('pairDistances', [pairDistances], ['pairDistances'], () => withinBatch(euclidean)().forward),
  kernels('squaredLengths', [squaredLengths], ['squaredLengths'], () => withinBatch(euclidean)().forward),
  kernels('joinDistances', [joinDistances], ['joinDistances'], () => withinBatch(euclidean)().forward),
  kernels('euclideanGrad', [euclideanGrad], ['euclideanGrad'], backward(withinBatch(euclidean))),
  kernels('cdist', [metricDistances], ['cdist'], () => withinBatch((x, y) => cdist(x, y, 1), 512)().forward),
  kernels('cdistGrad', [metricGrad], ['cdistGrad'], backward(withinBatch((x, y) => cdist(x, y, 1), 512))),
  kernels('normalize', [normalizeKernel], ['normalize2'], () => {
    const x = random([P_K, FEATURES]);
    return () => l2Normalize(x);
  }),
  kernels('normalizeGrad', [normalizeKernel], ['normalize2Grad'], () => {
    const x = random([P_K, FEATURES]);
    return backwardOf(l2Normalize(x), [x]);
  }),
];
