import { fill } from '../../shaders/elementwise.js';
import {
  type GridSampleSpec,
  gridSampleGrad,
  gridSampleGridGrad,
  gridSample as gridSampleShader,
  type InterpolateSpec,
  interpolateGrad,
  interpolate as interpolateShader,
} from '../../shaders/resample.js';
import { ShapeError } from '../errors.js';
import { formatShape, pair, type Shape } from '../shape.js';
import { record } from '../tape.js';
import { contiguousData, empty, run, runInto, type Tensor } from '../tensor.js';
import { contiguous, permute, reshape } from './view.js';

export interface InterpolateOptions {
  /** [height, width] of the result; or else `scaleFactor`. */
  readonly size?: number | readonly [number, number];
  readonly scaleFactor?: number | readonly [number, number];
  /** Default nearest. */
  readonly mode?: 'nearest' | 'bilinear';
  /** Bilinear: whether the corner pixels' centres meet, instead of the pictures' edges. */
  readonly alignCorners?: boolean;
}

/** A linear function of x: its way back is one too, and the way back of that is the function again. */
function resample(x: Tensor, spec: InterpolateSpec): Tensor {
  const y = run(interpolateShader(spec), [x], [...x.shape.slice(0, -2), ...spec.output]);
  const { planes: _, ...attributes } = spec;
  return record('interpolate', y, [x], (dy) => [resampleGrad(dy, spec, x.shape)], { twice: true, attributes });
}

function resampleGrad(dy: Tensor, spec: InterpolateSpec, shape: Shape): Tensor {
  const dx = run(interpolateGrad(spec), [dy], shape);
  return record('interpolateGrad', dx, [dy], (w) => [resample(w, spec)], { twice: true });
}

/** [..., H, W] at another size. With `scaleFactor` the positions follow the factor, as in PyTorch, not the rounded size. */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { size, scaleFactor, mode = 'nearest', alignCorners = false } = options;
  const [h, w] = x.shape.slice(-2) as [number, number];
  if (x.rank < 3 || h * w === 0) {
    throw new ShapeError(
      `interpolate: x must be [N, C, H, W] or [C, H, W] with H and W above 0, got ${formatShape(x.shape)}.`,
    );
  }
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ShapeError('interpolate: give either size or scaleFactor.');
  }
  if (alignCorners && mode === 'nearest') {
    throw new ShapeError('interpolate: alignCorners goes with the bilinear mode only.');
  }
  const input = [h, w] as const;
  const factors = scaleFactor === undefined ? undefined : pair(scaleFactor);
  const output = factors ? (input.map((n, i) => Math.floor(n * factors[i]!)) as [number, number]) : pair(size!);
  if (output.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ShapeError(`interpolate: the size [${output}] that ${formatShape(x.shape)} would get is not possible.`);
  }
  const scale = input.map((n, i) => {
    const m = output[i]!;
    if (alignCorners) return m > 1 ? (n - 1) / (m - 1) : 0;
    return factors ? 1 / factors[i]! : n / m;
  }) as [number, number];
  const planes = x.shape.slice(0, -2).reduce((n, m) => n * m, 1);
  return resample(x, { mode, alignCorners, planes, input, output, scale });
}

export interface GridSampleOptions {
  /** Default bilinear. */
  readonly mode?: 'nearest' | 'bilinear';
  /** What lies outside of x. Default zeros. */
  readonly paddingMode?: 'zeros' | 'border';
  readonly alignCorners?: boolean;
}

/**
 * Values of x [N, C, H, W] at the positions of grid [N, Ho, Wo, 2]: (x, y), where −1 and 1 are the edges of the picture
 * (`alignCorners`: the centres of the corner pixels). Nearest has no gradient by the grid: it is zero.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false } = options;
  const [batch, channels, h, w] = x.shape as [number, number, number, number];
  const [gridBatch, ho, wo, two] = grid.shape as [number, number, number, number];
  if (x.rank !== 4 || grid.rank !== 4 || gridBatch !== batch || two !== 2 || channels * h * w * ho * wo === 0) {
    throw new ShapeError(
      `gridSample: x must be [N, C, H, W] and grid [N, Ho, Wo, 2], got ${formatShape(x.shape)} and ${formatShape(grid.shape)}.`,
    );
  }
  const spec: GridSampleSpec = { mode, paddingMode, alignCorners, batch, channels, input: [h, w], output: [ho, wo] };
  const source = contiguous(x);
  const places = contiguous(grid);
  const y = run(gridSampleShader(spec), [source, places], [batch, channels, ho, wo]);
  const back = (gradient: Tensor, [needsX, needsGrid]: readonly boolean[]) => {
    const dy = contiguousData(gradient);
    return [
      needsX ? gradByPicture(dy, places, spec, x.shape) : undefined,
      needsGrid ? gradByGrid(source, dy, places, spec) : undefined,
    ];
  };
  return record('gridSample', y, [source, places], back, { attributes: { mode, paddingMode, alignCorners } });
}

function gradByGrid(x: Tensor, dy: Tensor, grid: Tensor, spec: GridSampleSpec): Tensor {
  if (spec.mode === 'bilinear') return run(gridSampleGridGrad(spec), [x, grid, dy], grid.shape);
  const zeros = empty(grid.gpu, grid.shape, 'float32', 'gridSample');
  runInto(fill(grid.size, 0), [], [zeros]);
  return zeros;
}

function gradByPicture(dy: Tensor, grid: Tensor, spec: GridSampleSpec, shape: Shape): Tensor {
  const { batch, channels, input, output } = spec;
  const last = permute(reshape(dy.detach(), [batch, channels, output[0] * output[1]]), [0, 2, 1]);
  const dx = run(gridSampleGrad(spec), [grid, last], [batch, input[0] * input[1], channels]);
  return reshape(permute(dx, [0, 2, 1]), shape);
}
