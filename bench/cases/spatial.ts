import { pad } from '../../engine/ops/pad.js';
import { adaptiveAvgPool2d, adaptiveMaxPool2d, avgPool2d, maxPool2d } from '../../engine/ops/pool.js';
import { tril, unfold2d } from '../../engine/ops/rearrange.js';
import { gridSample, interpolate } from '../../engine/ops/resample.js';
import type { Tensor } from '../../engine/tensor.js';
import { padPlanes, padPlanesGrad } from '../../shaders/pad.js';
import { avgPool, avgPoolGrad, globalMaxPoolGrad, globalPool, maxPool, maxPoolGrad } from '../../shaders/pool.js';
import { fold2d, triangle, unfold2d as unfoldShader } from '../../shaders/rearrange.js';
import {
  gridSampleGrad,
  gridSampleGridGrad,
  gridSample as gridSampleShader,
  interpolateGrad,
  interpolate as interpolateShader,
} from '../../shaders/resample.js';
import { type Case, type Factory, kernels } from '../case.js';
import { activation, BATCH, backwardOf, fraction, random, type Stage } from '../sizes.js';

/** An operator of one activation, forward (kernel `name`) and backward (kernel `name`Grad). */
const both = (
  name: string,
  [forward, back]: readonly [Factory, Factory],
  stage: Stage,
  f: (x: Tensor) => Tensor,
  kernel = name,
): Case[] => [
  kernels(name, [forward], [kernel], () => {
    const x = activation(stage);
    return () => f(x);
  }),
  kernels(`${name}Grad`, [back], [`${kernel}Grad`], () => {
    const x = activation(stage);
    return backwardOf(f(x), [x]);
  }),
];

/** The stem's own pool. */
const stemPool = { kernelSize: 3, stride: 2, padding: 1 };

const sampled = () => {
  const [x, grid] = [activation('narrow1'), fraction([BATCH, 64, 32, 2])];
  return { x, grid, y: () => gridSample(x, grid, { alignCorners: false }) };
};

export const spatial: readonly Case[] = [
  ...both('maxPool', [maxPool, maxPoolGrad], 'stem', (x) => maxPool2d(x, stemPool)),
  ...both('avgPool', [avgPool, avgPoolGrad], 'stem', (x) => avgPool2d(x, stemPool)),
  kernels('globalAvgPool', [globalPool], ['globalAvgPool'], () => {
    const x = activation('layer4');
    return () => adaptiveAvgPool2d(x, 1);
  }),
  ...both('globalMaxPool', [globalPool, globalMaxPoolGrad], 'layer4', (x) => adaptiveMaxPool2d(x, 1)),
  ...both('pad', [padPlanes, padPlanesGrad], 'narrow1', (x) => pad(x, [1, 1, 1, 1], { mode: 'reflect' })),
  ...both('interpolate', [interpolateShader, interpolateGrad], 'narrow1', (x) =>
    interpolate(x, { scaleFactor: 2, mode: 'bilinear' }),
  ),
  kernels('gridSample', [gridSampleShader], ['gridSample'], () => sampled().y),
  kernels('gridSampleGrad', [gridSampleGrad], ['gridSampleGrad'], () => {
    const { x, y } = sampled();
    return backwardOf(y(), [x]);
  }),
  kernels('gridSampleGridGrad', [gridSampleGridGrad], ['gridSampleGridGrad'], () => {
    const { grid, y } = sampled();
    return backwardOf(y(), [grid]);
  }),
  kernels('unfold2d', [unfoldShader], ['unfold2d'], () => {
    const x = activation('narrow2');
    return () => unfold2d(x, 3, { padding: 1 });
  }),
  kernels('fold2d', [fold2d], ['fold2d'], () => {
    const x = activation('narrow2');
    return backwardOf(unfold2d(x, 3, { padding: 1 }), [x]);
  }),
  kernels('tril', [triangle], ['tril'], () => {
    const x = random([2048, 2048]);
    return () => tril(x);
  }),
];
