// Clustering of many features: node dist/bench/clustering.js [PART …]

import { parseArgs } from 'node:util';
import { type Gpu, openGpu } from '../engine/index.js';
import { agglomerative, type Linkage } from '../reid/clustering/agglomerative.js';
import { jaccardDbscan } from '../reid/clustering/dbscan.js';
import { kMeans } from '../reid/clustering/k-means.js';
import { cutTree } from '../reid/clustering/linkage-tree.js';
import { mergeStep } from '../reid/clustering/merge-step.js';
import { clusterScores, outliersApart } from '../reid/metrics/cluster-scores.js';
import { gpuPoints } from '../reid/metrics/reranking/gpu-points.js';

const HELP = `Usage: node dist/bench/clustering.js [PART …] [OPTIONS]

Measures clustering on made-up features that cluster by identity, about 15 pictures each. Prints for each part the wall time, the CPU
time of the whole process (on a software adapter the GPU's work too) and the largest memory so far: give one part for its own.

  PART             dbscan (Jaccard, k1 30, k2 6, eps 0.6), merge (a step of bottom-up clustering), average, complete, single, ward,
                   kmeans; default: dbscan merge average
  --points N       default 30000
  --dimension N    default 2048
  --merges M       default 646
  --help           this text`;

/** Pictures of an identity. */
const EACH = 15;
/** Noise beside centres of size 1. */
const NOISE = 1.5;

/** Numbers in [−1, 1) of a small generator: what they are does not matter, that they come fast does. */
function noise(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

function madeUpFeatures(identities: Int32Array, dimension: number): Float32Array {
  const data = new Float32Array(identities.length * dimension);
  const random = noise(7);
  for (const [i, identity] of identities.entries()) {
    const centre = noise(1000 * identity + 1);
    for (let k = 0; k < dimension; k++) data[i * dimension + k] = centre() + NOISE * random();
  }
  return data;
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function measured<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const cpu = cpuSeconds();
  const start = performance.now();
  const result = await work();
  const numbers = [(performance.now() - start) / 1000, cpuSeconds() - cpu, process.resourceUsage().maxRSS / 1024];
  console.log(`${name.padEnd(30)} ${numbers.map((value) => value.toFixed(1).padStart(10)).join(' ')}`);
  return result;
}

interface Task {
  readonly gpu: Gpu;
  readonly data: Float32Array;
  readonly dimension: number;
  readonly identities: Int32Array;
  readonly merges: number;
}

const PARTS = ['dbscan', 'merge', 'average', 'complete', 'single', 'ward', 'kmeans'] as const;
type Part = (typeof PARTS)[number];

/** The labels that a part finds. */
async function labelsOf(part: Part, { gpu, data, dimension, identities, merges }: Task): Promise<ArrayLike<number>> {
  const clusters = Math.ceil(identities.length / EACH);
  if (part === 'kmeans') return (await kMeans(gpu, { data, dimension }, { clusters, unit: true })).labels;
  const points = await gpuPoints(gpu, { data, dimension }, { unit: true });
  try {
    if (part === 'dbscan') return (await jaccardDbscan(points, { eps: 0.6 })).labels;
    if (part === 'merge') return (await mergeStep(points, Int32Array.from(identities.keys()), { merges })).labels;
    const linkage: Linkage = part;
    return cutTree(await agglomerative(points, { linkage }), { clusters }).labels;
  } finally {
    points.release();
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      points: { type: 'string', default: '30000' },
      dimension: { type: 'string', default: '2048' },
      merges: { type: 'string', default: '646' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [points, dimension, merges] = [values.points, values.dimension, values.merges].map((text) => {
    if (!(Number.isInteger(Number(text)) && Number(text) > 0)) throw new Error(`${text} is no size`);
    return Number(text);
  }) as [number, number, number];
  const unknown = positionals.find((name) => !PARTS.includes(name as Part));
  if (unknown) throw new Error(`there is no part ${unknown}: ${PARTS.join(', ')}`);
  const parts = positionals.length > 0 ? (positionals as Part[]) : (['dbscan', 'merge', 'average'] as const);
  const identities = Int32Array.from({ length: points }, (_, i) => i % Math.ceil(points / EACH));
  const gpu = await openGpu();
  try {
    console.log(`${points} features of ${dimension} numbers; ${gpu.name}, Node ${process.versions.node}`);
    console.log(`${'part'.padEnd(30)} ${['wall s', 'CPU s', 'peak MiB'].map((title) => title.padStart(10)).join(' ')}`);
    const data = await measured('features (made up)', () => madeUpFeatures(identities, dimension));
    for (const part of parts) {
      const labels = await measured(part, () => labelsOf(part, { gpu, data, dimension, identities, merges }));
      const { clusters, nmi, ari, pairPrecision } = clusterScores(identities, outliersApart(labels));
      const figures = { NMI: nmi, ARI: ari, 'pair precision': pairPrecision };
      console.log(
        `    ${clusters} clusters and outliers; ${Object.entries(figures)
          .map(([name, value]) => `${name} ${value.toFixed(4)}`)
          .join(', ')}`,
      );
    }
  } finally {
    gpu.close();
  }
}

process.exitCode = await main().then(
  () => 0,
  (error: Error) => {
    console.error(`clustering: ${error.message}`);
    return 1;
  },
);
