import { currentGpu } from '../gpu.js';
import type { Shape } from '../shape.js';
import { empty } from '../tensor.js';
import { constant_, fansOf, kaimingUniform_, uniform_ } from './init.js';
import { Parameter } from './parameter.js';

/** A parameter of undefined contents on the current GPU, for an initialiser to fill. */
export const emptyParameter = (shape: Shape): Parameter =>
  new Parameter(empty(currentGpu(), shape, 'float32', 'parameter'));

export const ones = (shape: Shape): Parameter => constant_(emptyParameter(shape), 1);
export const zeros = (shape: Shape): Parameter => constant_(emptyParameter(shape), 0);

/** PyTorch's default weights of linear layers and convolutions: U(±1/√fan_in). */
export const defaultWeight = (shape: Shape): Parameter => kaimingUniform_(emptyParameter(shape), { a: Math.sqrt(5) });

/** PyTorch's default bias beside a weight of shape `weight`: U(±1/√fan_in). */
export function defaultBias(size: number, weight: Shape): Parameter {
  const bound = 1 / Math.sqrt(fansOf(weight).fanIn);
  return uniform_(emptyParameter([size]), -bound, bound);
}
