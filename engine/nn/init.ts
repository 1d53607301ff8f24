import { RandomStream } from '../../random/philox.js';
import { accumulate, fill, unary } from '../../shaders/elementwise.js';
import { fillNormal, fillUniform } from '../../shaders/random.js';
import { ShapeError } from '../errors.js';
import { nextDraw, randomPosition } from '../random.js';
import { formatShape, type Shape, sizeOf } from '../shape.js';
import { empty, runInto, type Tensor, write } from '../tensor.js';

/**
 * Initialisers: each fills a tensor in place and returns it, as those of torch.nn.init. The numbers come from the engine's
 * generator, so that the same manualSeed and the same order of layers give the same weights.
 */

export type FanMode = 'fan_in' | 'fan_out';
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu';

export interface KaimingOptions {
  /** Negative slope of leaky ReLU; default 0. */
  readonly a?: number;
  readonly mode?: FanMode;
  /** Default leaky ReLU, which with a = 0 is ReLU. */
  readonly nonlinearity?: Nonlinearity;
}

/** How many inputs an output has and how many outputs an input reaches, of a weight [out, in, ...kernel]. */
export function fansOf(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) {
    throw new ShapeError(
      `fansOf: a weight of shape ${formatShape(shape)} has no fan; it needs two dimensions or more.`,
    );
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

/** The factor that keeps the variance through a nonlinearity. */
export function gainOf(nonlinearity: Nonlinearity, a = 0.01): number {
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + a * a));
    case 'selu':
      return 3 / 4;
    default:
      return 1;
  }
}

/** Every element becomes `value`. */
export function constant_<T extends Tensor>(t: T, value: number): T {
  runInto(fill(t.size, value), [], [t]);
  return t;
}

/** Uniform in [low, high). */
export function uniform_<T extends Tensor>(t: T, low = 0, high = 1): T {
  runInto(fillUniform({ n: t.size, low, high, ...nextDraw('init') }), [], [t]);
  return t;
}

/** Normal with the given mean and standard deviation. */
export function normal_<T extends Tensor>(t: T, mean = 0, std = 1): T {
  const standard = empty(t.gpu, t.shape, 'float32', 'normal_');
  runInto(fillNormal({ n: t.size, ...nextDraw('init') }), [], [standard]);
  runInto(unary('mulScalar', t.size, { a: std }), [standard], [t]);
  if (mean !== 0) {
    constant_(standard, mean);
    runInto(accumulate(t.size), [standard], [t]);
  }
  standard.storage.release();
  return t;
}

function kaimingStd(shape: Shape, { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' }: KaimingOptions): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gainOf(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut);
}

/** U(−√3 σ, √3 σ) with σ = gain / √fan (He et al., "Delving deep into rectifiers", ICCV 2015). */
export function kaimingUniform_<T extends Tensor>(t: T, options: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaimingStd(t.shape, options);
  return uniform_(t, -bound, bound);
}

/** N(0, σ²) with σ = gain / √fan. */
export function kaimingNormal_<T extends Tensor>(t: T, options: KaimingOptions = {}): T {
  return normal_(t, 0, kaimingStd(t.shape, options));
}

function xavierStd(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** U(−√3 σ, √3 σ) with σ = gain √(2 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010). */
export function xavierUniform_<T extends Tensor>(t: T, gain = 1): T {
  const bound = Math.sqrt(3) * xavierStd(t.shape, gain);
  return uniform_(t, -bound, bound);
}

/** N(0, σ²) with σ = gain √(2 / (fan_in + fan_out)). */
export function xavierNormal_<T extends Tensor>(t: T, gain = 1): T {
  return normal_(t, 0, xavierStd(t.shape, gain));
}

/**
 * A random (semi-)orthogonal matrix times `gain`, of the weight as [shape[0], rest] (Saxe et al., ICLR 2014). Uniform over
 * all such matrices; computed on the host.
 */
export function orthogonal_<T extends Tensor>(t: T, gain = 1): T {
  if (t.rank < 2) throw new ShapeError(`orthogonal_: ${t} needs two dimensions or more.`);
  const rows = t.shape[0]!;
  const columns = t.size / Math.max(rows, 1);
  const wide = rows < columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const random = new RandomStream(randomPosition().seed, 'orthogonal', nextDraw('orthogonal').index);
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    vectors.push(
      orthogonalTo(
        vectors,
        Float64Array.from({ length }, () => random.normal()),
      ),
    );
  }
  const data = new Float32Array(t.size);
  vectors.forEach((vector, i) => {
    vector.forEach((x, j) => {
      data[wide ? i * columns + j : j * columns + i] = gain * x;
    });
  });
  write(t, data);
  return t;
}

/** The unit vector of what is left of `vector` outside of the span of `basis` (Gram and Schmidt, twice for accuracy). */
function orthogonalTo(basis: readonly Float64Array[], vector: Float64Array): Float64Array {
  for (let pass = 0; pass < 2; pass++) {
    for (const b of basis) {
      const along = b.reduce((sum, x, j) => sum + x * vector[j]!, 0);
      for (let j = 0; j < vector.length; j++) vector[j]! -= along * b[j]!;
    }
  }
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return vector.map((x) => x / norm);
}
