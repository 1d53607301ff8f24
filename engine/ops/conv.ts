import { convGather, type Gather } from '../../shaders/conv.js';
import { packedSize, packingOf, packWeights } from '../../shaders/conv-pack.js';
import { chunkUnit, convWeightGrad, quadsOf } from '../../shaders/conv-weights.js';
import { depthwise, depthwiseWeightGrad, runsOf, tapsAtOnce } from '../../shaders/depthwise.js';
import type { Shader } from '../../shaders/shader.js';
import { GpuError, ShapeError } from '../errors.js';
import { formatShape, pair, type Shape, sameShape } from '../shape.js';
import { isRecording, record } from '../tape.js';
import { contiguousData, empty, requireFloat, runInto, type Tensor } from '../tensor.js';
import { slopeOf } from './norm.js';
import { reduceAxes, sum } from './sum.js';
import { reshape, squeeze, unsqueeze } from './view.js';

export interface ConvOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

/** What a convolution does to its sums before it writes them: out = relu(scale · (x ∗ weight) + bias + residual). */
export interface ConvEpilogue {
  /** [O]: a factor for each output channel. */
  readonly scale?: Tensor;
  /** Of the shape of the output. */
  readonly residual?: Tensor;
  /** ReLU; a number is the slope below zero of a leaky one. Default: none. */
  readonly relu?: boolean | number;
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPadding?: number | readonly [number, number];
}

