import { noGrad, openGpu, scope, type Tensor, tensor } from '../../engine/index.js';
import { fill } from '../golden/fill.js';
import { tinyAPNet, tinyRGA } from '../reid/models/tiny.js';

/** What a host makes of some pictures. */
export interface HostFeatures {
  /** Row by row. */
  readonly features: number[];
  /** For each picture, the others from the nearest on, by cosine. */
  readonly ranking: number[][];
}

const PICTURES = 8;

function rankingOf(features: ArrayLike<number>): number[][] {
  const dimension = features.length / PICTURES;
  const row = (i: number) => Array.from({ length: dimension }, (_, k) => features[i * dimension + k]!);
  const cosine = (i: number, j: number) => {
    const [a, b] = [row(i), row(j)];
    return a.reduce((sum, value, k) => sum + value * b[k]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
  };
  const all = Array.from({ length: PICTURES }, (_, i) => i);
  return all.map((i) => all.filter((j) => j !== i).sort((a, b) => cosine(i, b) - cosine(i, a) || a - b));
}

/** Features of the same pictures by the same small models, on whatever host this runs. */
export async function hostFeatures(): Promise<Readonly<Record<string, HostFeatures>>> {
  const gpu = await openGpu();
  try {
    return await featuresHere();
  } finally {
    gpu.close();
  }
}

async function featuresHere(): Promise<Record<string, HostFeatures>> {
  const rule = { kind: 'blocks', grid: [4, 2], block_scale: 1.5, scale: 0.5 } as const;
  const images = tensor(fill('hosts', [PICTURES, 3, 32, 16], rule), [PICTURES, 3, 32, 16]);
  const found: Record<string, HostFeatures> = {};
  for (const [name, model] of [
    ['RGA', tinyRGA()],
    ['APNet', tinyAPNet()],
  ] as const) {
    const forward = (): Tensor => model.forward(images);
    // Running statistics of these pictures first, as behind training.
    model.train();
    scope(() => noGrad(forward));
    model.eval();
    const features = await scope(() => noGrad(async () => forward().read()));
    found[name] = { features: [...features].map(Number), ranking: rankingOf(features as Float32Array) };
  }
  return found;
}
