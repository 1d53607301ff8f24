import { batchNorm, foldBatchNorm, layerNorm } from '../../engine/ops/norm.js';
import { layerNormGrad, layerNorm as layerNormShader, layerNormWeightGrad } from '../../shaders/layernorm.js';
import { planeGradSums, planeMoments } from '../../shaders/norm.js';
import { planeApply, planeApplyGrad, planeScale } from '../../shaders/norm-apply.js';
import { foldTable, planeGradTable, planeTable, runningTable } from '../../shaders/norm-table.js';
import { type Case, kernels } from '../case.js';
import { activation, BATCH, backwardOf, FEATURES, fraction, random, STAGES, type Stage } from '../sizes.js';

const batch = (stage: Stage, training: boolean) => {
  const channels = [STAGES[stage][0]];
  const [x, weight, bias] = [activation(stage), random(channels), random(channels)];
  const [runningMean, runningVar] = [random(channels).detach(), fraction(channels).detach()];
  return { x, weight, bias, y: () => batchNorm(x, { weight, bias, runningMean, runningVar, training }) };
};

const forward =
  (stage: Stage, training = true) =>
  () =>
    batch(stage, training).y;

const backward = (stage: Stage) => () => {
  const { x, weight, bias, y } = batch(stage, true);
  return backwardOf(y(), [x, weight, bias]);
};

const backwardOfFixed = () => {
  const { x, y } = batch('layer1', false);
  return backwardOf(y(), [x]);
};

const fold = () => {
  const channels = [STAGES.layer4[0]];
  const options = { weight: random(channels), runningMean: random(channels), runningVar: fraction(channels) };
  return () => foldBatchNorm(options);
};

/** Norm, sum with the shortcut, ReLU. */
const residual = () => {
  const { x, weight, bias } = batch('layer1', true);
  const shortcut = activation('layer1');
  return {
    inputs: [x, weight, bias, shortcut],
    y: () => batchNorm(x, { weight, bias, residual: shortcut, relu: true, training: true }),
  };
};

const residualBackward = () => {
  const { inputs, y } = residual();
  return backwardOf(y(), inputs);
};

/** Every position of layer4's output as a row. */
const layer = () => {
  const [x, weight, bias] = [random([BATCH * 128, FEATURES]), random([FEATURES]), random([FEATURES])];
  return { x, weight, bias, y: () => layerNorm(x, FEATURES, weight, bias) };
};

const layerBackward = () => {
  const { x, weight, bias, y } = layer();
  return backwardOf(y(), [x, weight, bias]);
};

export const norms: readonly Case[] = [
  kernels('planeMoments', [planeMoments], ['planeMoments'], forward('layer1')),
  kernels('planeMoments_layer4', [planeMoments], ['planeMoments'], forward('layer4')),
  kernels('planeTable', [planeTable], ['planeTable'], forward('layer1')),
  kernels('runningTable', [runningTable], ['runningTable'], forward('layer1', false)),
  kernels('foldTable', [foldTable], ['foldTable'], fold),
  kernels('planeApply_residual', [planeApply], ['planeApply'], () => residual().y),
  kernels('planeGradSums_residual', [planeGradSums], ['planeGradSums'], residualBackward),
  kernels('planeApply', [planeApply], ['planeApply'], forward('layer1')),
  kernels('planeGradSums', [planeGradSums], ['planeGradSums'], backward('layer1')),
  kernels('planeGradTable', [planeGradTable], ['planeGradTable'], backward('layer1')),
  kernels('planeApplyGrad', [planeApplyGrad], ['planeApplyGrad'], backward('layer1')),
  kernels('planeScale', [planeScale], ['planeScale'], backwardOfFixed),
  kernels('layerNorm', [layerNormShader], ['layerNorm'], () => layer().y),
  kernels('layerNormGrad', [layerNormGrad], ['layerNormGrad'], layerBackward),
  kernels('layerNormWeightGrad', [layerNormWeightGrad], ['layerNormWeightGrad'], layerBackward),
];