/** The geometry of a forward convolution: x [N, C, H, W], weight [O, C / groups, R, S], output [N, O, …out]. */
interface Conv {
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
  readonly out: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

const ONE: readonly [number, number] = [1, 1];

const isDepthwise = ({ weight, groups }: Conv) => weight[1] === 1 && groups > 1;

function forwardGather({ x, weight, out, stride, pad, dilation, groups }: Conv): Gather {
  return {
    batch: x[0],
    groups,
    sourceChannels: weight[1],
    outChannels: weight[0] / groups,
    source: [x[2], x[3]],
    out,
    kernel: [weight[2], weight[3]],
    stride,
    pad,
    dilation,
    up: ONE,
  };
}

/** The same connections from the output back to the input: channels change places, the kernel is flipped. */
function backwardGather(conv: Conv): Gather {
  const { x, weight, out, stride, pad, dilation, groups } = conv;
  return {
    batch: x[0],
    groups,
    sourceChannels: weight[0] / groups,
    outChannels: weight[1],
    source: out,
    out: [x[2], x[3]],
    kernel: [weight[2], weight[3]],
    stride: ONE,
    pad: [dilation[0] * (weight[2] - 1) - pad[0], dilation[1] * (weight[3] - 1) - pad[1]],
    dilation,
    up: stride,
  };
}

/**
 * Packs the weights and gathers: forward, or (`back`) from the output's side to the input's. Outside of the graph.
 */
function gather(
  source: Tensor,
  weight: Tensor,
  conv: Conv,
  back: boolean,
  bias?: Tensor,
  { scale, residual, relu }: ConvEpilogue = {},
): Tensor {
  const g = back ? backwardGather(conv) : forwardGather(conv);
  const [, perGroup, r, s] = conv.weight;
  const shape = [g.batch, g.groups * g.outChannels, ...g.out];
  const out = empty(source.gpu, shape, source.dtype, back ? 'conv2d input gradient' : 'conv2d');
  const extra = [scale, bias, residual].filter((t) => t !== undefined);
  requireFloat('conv2d', source, weight, ...extra);
  const epilogue = { scale: !!scale, bias: !!bias, residual: !!residual, slope: slopeOf('conv2d', relu) };
  const x = contiguousData(source);
  if (out.size === 0) return out;
  if (isDepthwise(conv)) {
    const [channels, sourceChannels] = back ? [conv.x[1], conv.weight[0]] : [conv.weight[0], conv.x[1]];
    runInto(depthwise({ gather: g, channels, sourceChannels, flip: back, epilogue }), [x, x, weight, ...extra], [out]);
  } else {
    const group = g.groups === 1 ? 0 : (conv.weight[0] / conv.groups) * perGroup * r * s;
    const pack = {
      ...packingOf(g),
      groups: g.groups,
      rows: g.outChannels,
      kernelTaps: r * s,
      strides: back ? { group, row: r * s, k: perGroup * r * s } : { group, row: perGroup * r * s, k: r * s },
      flip: back,
    };
    const packed = empty(source.gpu, [packedSize(pack)], source.dtype, 'packed weights');
    runInto(packWeights(pack), [weight], [packed]);
    runInto(convGather({ ...g, epilogue, sharing: source.gpu.sharing }), [x, x, packed, ...extra], [out]);
    packed.storage.release();
  }
  if (x !== source) x.storage.release();
  return out;
}

/** Quads of pixels that a workgroup sums at least. */
const LEAST_QUADS = 64;

function weightGradData(x: Tensor, dy: Tensor, conv: Conv): Tensor {
  const forward = forwardGather(conv);
  const shape = [...conv.weight];
  const { sharing } = x.gpu;
  const { weightGradGroups } = x.gpu.tiles;
  if (isDepthwise(conv)) {
    const groups = (shape[0]! * shape[2]! * shape[3]!) / tapsAtOnce(forward);
    const images = Math.max(1, Math.ceil(forward.batch / Math.ceil(weightGradGroups / groups)));
    const spec = { gather: forward, channels: shape[0]!, sourceChannels: conv.x[1], images };
    return joined(depthwiseWeightGrad(spec), runsOf(forward, images), shape, x, dy);
  }
  const quads = quadsOf(forward);
  const whole = convWeightGrad({ forward, splits: 1, chunk: quads, sharing });
  const groups = whole.grid[0] * whole.grid[1];
  const wanted = Math.max(1, Math.min(Math.ceil(weightGradGroups / groups), Math.ceil(quads / LEAST_QUADS)));
  const unit = chunkUnit(forward);
  const chunk = unit * Math.max(1, Math.ceil(quads / wanted / unit));
  const splits = Math.max(1, Math.ceil(quads / chunk));
  return joined(convWeightGrad({ forward, splits, chunk, sharing }), splits, shape, x, dy);
}

/** Runs a shader that gives `splits` parts of a weight gradient, and sums them. */
function joined(shader: Shader, splits: number, shape: Shape, x: Tensor, dy: Tensor): Tensor {
  const parts = empty(x.gpu, splits === 1 ? shape : [splits, ...shape], 'float32', 'conv2d weight gradient');
  const source = contiguousData(x);
  runInto(shader, [source, source, dy], [parts]);
  if (source !== x) source.storage.release();
  if (splits === 1) return parts;
  const whole = reduceAxes('sum', parts, [0]);
  parts.storage.release();
  return reshape(whole, shape);
}

/** What a convolution did, for those who follow it. */
const attributesOf = ({ stride, pad, dilation, groups }: Conv, bias?: Tensor, epilogue: ConvEpilogue = {}) => ({
  stride,
  padding: pad,
  dilation,
  groups,
  bias: !!bias,
  scale: !!epilogue.scale,
  residual: !!epilogue.residual,
  slope: slopeOf('conv2d', epilogue.relu),
});

/** out = x ∗ weight (+ bias); its gradients are the two below. Each of the three is linear in both of its inputs, and their
 * gradients are the other two: so all can be differentiated again. */
function convolve(x: Tensor, weight: Tensor, bias: Tensor | undefined, conv: Conv): Tensor {
  const out = gather(x, weight, conv, false, bias);
  const back = (dy: Tensor, [needsX, needsW, needsB]: readonly boolean[]) => [
    needsX ? inputGrad(dy, weight, conv) : undefined,
    needsW ? weightGrad(x, dy, conv) : undefined,
    ...(needsB ? [sum(dy, [0, 2, 3])] : []),
  ];
  const attributes = attributesOf(conv, bias);
  return record('conv2d', out, bias ? [x, weight, bias] : [x, weight], back, { twice: true, attributes });
}

function inputGrad(dy: Tensor, weight: Tensor, conv: Conv, bias?: Tensor): Tensor {
  const dx = gather(dy, weight, conv, true, bias);
  const back = (w: Tensor, [needsDy, needsW, needsB]: readonly boolean[]) => [
    needsDy ? convolve(w, weight, undefined, conv) : undefined,
    needsW ? weightGrad(w, dy, conv) : undefined,
    ...(needsB ? [sum(w, [0, 2, 3])] : []),
  ];
  const attributes = attributesOf(conv, bias);
  return record('conv2dInputGrad', dx, bias ? [dy, weight, bias] : [dy, weight], back, { twice: true, attributes });
}

function weightGrad(x: Tensor, dy: Tensor, conv: Conv): Tensor {
  const back = (w: Tensor, [needsX, needsDy]: readonly boolean[]) => [
    needsX ? inputGrad(dy, w, conv) : undefined,
    needsDy ? convolve(x, w, undefined, conv) : undefined,
  ];
  return record('conv2dWeightGrad', weightGradData(x, dy, conv), [x, dy], back, { twice: true });
}

function four(t: Tensor, op: string, what: string): [number, number, number, number] {
  if (t.rank !== 4) throw new ShapeError(`${op}: ${what} must have four dimensions, got ${formatShape(t.shape)}.`);
  return [...t.shape] as [number, number, number, number];
}

function checkNumbers(
  op: string,
  options: { readonly [name: string]: readonly [number, number] },
  groups: number,
): void {
  for (const [name, values] of Object.entries(options)) {
    const least = name === 'padding' || name === 'outputPadding' ? 0 : 1;
    if (!values.every((n) => Number.isInteger(n) && n >= least)) {
      throw new ShapeError(`${op}: ${name} must be whole numbers of at least ${least}, got [${values}].`);
    }
  }
  if (!Number.isInteger(groups) || groups < 1)
    throw new ShapeError(`${op}: groups must be a whole number of at least 1, got ${groups}.`);
}

function checkBias(op: string, bias: Tensor | undefined, channels: number): void {
  if (bias && (bias.rank !== 1 || bias.shape[0] !== channels)) {
    throw new ShapeError(`${op}: the bias must have shape [${channels}], got ${formatShape(bias.shape)}.`);
  }
}

/** The convolution and all that follows in one kernel; it has no way back. */
function finished(x: Tensor, weight: Tensor, bias: Tensor | undefined, conv: Conv, epilogue: ConvEpilogue): Tensor {
  const { scale, residual } = epilogue;
  const inputs = [x, weight, bias, scale, residual];
  if (isRecording() && inputs.some((t) => t?.requiresGrad)) {
    throw new GpuError(
      'conv2d: a convolution with an epilogue has no gradient; run it within noGrad(), or use mul, add and relu behind it.',
    );
  }
  const channels = conv.weight[0];
  if (scale && !sameShape(scale.shape, [channels])) {
    throw new ShapeError(`conv2d: the scale must have shape [${channels}], got ${formatShape(scale.shape)}.`);
  }
  const shape = [conv.x[0], channels, ...conv.out];
  if (residual && !sameShape(residual.shape, shape)) {
    throw new ShapeError(
      `conv2d: the residual must have the output's shape ${formatShape(shape)}, got ${formatShape(residual.shape)}.`,
    );
  }
  const out = gather(x, weight, conv, false, bias, epilogue);
  const attributes = attributesOf(conv, bias, epilogue);
  const read = inputs.filter((t) => t !== undefined);
  return record('conv2d', out, read, () => [], { attributes });
}

/**
 * 2-d convolution (cross-correlation) of x [N, C, H, W] with weight [O, C / groups, R, S] and bias [O] → [N, O, H′, W′],
 * H′ = ⌊(H + 2 padding − dilation (R − 1) − 1) / stride⌋ + 1; as torch.nn.functional.conv2d.
 *
 * An `epilogue` is done in the same kernel, before anything is written. It is for inference: with it there is no gradient.
 *
 * @throws GpuError when an epilogue is given and one of the inputs wants a gradient
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: ConvOptions & { readonly epilogue?: ConvEpilogue } = {},
): Tensor {
  const [n, c, h, w] = four(x, 'conv2d', 'x');
  const [o, perGroup, r, s] = four(weight, 'conv2d', 'weight');
  const { groups = 1 } = options;
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  const dilation = pair(options.dilation ?? 1);
  checkNumbers('conv2d', { stride, padding, dilation }, groups);
  checkBias('conv2d', bias, o);
  if (c !== perGroup * groups || o % groups !== 0) {
    throw new ShapeError(
      `conv2d: x ${formatShape(x.shape)} has ${c} channels; weight ${formatShape(weight.shape)} in ${groups} groups expects ${perGroup * groups}, and its ${o} outputs must divide by the groups.`,
    );
  }
  const size = (length: number, k: number, i: 0 | 1) =>
    Math.floor((length + 2 * padding[i] - dilation[i] * (k - 1) - 1) / stride[i]) + 1;
  const out: [number, number] = [size(h, r, 0), size(w, s, 1)];
  if (out[0] < 1 || out[1] < 1) {
    throw new ShapeError(
      `conv2d: a kernel of ${r} × ${s} does not fit into x ${formatShape(x.shape)} with padding [${padding}].`,
    );
  }
  const conv: Conv = { x: [n, c, h, w], weight: [o, perGroup, r, s], out, stride, pad: padding, dilation, groups };
  const { epilogue } = options;
  return epilogue ? finished(x, weight, bias, conv, epilogue) : convolve(x, weight, bias, conv);
}

/** 1-d convolution of x [N, C, L] with weight [O, C / groups, S]; as torch.nn.functional.conv1d. */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: {
    readonly stride?: number;
    readonly padding?: number;
    readonly dilation?: number;
    readonly groups?: number;
  } = {},
): Tensor {
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError(
      `conv1d: x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} must have three dimensions.`,
    );
  }
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const wide = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups } as const;
  return squeeze(conv2d(unsqueeze(x, 2), unsqueeze(weight, 2), bias, wide), 2);
}

