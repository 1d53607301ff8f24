import { RandomStream } from '../../../random/philox.js';
import { affinitiesOf } from './affinities.js';
import { Forces } from './forces.js';
import { checkPoints, type PointRows, pca } from './pca.js';

/** How far a map is. */
export interface TsneProgress {
  readonly iteration: number;
  readonly iterations: number;
  /** KL divergence from the affinities of the points to those of the map, in nats, without exaggeration. */
  readonly kl: number;
}

/** Every option has the usual default. */
export interface TsneOptions {
  /** About how many neighbours each point has; at most (points − 1) / 3. Default 30. */
  readonly perplexity?: number;
  /** Default 1000. */
  readonly iterations?: number;
  /** What attraction is multiplied by at first, so that clusters find each other. Default 12. */
  readonly exaggeration?: number;
  /** For so many iterations, with momentum 0.5; then 0.8. Default 250. */
  readonly exaggerated?: number;
  /** Default points / exaggeration / 4, at least 50 (Belkina et al., Nature Communications 2019). */
  readonly learningRate?: number;
  /** First positions: the two principal components (Kobak & Berens, ibid.), or random. Default `pca`. */
  readonly initial?: 'pca' | 'random';
  /** Of the random first positions. Default 1. */
  readonly seed?: number;
  /** Up to so many points all pairs are computed, beyond by Barnes and Hut's tree. Default 2000. */
  readonly exactUpTo?: number;
  /** Of the tree: how wide a cell may look and still count as one place. Default 0.5. */
  readonly angle?: number;
  /** Called every 50 iterations and at the end. */
  readonly onProgress?: (progress: TsneProgress) => void;
}

/** A map of points. */
export interface TsneMap {
  /** `[count, 2]`. */
  readonly points: Float64Array;
  /** KL divergence at the end, in nats. */
  readonly kl: number;
}

/** Standard deviation of the first positions along the first axis. */
const SMALL = 1e-4;
const REPORT_EVERY = 50;
/** Beyond, a cell could pass for one place though the point itself is in it. */
const WIDEST = 0.7;
/** Milliseconds of work between two breaths. */
const BREATH = 50;

/**
 * A map of points in the plane in which near points are those that are near in their own space: t-SNE (van der Maaten & Hinton,
 * JMLR 2008), with Barnes and Hut's tree for many points (van der Maaten, JMLR 2014). Distances between clusters and sizes of
 * clusters mean little. On the CPU in float64; the same points and options give the same map. Lets other work in every 50 ms.
 *
 * @example
 *   const { points } = await tsne({ data, count: 600, dimension: 128 }, { perplexity: 20 });
 *
 * @throws RangeError when a value is not finite, or the perplexity is too large for so few points
 */
export async function tsne(rows: PointRows, options: TsneOptions = {}): Promise<TsneMap> {
  checkPoints('tsne', rows);
  const { count } = rows;
  const { perplexity = 30, iterations = 1000, exaggeration = 12, exaggerated = 250, angle = 0.5 } = options;
  const learningRate = options.learningRate ?? Math.max(50, count / exaggeration / 4);
  if (!(perplexity >= 1 && perplexity <= (count - 1) / 3)) {
    const most = Math.floor((count - 1) / 3);
    throw new RangeError(
      most < 1
        ? `tsne: ${count} points are too few for a map; it takes 4.`
        : `tsne: perplexity ${perplexity} does not fit ${count} points; it goes from 1 to ${most}.`,
    );
  }
  for (const [name, value] of Object.entries({ iterations, exaggeration, exaggerated, learningRate })) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new RangeError(`tsne: ${name} is ${value}; it can not be below 0`);
  }
  if (!(angle >= 0 && angle <= WIDEST)) throw new RangeError(`tsne: angle is ${angle}; it goes from 0 to ${WIDEST}`);
  const exact = count <= (options.exactUpTo ?? 2000);
  const affinities = affinitiesOf(rows, perplexity, exact ? count - 1 : Math.ceil(3 * perplexity));
  const y = firstPositions(rows, options);
  const forces = new Forces(affinities, exact ? 'exact' : angle);
  const gradient = new Float64Array(2 * count);
  const velocity = new Float64Array(2 * count);
  const gains = new Float64Array(2 * count).fill(1);
  let kl = forces.divergence(y);
  let breath = performance.now();
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const early = iteration <= exaggerated;
    forces.gradient(y, early ? exaggeration : 1, gradient);
    step(y, gradient, velocity, gains, early ? 0.5 : 0.8, learningRate);
    if (iteration % REPORT_EVERY === 0 || iteration === iterations) {
      kl = forces.divergence(y);
      options.onProgress?.({ iteration, iterations, kl });
    }
    if (performance.now() - breath > BREATH) {
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now();
    }
  }
  return { points: y, kl };
}

function firstPositions(rows: PointRows, { initial = 'pca', seed = 1 }: TsneOptions): Float64Array {
  const y = new Float64Array(2 * rows.count);
  if (initial === 'random' || rows.dimension < 2) {
    const random = new RandomStream(seed, 't-SNE first positions');
    return y.map(() => SMALL * random.normal());
  }
  const { points, variances } = pca(rows, 2);
  const scale = variances[0]! > 0 ? SMALL / Math.sqrt(variances[0]!) : 0;
  return y.map((_, i) => scale * points[i]!);
}

/** Gradient descent with momentum and a gain for each coordinate (Jacobs, 1988); the map stays centred. */
function step(
  y: Float64Array,
  gradient: Float64Array,
  velocity: Float64Array,
  gains: Float64Array,
  momentum: number,
  learningRate: number,
): void {
  const mean = [0, 0];
  for (let i = 0; i < y.length; i++) {
    const turns = gradient[i]! > 0 === velocity[i]! > 0;
    gains[i] = turns ? Math.max(0.01, gains[i]! * 0.8) : gains[i]! + 0.2;
    velocity[i] = momentum * velocity[i]! - learningRate * gains[i]! * gradient[i]!;
    y[i] = y[i]! + velocity[i]!;
    mean[i & 1] = mean[i & 1]! + y[i]!;
  }
  for (let i = 0; i < y.length; i++) y[i] = y[i]! - (2 * mean[i & 1]!) / y.length;
}
