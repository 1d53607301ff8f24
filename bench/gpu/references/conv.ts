import type { ConvWork } from '../cases.js';
import { outOf } from '../cases.js';
import type { Reference } from '../sampled.js';

/** Convolutions by plain loops, an element at a time: x [N, C, H, W], w [O, C / groups, R, R], y and dy [N, O, H′, W′]. */

export type ConvShape = Omit<ConvWork, 'kind' | 'pass'> & { readonly dilation?: number };

/** Height and width of the result. */
export function outSize(shape: ConvShape): [number, number] {
  const { dilation = 1, kernel } = shape;
  return outOf({ ...shape, kernel: dilation * (kernel - 1) + 1 });
}

interface Data {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly dy: Float32Array;
  readonly bias?: Float32Array;
}

/** Element [n, o, y, x] of the result. */
export function convForward(shape: ConvShape, { x, w, bias }: Pick<Data, 'x' | 'w' | 'bias'>): Reference {
  const { channels, height, width, outputs, kernel, stride, padding, groups, dilation = 1 } = shape;
  const [outH, outW] = outSize(shape);
  const [per, each] = [channels / groups, outputs / groups];
  return (index) => {
    const column = index % outW;
    const row = Math.floor(index / outW) % outH;
    const output = Math.floor(index / (outW * outH)) % outputs;
    const image = Math.floor(index / (outW * outH * outputs));
    const first = Math.floor(output / each) * per;
    let [value, scale] = bias ? [bias[output]!, Math.abs(bias[output]!)] : [0, 0];
    for (let r = 0; r < kernel; r++) {
      const y = row * stride - padding + r * dilation;
      if (y < 0 || y >= height) continue;
      for (let s = 0; s < kernel; s++) {
        const z = column * stride - padding + s * dilation;
        if (z < 0 || z >= width) continue;
        for (let c = 0; c < per; c++) {
          const a = w[((output * per + c) * kernel + r) * kernel + s]!;
          const term = a * x[((image * channels + first + c) * height + y) * width + z]!;
          value += term;
          scale += Math.abs(term);
        }
      }
    }
    return { value, scale };
  };
}

/** Element [n, c, y, x] of the gradient of x. */
export function convInputGrad(shape: ConvShape, { w, dy }: Pick<Data, 'w' | 'dy'>): Reference {
  const { channels, height, width, outputs, kernel, stride, padding, groups, dilation = 1 } = shape;
  const [outH, outW] = outSize(shape);
  const [per, each] = [channels / groups, outputs / groups];
  return (index) => {
    const column = index % width;
    const row = Math.floor(index / width) % height;
    const channel = Math.floor(index / (width * height)) % channels;
    const image = Math.floor(index / (width * height * channels));
    const first = Math.floor(channel / per) * each;
    let [value, scale] = [0, 0];
    for (let r = 0; r < kernel; r++) {
      const y = row + padding - r * dilation;
      if (y < 0 || y % stride !== 0 || y / stride >= outH) continue;
      for (let s = 0; s < kernel; s++) {
        const z = column + padding - s * dilation;
        if (z < 0 || z % stride !== 0 || z / stride >= outW) continue;
        for (let o = first; o < first + each; o++) {
          const a = w[((o * per + (channel % per)) * kernel + r) * kernel + s]!;
          const term = a * dy[((image * outputs + o) * outH + y / stride) * outW + z / stride]!;
          value += term;
          scale += Math.abs(term);
        }
      }
    }
    return { value, scale };
  };
}

/** Element [o, c, r, s] of the gradient of w: a sum over all images and pixels. */
export function convWeightGrad(shape: ConvShape, { x, dy }: Pick<Data, 'x' | 'dy'>): Reference {
  const { batch, channels, height, width, outputs, kernel, stride, padding, groups, dilation = 1 } = shape;
  const [outH, outW] = outSize(shape);
  const [per, each] = [channels / groups, outputs / groups];
  return (index) => {
    const s = index % kernel;
    const r = Math.floor(index / kernel) % kernel;
    const output = Math.floor(index / (kernel * kernel * per));
    const channel = Math.floor(output / each) * per + (Math.floor(index / (kernel * kernel)) % per);
    let [value, scale] = [0, 0];
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < outH; row++) {
        const y = row * stride - padding + r * dilation;
        if (y < 0 || y >= height) continue;
        const from = ((image * channels + channel) * height + y) * width;
        const to = ((image * outputs + output) * outH + row) * outW;
        for (let column = 0; column < outW; column++) {
          const z = column * stride - padding + s * dilation;
          if (z < 0 || z >= width) continue;
          const term = dy[to + column]! * x[from + z]!;
          value += term;
          scale += Math.abs(term);
        }
      }
    }
    return { value, scale };
  };
}
