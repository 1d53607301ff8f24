import {
  avgPool,
  avgPoolGrad,
  globalMaxPoolGrad,
  globalPool,
  maxPool,
  maxPoolGrad,
  type PoolSpec,
  type Sliding,
} from '../../shaders/pool.js';
import { ShapeError } from '../errors.js';
import { formatShape, pair } from '../shape.js';
import { isRecording, isTracing, record } from '../tape.js';
import { run, runMany, type Tensor } from '../tensor.js';
import { mulScalar } from './unary.js';
import { expand } from './view.js';

/** Height and width, or one number for both. */
type Pair = number | readonly [number, number];

export interface MaxPoolOptions {
  readonly kernelSize: Pair;
  /** Default: the kernel size. */
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  /** Rounds the output size up: windows may reach over the end, but not begin beyond it. */
  readonly ceilMode?: boolean;
}

export interface AvgPoolOptions extends Omit<MaxPoolOptions, 'dilation'> {
  /** Whether padding counts in the divisor. Default true. */
  readonly countIncludePad?: boolean;
}

/** The sizes of [..., H, W] with at least one leading dimension, and how many planes there are. */
function planesOf(op: string, x: Tensor): { planes: number; input: [number, number]; lead: number[] } {
  const lead = x.shape.slice(0, -2);
  const [h, w] = x.shape.slice(-2) as [number, number];
  if (x.rank < 3 || h * w === 0) {
    throw new ShapeError(
      `${op}: x must be [N, C, H, W] or [C, H, W] with H and W above 0, got ${formatShape(x.shape)}.`,
    );
  }
  return { planes: lead.reduce((n, m) => n * m, 1), input: [h, w], lead };
}

/** Sizes of sliding windows, by PyTorch's rules. */
function sliding(op: string, x: Tensor, options: MaxPoolOptions): { spec: PoolSpec; shape: number[] } {
  const { planes, input, lead } = planesOf(op, x);
  const window: Sliding = {
    kind: 'sliding',
    kernel: pair(options.kernelSize),
    stride: pair(options.stride ?? options.kernelSize),
    padding: pair(options.padding ?? 0),
    dilation: pair(options.dilation ?? 1),
  };
  const { kernel, stride, padding, dilation } = window;
  const whole = (numbers: readonly number[], least: number) => numbers.every((n) => Number.isInteger(n) && n >= least);
  if (!whole([...kernel, ...stride, ...dilation], 1) || !whole(padding, 0)) {
    throw new ShapeError(
      `${op}: kernel [${kernel}], stride [${stride}] and dilation [${dilation}] must be whole numbers above 0, padding [${padding}] at least 0.`,
    );
  }
  if (padding.some((n, i) => n > kernel[i]! / 2)) {
    throw new ShapeError(`${op}: padding [${padding}] must be at most half of the kernel [${kernel}].`);
  }
  const output = [0, 1].map((i) => {
    const room = input[i]! + 2 * padding[i]! - dilation[i]! * (kernel[i]! - 1) - 1;
    const size = (options.ceilMode ? Math.ceil(room / stride[i]!) : Math.floor(room / stride[i]!)) + 1;
    return options.ceilMode && (size - 1) * stride[i]! >= input[i]! + padding[i]! ? size - 1 : size;
  }) as [number, number];
  if (output.some((n) => n < 1)) {
    throw new ShapeError(
      `${op}: a kernel of [${kernel}] with dilation [${dilation}] and padding [${padding}] does not fit ${formatShape(x.shape)}.`,
    );
  }
  return { spec: { planes, input, output, window }, shape: [...lead, ...output] };
}

function adaptive(op: string, x: Tensor, outputSize: Pair): { spec: PoolSpec; shape: number[] } {
  const { planes, input, lead } = planesOf(op, x);
  const output = pair(outputSize);
  if (output.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ShapeError(`${op}: the output size [${output}] must be whole numbers above 0.`);
  }
  return { spec: { planes, input, output, window: { kind: 'adaptive' } }, shape: [...lead, ...output] };
}

