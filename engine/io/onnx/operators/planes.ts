import type { GraphOperator } from '../graph.js';
import { finish, inputsOf, type Lowering, type Lowerings, noForm, sizeAt } from './lowering.js';

/** Convolutions, pools and resampling of x [N, C, H, W]. */

/** relu(scale · (x ∗ weight) + bias + residual), where all but x and weight may be absent. */
const conv2d: Lowering = (op, build) => {
  const [x, weight, ...others] = inputsOf(op, build) as [string, string, ...string[]];
  const next = (name: string) => (op.flag(name) ? others.shift() : undefined);
  const [bias, scale, residual] = [next('bias'), next('scale'), next('residual')];
  const pads = op.numbers('padding');
  const kernel = [2, 3].map((i) => sizeAt(op, op.inputs[1]!, i));
  const y = build.node('Conv', [x, weight, ...(bias !== undefined && !scale ? [bias] : [])], {
    kernel_shape: kernel,
    strides: op.numbers('stride'),
    pads: [...pads, ...pads],
    dilations: op.numbers('dilation'),
    group: op.number('groups'),
  });
  const channels = (t: string) => build.node('Reshape', [t, build.integers([-1, 1, 1])]);
  const scaled = scale ? build.node('Mul', [y, channels(scale)]) : y;
  const shifted = scale && bias ? build.node('Add', [scaled, channels(bias)]) : scaled;
  return finish(build, shifted, residual, op.number('slope'));
};

/** Kernel, stride, padding at both ends and dilation of windows that slide or that cut the plane in equal parts. */
function windows(op: GraphOperator) {
  const [input, output] = [op.numbers('input'), op.numbers('output')];
  if (op.output.shape.length !== 4) throw noForm(op, 'is of a tensor that has not four dimensions');
  if (op.text('kind') === 'adaptive') {
    if (input.some((n, i) => n % output[i]! !== 0)) {
      throw noForm(op, `cuts ${input.join(' × ')} in ${output.join(' × ')} parts of different sizes`);
    }
    const size = input.map((n, i) => n / output[i]!);
    return { kernel: size, stride: size, padding: [0, 0], after: [0, 0], dilation: [1, 1] };
  }
  const [kernel, stride, padding, dilation] = ['kernel', 'stride', 'padding', 'dilation'].map((name) =>
    op.numbers(name),
  );
  // Windows may reach over the end: as much padding as the last one needs.
  const after = input.map((n, i) => {
    const reach = (output[i]! - 1) * stride![i]! + dilation![i]! * (kernel![i]! - 1) + 1;
    return Math.max(padding![i]!, reach - n - padding![i]!);
  });
  return { kernel: kernel!, stride: stride!, padding: padding!, after, dilation: dilation! };
}

const maxPool: Lowering = (op, build) => {
  const { kernel, stride, padding, after, dilation } = windows(op);
  return build.node('MaxPool', inputsOf(op, build), {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...after],
    dilations: dilation,
  });
};

const avgPool: Lowering = (op, build) => {
  const { kernel, stride, padding, after, dilation } = windows(op);
  if (op.output.shape.slice(2).every((n) => n === 1) && padding.every((n) => n === 0)) {
    if (op.numbers('input').every((n, i) => n === kernel[i]))
      return build.node('GlobalAveragePool', inputsOf(op, build));
  }
  if (after.some((n, i) => n > padding[i]!)) throw noForm(op, 'has windows that reach over the end (ceilMode)');
  if (dilation.some((n) => n !== 1)) throw noForm(op, 'is dilated');
  return build.node('AveragePool', inputsOf(op, build), {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...after],
    count_include_pad: Number(op.text('kind') === 'sliding' && op.flag('countPadding')),
  });
};

const interpolate: Lowering = (op, build) => {
  const corners = op.flag('alignCorners');
  const nearest = op.text('mode') === 'nearest';
  const [input, output, scale] = [op.numbers('input'), op.numbers('output'), op.numbers('scale')];
  const attributes: Readonly<Record<string, string>> = nearest
    ? { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
    : { mode: 'linear', coordinate_transformation_mode: corners ? 'align_corners' : 'half_pixel' };
  const x = build.name(op.inputs[0]!);
  const bySize = corners || input.every((n, i) => n === output[i]! * scale[i]!);
  if (bySize) return build.node('Resize', [x, '', '', build.sizes(op.output.shape)], attributes);
  const lead = op.output.shape.slice(0, -2).map(() => 1);
  return build.node('Resize', [x, '', build.floats([...lead, ...scale.map((n) => 1 / n)])], attributes);
};

const gridSample: Lowering = (op, build) => {
  const linear = build.opset >= 20 ? 'linear' : 'bilinear';
  return build.node('GridSample', inputsOf(op, build), {
    mode: op.text('mode') === 'nearest' ? 'nearest' : linear,
    padding_mode: op.text('paddingMode'),
    align_corners: Number(op.flag('alignCorners')),
  });
};

export const planes: Lowerings = {
  conv2d,
  maxPool2d: maxPool,
  adaptiveMaxPool2d: maxPool,
  avgPool2d: avgPool,
  adaptiveAvgPool2d: avgPool,
  interpolate,
  gridSample,
};