/**
 * Transposed 2-d convolution of x [N, C, H, W] with weight [C, O / groups, R, S] → [N, O, H′, W′],
 * H′ = (H − 1) stride − 2 padding + dilation (R − 1) + outputPadding + 1; the gradient of conv2d as an operator.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const [n, c, h, w] = four(x, 'convTranspose2d', 'x');
  const [inputs, perGroup, r, s] = four(weight, 'convTranspose2d', 'weight');
  const { groups = 1 } = options;
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  const dilation = pair(options.dilation ?? 1);
  const outputPadding = pair(options.outputPadding ?? 0);
  checkNumbers('convTranspose2d', { stride, padding, dilation, outputPadding }, groups);
  checkBias('convTranspose2d', bias, perGroup * groups);
  if (c !== inputs || c % groups !== 0) {
    throw new ShapeError(
      `convTranspose2d: x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} do not fit in ${groups} groups; expected x [N, C, H, W], weight [C, O / groups, R, S].`,
    );
  }
  if (outputPadding.some((n, i) => n >= Math.max(stride[i]!, dilation[i]!))) {
    throw new ShapeError(
      `convTranspose2d: outputPadding [${outputPadding}] must be below stride [${stride}] or dilation [${dilation}].`,
    );
  }
  const size = (length: number, k: number, i: 0 | 1) =>
    (length - 1) * stride[i] - 2 * padding[i] + dilation[i] * (k - 1) + outputPadding[i] + 1;
  const wide: Shape = [n, perGroup * groups, size(h, r, 0), size(w, s, 1)];
  if (wide.some((m) => m < 1))
    throw new ShapeError(`convTranspose2d: the output would be ${formatShape(wide)}; use less padding.`);
  const conv: Conv = {
    x: wide as [number, number, number, number],
    weight: [inputs, perGroup, r, s],
    out: [h, w],
    stride,
    pad: padding,
    dilation,
    groups,
  };
  return inputGrad(x, weight, conv, bias);
}
