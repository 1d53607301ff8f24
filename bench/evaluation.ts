// The evaluation of Market-1501's size: node dist/bench/evaluation.js [labels.json]

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Gpu, openGpu } from '../engine/index.js';
import { gpuDistances } from '../reid/metrics/gpu-distances.js';
import type { ItemLabels } from '../reid/metrics/protocols.js';
import { evaluateRankingByRows, type RankingResult } from '../reid/metrics/ranking.js';
import { evaluationReport } from '../reid/metrics/report.js';
import { gpuPoints } from '../reid/metrics/reranking/gpu-points.js';
import { rerank } from '../reid/metrics/reranking/rerank.js';

const HELP = `Usage: node dist/bench/evaluation.js [LABELS] [OPTIONS]

Measures an evaluation of Market-1501's size (3,368 queries, 15,913 gallery images, features of 2,048) on made-up features that
cluster by identity: distances on the GPU, ranking, the full report, and k-reciprocal re-ranking. Prints for each part the wall
time, the CPU time of the whole process (on a software adapter the GPU's work too) and the largest memory so far.

  LABELS           a JSON file with queryID, queryCam, testID, testCam; default: made-up labels of that size
  --dimension N    default 2048
  --skip PATTERN   parts to leave out: ^ranking (with its distances), report, re-ranking
  --help           this text`;

interface Labels {
  readonly query: ItemLabels;
  readonly gallery: ItemLabels;
}

/** Labels without junk, which no query ranks. */
function readLabels(file: string): Labels {
  const read = JSON.parse(readFileSync(file, 'utf8')) as Record<
    'queryID' | 'queryCam' | 'testID' | 'testCam',
    number[]
  >;
  const kept = read.testID.map((_, i) => i).filter((i) => read.testID[i] !== -1);
  return {
    query: { identities: read.queryID, cameras: read.queryCam },
    gallery: { identities: kept.map((i) => read.testID[i]!), cameras: kept.map((i) => read.testCam[i]!) },
  };
}

/** 750 identities seen by six cameras, and 2,798 distractors. */
function madeUpLabels(): Labels {
  const identity = (i: number) => 1 + (i % 750);
  const camera = (i: number) => Math.floor(i / 750) % 6;
  const list = (count: number, distractors: number) => ({
    identities: Array.from({ length: count }, (_, i) => (i < distractors ? 0 : identity(i))),
    cameras: Array.from({ length: count }, (_, i) => camera(i)),
  });
  return { query: list(3368, 0), gallery: list(15913, 2798) };
}

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

/** A centre for each identity (each distractor has its own) and noise around it, so strong that not every first place is right. */
function madeUpFeatures({ query, gallery }: Labels, dimension: number): Float32Array {
  const identities = [...Array.from(query.identities), ...Array.from(gallery.identities)];
  const data = new Float32Array(identities.length * dimension);
  const random = noise(7);
  for (const [i, identity] of identities.entries()) {
    const centre = noise(identity > 0 ? 1000 * identity + 1 : -1000 * i - 1);
    for (let k = 0; k < dimension; k++) data[i * dimension + k] = centre() + 3 * random();
  }
  return data;
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Largest resident memory of the process so far, in MiB. */
const peakMemory = (): number => process.resourceUsage().maxRSS / 1024;

function line(name: string, { wall, cpu }: { wall: number; cpu: number }): void {
  const numbers = [wall.toFixed(2).padStart(8), cpu.toFixed(2).padStart(8), peakMemory().toFixed(0).padStart(10)];
  console.log(`${name.padEnd(46)} ${numbers.join(' ')}`);
}

async function measured<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const cpu = cpuSeconds();
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  line(name, { wall: seconds, cpu: cpuSeconds() - cpu });
  return result;
}

const figures = ({ mAP, mINP, cmc }: RankingResult): string =>
  `mAP ${(100 * mAP).toFixed(2)}, R-1 ${(100 * cmc[0]!).toFixed(2)}, mINP ${(100 * mINP).toFixed(2)}`;

