import { conv2d } from '../ops/conv.js';
import type { NormEpilogue } from '../ops/norm.js';
import { isRecording, isTracing } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Conv2d } from './conv.js';
import type { BatchNorm } from './norm.js';

/**
 * relu(norm(conv(x)) + residual): a convolution, its batch norm and what follows.
 *
 * Where the norm takes its running statistics (`eval()`) and nothing wants a gradient, this is one kernel, at the end of which
 * the norm is a factor and a summand. Elsewhere the norm, the sum and the ReLU are one pass behind the convolution.
 *
 * @example
 *   const y = convNorm(this.conv1, this.bn1, x, { relu: true });
 *   return convNorm(this.conv2, this.bn2, y, { residual: x, relu: true });
 */
export function convNorm(conv: Conv2d, norm: BatchNorm, x: Tensor, epilogue: NormEpilogue = {}): Tensor {
  const { weight, bias, options } = conv;
  const inputs = [x, weight, bias, norm.weight, norm.bias, epilogue.residual];
  const wanted = isRecording() && inputs.some((t) => t?.requiresGrad);
  if (norm.usesBatch || wanted || isTracing()) return norm.forward(conv.forward(x), epilogue);
  const { scale, shift } = norm.fold(bias);
  const y = conv2d(x, weight, shift, { ...options, epilogue: { ...epilogue, scale } });
  scale.storage.release();
  shift.storage.release();
  return y;
}
