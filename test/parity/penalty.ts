import { grad } from '../../engine/autograd.js';
import { mul } from '../../engine/ops/arithmetic.js';
import { conv2d } from '../../engine/ops/conv.js';
import { pad } from '../../engine/ops/pad.js';
import { avgPool2d } from '../../engine/ops/pool.js';
import { sum } from '../../engine/ops/sum.js';
import { leakyRelu, softplus, tanh } from '../../engine/ops/unary.js';
import type { OpRunners } from './case.js';

/** The gradient of a gradient: the penalty of a small convolutional critic, whose activation the case's note names. */
export const penalty: OpRunners = {
  gradient_penalty: ({ tensors, attrs }) => {
    const { x, w1, w2 } = tensors;
    const note = String(attrs.note);
    const activation = note.includes('tanh in place')
      ? tanh
      : note.includes('softplus in place')
        ? softplus
        : undefined;
    const h = conv2d(pad(x!, [1, 1, 1, 1], { mode: 'reflect' }), w1!);
    const a = activation ? activation(h) : leakyRelu(h, 0.2);
    const pooled = avgPool2d(a, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false });
    const [dx] = grad([sum(conv2d(pooled, w2!))], [x!], { createGraph: true });
    return sum(mul(dx!, dx!), [1, 2, 3]);
  },
};
