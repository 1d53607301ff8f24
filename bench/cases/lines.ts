import { gather, indexSelect, oneHot, scatter, scatterAdd } from '../../engine/ops/indexing.js';
import { bceWithLogits, crossEntropy, nllLoss } from '../../engine/ops/loss.js';
import { amax, argmax, cumsum, logsumexp, std } from '../../engine/ops/reduce.js';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import { sort, topk } from '../../engine/ops/sort.js';
import { sum } from '../../engine/ops/sum.js';
import type { Tensor } from '../../engine/tensor.js';
import {
  gather as gatherShader,
  indexSelect as indexSelectShader,
  oneHot as oneHotShader,
  placeAt,
  scatter as scatterShader,
} from '../../shaders/indexing.js';
import { alongLines } from '../../shaders/lines.js';
import {
  crossEntropyGrad,
  crossEntropy as crossEntropyShader,
  meanOfKept,
  nllLossGrad,
  nllLoss as nllLossShader,
  pointwiseLoss,
  pointwiseLossGrad,
} from '../../shaders/loss.js';
import { argJoin, argReduce, ratio, reduce, spread } from '../../shaders/reduce.js';
import { scanAdd, scanBlocks, scanLines } from '../../shaders/scan.js';
import { softmaxKernel } from '../../shaders/softmax.js';
import { mergeRuns, sortBlocks } from '../../shaders/sort.js';
import { type Case, type Factory, kernels } from '../case.js';
import { activation, backwardOf, FEATURES, fraction, IDENTITIES, indices, P_K, random } from '../sizes.js';

const logits = () => random([P_K, IDENTITIES]);
const labels = () => indices([P_K], IDENTITIES);
/** A gallery of Market-1501's size against a few queries. */
const GALLERY = [32, 15913];

/** An operator of one tensor. */
const of = (
  name: string,
  factories: readonly Factory[],
  kernel: string,
  make: () => Tensor,
  f: (x: Tensor) => unknown,
): Case =>
  kernels(name, factories, [kernel], () => {
    const x = make();
    return () => f(x);
  });

/** The way back of an operator of one tensor. */
const back = (
  name: string,
  factories: readonly Factory[],
  kernel: string,
  make: () => Tensor,
  f: (x: Tensor) => Tensor,
): Case =>
  kernels(name, factories, [kernel], () => {
    const x = make();
    return backwardOf(f(x), [x]);
  });

const layer1 = () => activation('layer1');

const reductions: readonly Case[] = [
  of('sum_rows', [reduce], 'sum', layer1, (x) => sum(x, [2, 3])),
  of('sum_columns', [reduce], 'sum', layer1, (x) => sum(x, 1)),
  of('sum_all', [reduce], 'sum', layer1, (x) => sum(x)),
  of('max_rows', [reduce], 'max', layer1, (x) => amax(x, [2, 3])),
  back('logsumexpGrad', [spread], 'logsumexpGrad', logits, (x) => logsumexp(x, 1)),
  kernels('ratio', [ratio], ['ratio'], () => {
    const x = random([P_K, FEATURES]);
    return backwardOf(std(x, 0), [x]);
  }),
  of(
    'argmax',
    [argReduce],
    'argmax',
    () => random(GALLERY),
    (x) => argmax(x, 1),
  ),
  of('argmaxJoin', [argJoin], 'argmaxJoin', layer1, (x) => argmax(x)),
  of('cumsum_lines', [scanLines], 'cumsum', layer1, (x) => cumsum(x, 1)),
  of(
    'cumsum_rows',
    [scanBlocks],
    'cumsum',
    () => random(GALLERY),
    (x) => cumsum(x, 1),
  ),
  of(
    'cumsumAdd',
    [scanAdd],
    'cumsumAdd',
    () => random(GALLERY),
    (x) => cumsum(x, 1),
  ),
];

const orders: readonly Case[] = [
  of(
    'sortBlocks',
    [sortBlocks],
    'sortBlocks',
    () => random(GALLERY),
    (x) => sort(x),
  ),
  of(
    'mergeRuns',
    [mergeRuns],
    'mergeRuns',
    () => random(GALLERY),
    (x) => sort(x),
  ),
  of(
    'topk10',
    [sortBlocks],
    'sortBlocks',
    () => random(GALLERY),
    (x) => topk(x, 10),
  ),
];

const index = () => indices([P_K, IDENTITIES], IDENTITIES);

const lookups: readonly Case[] = [
  of('gather', [gatherShader], 'gather', logits, (x) => gather(x, 1, index())),
  back(
    'placeAt',
    [placeAt],
    'placeAt',
    () => random(GALLERY),
    (x) => topk(x, 10).values,
  ),
  of(
    'indexSelect',
    [indexSelectShader],
    'indexSelect',
    () => random([IDENTITIES, FEATURES]),
    (x) => indexSelect(x, 0, labels()),
  ),
  of('scatter', [scatterShader], 'scatter', logits, (x) => scatter(x, 1, index(), x)),
  of('scatterAdd', [scatterShader], 'scatterAdd', logits, (x) => scatterAdd(x, 1, index(), x)),
  of('oneHot', [oneHotShader], 'oneHot', labels, (x) => oneHot(x, IDENTITIES)),
];

const classes = (smooth: number) => () => {
  const [x, target] = [logits(), labels()];
  return { x, loss: () => crossEntropy(x, target, { labelSmoothing: smooth }) };
};

const negative = () => {
  const [x, target] = [logSoftmax(logits().detach()), labels()];
  x.requiresGrad = true;
  return { x, loss: () => nllLoss(x, target) };
};

const masks = () => {
  const [x, target] = [layer1(), fraction(layer1().shape)];
  return { x, loss: () => bceWithLogits(x, target.detach()) };
};

const forward = (make: () => { loss: () => Tensor }) => () => make().loss;

const backward = (make: () => { x: Tensor; loss: () => Tensor }) => () => {
  const { x, loss } = make();
  return backwardOf(loss(), [x]);
};

const losses: readonly Case[] = [
  of('softmax_rows', [softmaxKernel, alongLines], 'softmax', logits, (x) => softmax(x)),
  of('softmax_channels', [softmaxKernel, alongLines], 'softmax', layer1, (x) => softmax(x, 1)),
  back('softmaxGrad', [softmaxKernel, alongLines], 'softmaxGrad', logits, (x) => softmax(x)),
  kernels('crossEntropy', [crossEntropyShader], ['crossEntropy'], forward(classes(0.1))),
  kernels('crossEntropyGrad', [crossEntropyGrad], ['crossEntropyGrad'], backward(classes(0.1))),
  kernels('meanOfKept', [meanOfKept], ['meanOfKept'], forward(classes(0.1))),
  kernels('nllLoss', [nllLossShader], ['nllLoss'], forward(negative)),
  kernels('nllLossGrad', [nllLossGrad], ['nllLossGrad'], backward(negative)),
  kernels('bceWithLogits', [pointwiseLoss], ['bceWithLogits'], forward(masks)),
  kernels('bceWithLogitsGrad', [pointwiseLossGrad], ['bceWithLogitsGrad'], backward(masks)),
];

/** What runs along one dimension: reductions, running sums, orders, look-ups and losses. */
export const lines: readonly Case[] = [...reductions, ...orders, ...lookups, ...losses];
