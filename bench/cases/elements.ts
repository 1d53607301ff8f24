import { grad } from '../../engine/autograd.js';
import { add } from '../../engine/ops/arithmetic.js';
import { toFloat } from '../../engine/ops/cast.js';
import { dropout } from '../../engine/ops/dropout.js';
import { cat } from '../../engine/ops/join.js';
import { sum } from '../../engine/ops/sum.js';
import { gelu, relu, tanh } from '../../engine/ops/unary.js';
import { contiguous, permute, slice } from '../../engine/ops/view.js';
import { maskedFill, prelu, where } from '../../engine/ops/where.js';
import { randn, uniform } from '../../engine/random.js';
import { runInto } from '../../engine/tensor.js';
import { copyStrided, placeStrided } from '../../shaders/copy.js';
import { dropout as dropoutShader } from '../../shaders/dropout.js';
import {
  accumulate,
  binary,
  binaryBroadcast,
  fill,
  ramp,
  unary,
  unaryGrad,
  unaryGradGrad,
} from '../../shaders/elementwise.js';
import { fillNormal, fillUniform } from '../../shaders/random.js';
import {
  maskFill,
  preluGrad,
  prelu as preluShader,
  toFloat as toFloatShader,
  where as whereShader,
} from '../../shaders/where.js';
import { type Case, kernels } from '../case.js';
import { activation, BATCH, backwardOf, FEATURES, IDENTITIES, indices, random, STAGES } from '../sizes.js';

const LAYER1 = [BATCH, ...STAGES.layer1];

/** Every element treated alike: memory is what these cost. */
export const elements: readonly Case[] = [
  kernels('relu', [unary], ['relu'], () => {
    const x = activation('layer1');
    return () => relu(x);
  }),
  kernels('gelu', [unary], ['gelu'], () => {
    const x = activation('layer1');
    return () => gelu(x);
  }),
  kernels('reluGrad', [unaryGrad], ['reluGrad'], () => {
    const x = activation('layer1');
    return backwardOf(relu(x), [x]);
  }),
  kernels('tanhGradGrad', [unaryGradGrad], ['tanhGradGrad'], () => {
    const x = activation('layer1');
    const [dx] = grad([sum(tanh(x))], [x], { createGraph: true });
    return backwardOf(dx!, [x]);
  }),
  kernels('add', [binary], ['add'], () => {
    const [x, y] = [activation('layer1'), activation('layer1')];
    return () => add(x, y);
  }),
  kernels('add_broadcast', [binaryBroadcast], ['add'], () => {
    const [x, bias] = [activation('layer1'), random([STAGES.layer1[0], 1, 1])];
    return () => add(x, bias);
  }),
  kernels('accumulate', [accumulate], ['accumulate'], () => {
    const [x, total] = [activation('layer1').detach(), activation('layer1').detach()];
    return () => runInto(accumulate(x.size), [x], [total]);
  }),
  kernels('fill', [fill], ['fill'], () => {
    const x = activation('layer1').detach();
    return () => runInto(fill(x.size, 0), [], [x]);
  }),
  kernels('arange', [ramp], ['arange'], () => {
    const x = activation('layer1').detach();
    return () => runInto(ramp(x.size, 0, 1), [], [x]);
  }),
  kernels('copy', [copyStrided], ['copy'], () => {
    const x = permute(activation('layer1').detach(), [0, 2, 3, 1]);
    return () => contiguous(x);
  }),
  kernels('place', [placeStrided], ['place'], () => {
    const [x, y] = [activation('narrow1'), activation('narrow1')];
    return () => cat([x, y], 1);
  }),
  kernels('dropout', [dropoutShader], ['dropout'], () => {
    const x = activation('layer1');
    return () => dropout(x);
  }),
  kernels('uniform', [fillUniform], ['uniform'], () => () => uniform(LAYER1)),
  kernels('normal', [fillNormal], ['normal'], () => () => randn(LAYER1)),
  kernels('where', [whereShader], ['where'], () => {
    const [x, y] = [activation('layer1'), activation('layer1')];
    return () => where(slice(x, 0), x, y);
  }),
  kernels('maskedFill', [maskFill], ['maskedFill'], () => {
    const x = activation('layer1');
    return () => maskedFill(x, x, 0);
  }),
  kernels('prelu', [preluShader], ['prelu'], () => {
    const [x, w] = [activation('layer1'), random([STAGES.layer1[0]])];
    return () => prelu(x, w);
  }),
  kernels('preluGrad', [preluGrad], ['preluGrad'], () => {
    const [x, w] = [activation('layer1'), random([STAGES.layer1[0]])];
    return backwardOf(prelu(x, w), [x, w]);
  }),
  kernels('toFloat', [toFloatShader], ['toFloat'], () => {
    const x = indices([BATCH, FEATURES, 16], IDENTITIES);
    return () => toFloat(x);
  }),
];