async function measureRanking(gpu: Gpu, labels: Labels, data: Float32Array, dimension: number): Promise<void> {
  const { query, gallery } = labels;
  const m = query.identities.length;
  const n = gallery.identities.length;
  const side = (from: number, to: number) => ({ data: data.subarray(from * dimension, to * dimension), dimension });
  const { rows, blockRows, release } = await gpuDistances(gpu, 'cosine', side(0, m), side(m, m + n));
  const inDistances = { wall: 0, cpu: 0 };
  const timed = async (first: number, count: number) => {
    const start = { wall: performance.now(), cpu: cpuSeconds() };
    const block = await rows(first, count);
    inDistances.wall += (performance.now() - start.wall) / 1000;
    inDistances.cpu += cpuSeconds() - start.cpu;
    return block;
  };
  const start = { wall: performance.now(), cpu: cpuSeconds() };
  const result = await evaluateRankingByRows(timed, query, gallery, { blockRows });
  const all = { wall: (performance.now() - start.wall) / 1000, cpu: cpuSeconds() - start.cpu };
  release();
  line('distances on the GPU', inDistances);
  line('ranking, CMC, mAP, mINP', { wall: all.wall - inDistances.wall, cpu: all.cpu - inDistances.cpu });
  console.log(`    ${figures(result)}`);
}

/** The whole report on distances that cost next to nothing, so that what is left is its own time. */
async function measureReport({ query, gallery }: Labels): Promise<void> {
  const n = gallery.identities.length;
  const random = noise(11);
  const row = Float32Array.from({ length: 2 * n }, () => 0.8 + 0.3 * random());
  const rows = (first: number, count: number) => {
    const block = new Float32Array(count * n);
    for (let i = 0; i < count; i++) {
      const shift = (7919 * (first + i)) % n;
      block.set(row.subarray(shift, shift + n), i * n);
      for (let j = 0; j < n; j++) if (gallery.identities[j] === query.identities[first + i]) block[i * n + j] *= 0.7;
    }
    return block;
  };
  const { seconds } = await measured('report with all pairs, cameras, open set', () =>
    evaluationReport(rows, query, gallery, { facts: { distance: 'made up' } }),
  );
  const parts = Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(2)} s`);
  console.log(`    ${parts.join(', ')}`);
}

async function measureReranking(gpu: Gpu, labels: Labels, data: Float32Array, dimension: number): Promise<void> {
  const { query, gallery } = labels;
  await measured('re-ranking in all', async () => {
    const points = await gpuPoints(gpu, { data, dimension }, { queries: query.identities.length, unit: true });
    const { rows, seconds, nonZeros } = await measured('  all distances, lists, vectors', () => rerank(points));
    console.log(
      `    distances and lists ${seconds.neighbours.toFixed(2)} s, vectors ${seconds.vectors.toFixed(2)} s; ${(nonZeros / points.points).toFixed(0)} non-zeros a point`,
    );
    const result = await measured('  Jaccard distances, fusion, ranking', () =>
      evaluateRankingByRows(rows, query, gallery),
    );
    points.release();
    console.log(`    ${figures(result)}`);
  });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dimension: { type: 'string', default: '2048' },
      skip: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const dimension = Number(values.dimension);
  if (!Number.isInteger(dimension) || dimension < 1) throw new Error(`--dimension ${values.dimension} is no size`);
  const skip = values.skip === undefined ? undefined : new RegExp(values.skip);
  const labels = positionals[0] === undefined ? madeUpLabels() : readLabels(positionals[0]);
  const gpu = await openGpu();
  try {
    console.log(`${gpu.name}, Node ${process.versions.node}`);
    console.log(`${'part'.padEnd(46)}   wall s    CPU s   peak MiB`);
    const data = await measured('features (made up)', () => madeUpFeatures(labels, dimension));
    if (!skip?.test('ranking')) await measureRanking(gpu, labels, data, dimension);
    if (!skip?.test('report')) await measureReport(labels);
    if (!skip?.test('re-ranking')) await measureReranking(gpu, labels, data, dimension);
  } finally {
    gpu.close();
  }
}

process.exitCode = await main().then(
  () => 0,
  (error: Error) => {
    console.error(`evaluation: ${error.message}`);
    return 1;
  },
);
