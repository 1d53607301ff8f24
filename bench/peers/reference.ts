// Every case by plain loops in float64: what the programs' results are held against.

import { blockStep } from './block-reference.js';
import { type Kind, type PeerCase, shapeOf } from './cases.js';
import { convolution, type Numbers, type Reference } from './convolution-reference.js';
import { fill } from './inputs.js';

type Inputs = Readonly<Record<string, Float32Array>>;

function dot(a: Numbers, aStart: number, b: Numbers, bStart: number, count: number, bStride = 1): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += a[aStart + k]! * b[bStart + k * bStride]!;
  return sum;
}

const REFERENCES: Record<Kind, (one: PeerCase, inputs: Inputs) => Reference> = {
  matmul: (one, { a, b }) => {
    const n = shapeOf(one, 'a')[0]!;
    return { c: (i) => dot(a!, Math.floor(i / n) * n, b!, i % n, n, n) };
  },

  conv: (one, { x, weight }) => {
    const { forward } = convolution(shapeOf(one, 'x'), shapeOf(one, 'weight'), one.groups);
    return { y: (i) => forward(x!, weight!, i) };
  },

  convBackward: (one, { x, weight, dy }) => {
    const { input, weight: ofWeight } = convolution(shapeOf(one, 'x'), shapeOf(one, 'weight'), one.groups);
    return { dx: (i) => input(dy!, weight!, i), dweight: (i) => ofWeight(x!, dy!, i) };
  },

  attention: (one, { q, k, v }) => {
    const [n, d] = shapeOf(one, 'q').slice(-2) as [number, number];
    return {
      y: (i) => {
        const row = Math.floor(i / d);
        const head = Math.floor(row / n) * n * d;
        const scores = Array.from({ length: n }, (_, j) => dot(q!, row * d, k!, head + j * d, d) / Math.sqrt(d));
        const most = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - most));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return weights.reduce((sum, weight, j) => sum + weight * v![head + j * d + (i % d)]!, 0) / total;
      },
    };
  },

  pairDistances: (one, { x, y }) => {
    const [rows, depth] = shapeOf(one, 'x') as [number, number];
    return {
      d: (i) => {
        let sum = 0;
        const [a, b] = [Math.floor(i / rows) * depth, (i % rows) * depth];
        for (let k = 0; k < depth; k++) sum += (x![a + k]! - y![b + k]!) ** 2;
        return sum;
      },
    };
  },

  blockStep,
};

/** Of each output of a case, the value at a position in it (row-major). */
export const referenceOf = (one: PeerCase): Reference =>
  REFERENCES[one.kind](one, Object.fromEntries(one.inputs.map((input) => [input.name, fill(input)])));