/** One window over the whole plane. */
const isGlobal = ({ input, output, window }: PoolSpec): boolean =>
  output[0] === 1 &&
  output[1] === 1 &&
  (window.kind === 'adaptive' ||
    [0, 1].every((i) => window.kernel[i] === input[i] && window.padding[i] === 0 && window.dilation[i] === 1));

/** What a pool did, for those who follow it. */
const attributesOf = ({ planes: _, window, ...sizes }: PoolSpec) => ({ ...sizes, ...window });

function max(op: string, x: Tensor, spec: PoolSpec, shape: readonly number[]): Tensor {
  const [h, w] = spec.input;
  const global = isGlobal(spec);
  if (!global && !isTracing() && !(isRecording() && x.requiresGrad))
    return run(maxPool(spec, false), [x], shape, x.dtype);
  const shader = global ? globalPool('max', spec.planes, h * w) : maxPool(spec, true);
  // Of whole planes there are few: their float32 costs nothing.
  const dtype = global ? 'float32' : x.dtype;
  const [y, places] = runMany(
    shader,
    [x],
    [
      { shape, dtype },
      { shape, dtype: 'uint32' },
    ],
  ) as [Tensor, Tensor];
  const back = global ? globalMaxPoolGrad(spec.planes, h * w) : maxPoolGrad(spec);
  const out = record(op, y, [x], (dy) => [run(back, [dy, places], x.shape, x.dtype)], {
    attributes: attributesOf(spec),
  });
  if (!out.node) places.storage.release();
  return out;
}

/** Averages, a linear function: its way back is one too, and the way back of that is the average again. */
function avg(op: string, x: Tensor, spec: PoolSpec, shape: readonly number[]): Tensor {
  if (isGlobal(spec)) {
    const size = spec.input[0] * spec.input[1];
    const y = run(globalPool('mean', spec.planes, size), [x], shape);
    return record(op, y, [x], (dy) => [expand(mulScalar(dy, 1 / size), x.shape)], {
      twice: true,
      attributes: attributesOf(spec),
    });
  }
  const y = run(avgPool(spec), [x], shape, x.dtype);
  return record(op, y, [x], (dy) => [avgGrad(op, dy, spec, x)], { twice: true, attributes: attributesOf(spec) });
}

function avgGrad(op: string, dy: Tensor, spec: PoolSpec, { shape, dtype }: Tensor): Tensor {
  const dx = run(avgPoolGrad(spec), [dy], shape, dtype);
  return record(`${op}Grad`, dx, [dy], (w) => [avg(op, w, spec, dy.shape)], { twice: true });
}

/** The largest of each window of [..., H, W]. The whole gradient goes to the first largest, in row-major order. */
export function maxPool2d(x: Tensor, options: MaxPoolOptions): Tensor {
  const { spec, shape } = sliding('maxPool2d', x, options);
  return max('maxPool2d', x, spec, shape);
}

/** The mean of each window of [..., H, W]. */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  const { spec, shape } = sliding('avgPool2d', x, options);
  return avg('avgPool2d', x, { ...spec, countPadding: options.countIncludePad ?? true }, shape);
}

/** Means of `outputSize` parts of [..., H, W]: part i of m is ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉. One part is global average pooling. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Pair): Tensor {
  const { spec, shape } = adaptive('adaptiveAvgPool2d', x, outputSize);
  return avg('adaptiveAvgPool2d', x, spec, shape);
}

/** The largest of `outputSize` parts of [..., H, W]; the gradient goes to the first largest of each. */
export function adaptiveMaxPool2d(x: Tensor, outputSize: Pair): Tensor {
  const { spec, shape } = adaptive('adaptiveMaxPool2d', x, outputSize);
  return max('adaptiveMaxPool2d', x, spec, shape);
}
