import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { encodeApng } from '../datasets/apng.js';
import { decodeFile } from '../datasets/decode-file.js';
import {
  encodePng,
  type Image,
  ImageStore,
  type Picture,
  trueView,
  type UnlabelledDataset,
} from '../datasets/index.js';
import { openStructure, STRUCTURE_KINDS } from '../datasets/structure/open.node.js';
import { openUnlabelled } from '../datasets/unlabelled.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { type GCLRecipe, isGCL } from '../reid/recipes/index.js';
import { type Checkpoint, CheckpointError, loadWeights } from '../reid/training/checkpoint.js';
import { readCheckpoint } from '../reid/training/checkpoint.node.js';
import { StructureMaps } from '../reid/training/gcl/batches.js';
import { blendCodes, Drawer } from '../reid/training/gcl/drawer.js';
import { buildGCL } from '../reid/training/gcl/networks.js';
import { drawGrid, VIEW_DEGREES } from '../reid/training/gcl/panels.js';
import type { GCLFacts } from '../reid/training/gcl/records.js';
import { sayScores, scoreDrawings } from '../reid/training/gcl/scores.js';
import { arraysBelow } from '../reid/training/gcl/stage-state.js';
import { readArguments, runCommand, UsageError, wholeNumber } from './command.js';
import { writeRelease } from './gcl-release.js';

const HELP = `node cli/generate.js RUN [--picture PICTURE] [--blend PICTURE] [--structure MAPS] [--out DIR]
node cli/generate.js RUN --scores [--count N]
node cli/generate.js RUN --release DIR

Draws a person from eight sides with the generator of a GCL run, or between two persons.

  RUN               the folder of a run of gcl…, or one of its files (stage2.safetensors)
  --picture PICTURE the person: a file, or the number or the end of the name of a picture of the run's data; default 0
  --blend PICTURE   another person: nine pictures from the first one's appearance to this one's, in the first one's posture
  --structure MAPS  whose maps to draw from, default the run's (for a file walker): ${Object.values(STRUCTURE_KINDS).join(', ')}
  --data DATA       other pictures than the run's
  --out DIR         default RUN/generated: NAME-views.png (a strip) and NAME-turn.png (animated)
  --scores          measures the generator instead, on --count pictures (default 48): SSIM and L1 of photos drawn again and, for
                    toy-walkers, of novel views against the truth; the Fréchet distance by the run's own encoder
  --release DIR     writes the networks as the authors' code reads them instead: gen_STEP.pt, dis_STEP.pt and id_STEP.pt
  --json            prints one object instead of text
  --help            prints this`;

const OPTIONS = {
  picture: { type: 'string' },
  blend: { type: 'string' },
  structure: { type: 'string' },
  data: { type: 'string' },
  out: { type: 'string' },
  scores: { type: 'boolean' },
  count: { type: 'string' },
  release: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Milliseconds that a picture of an animation stands. */
const DELAY = 250;
/** Pictures between two persons, both included. */
const SHARES = 9;
/** Animations of small pictures are enlarged to about this height. */
const HEIGHT = 256;

/** A run with a generator. */
interface Run {
  readonly path: string;
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  readonly recipe: GCLRecipe;
  readonly facts: GCLFacts;
}

async function openRun(place: string): Promise<Run> {
  if (!existsSync(place)) throw new UsageError(`${place} is not there. Give the folder of a run of gcl….`);
  const isFile = place.endsWith('.safetensors');
  const path = isFile ? place : join(place, 'checkpoint.safetensors');
  if (!existsSync(path)) throw new UsageError(`${place} holds no checkpoint.safetensors. Is it the folder of a run?`);
  const checkpoint = await readCheckpoint(path);
  const { recipe } = checkpoint.facts;
  if (!isGCL(recipe))
    throw new CheckpointError(`${path} is a run of ${recipe.name}: it has no generator. Train one with gcl-small.`);
  const { stage } = checkpoint.position as { readonly stage?: number };
  const steps = checkpoint.pseudo.get('generatorOptimiser.steps')?.data[0];
  if (stage !== 3 && Number(steps ?? 0) === 0)
    throw new CheckpointError(`${path} is from the first stage: its generator knows nothing yet. Let the run go on.`);
  return { path, folder: isFile ? join(place, '..') : place, checkpoint, recipe, facts: checkpoint.facts as GCLFacts };
}

/** A picture to draw, and the set that its maps are opened for. */
interface Subject {
  readonly picture: Picture;
  readonly dataset: UnlabelledDataset;
}

async function subjectOf(text: string, data: UnlabelledDataset): Promise<Subject> {
  if (/^\d+$/.test(text)) {
    const picture = data.pictures[Number(text)];
    if (!picture)
      throw new UsageError(`--picture ${text}: ${data.name} has ${data.pictures.length} pictures, from 0 on.`);
    return { picture, dataset: data };
  }
  const found = data.pictures.filter(({ path }) => path === text || path.endsWith(text));
  if (found.length === 1) return { picture: found[0]!, dataset: data };
  if (found.length > 1) throw new UsageError(`${found.length} pictures end with ${text}: give more of the name.`);
  if (!existsSync(text)) throw new UsageError(`${text} is neither a file nor a picture of ${data.name}.`);
  const picture = { path: text };
  const dataset = { name: text, pictures: [picture], onDisk: true, read: ({ path }: Picture) => decodeFile(path) };
  return { picture, dataset };
}

/** Each pixel as a square. */
function enlarged(image: Image): Image {
  const times = Math.max(1, Math.round(HEIGHT / image.height));
  const [width, height] = [image.width * times, image.height * times];
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (Math.floor(y / times) * image.width + Math.floor(x / times));
      data.set(image.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('One run: node cli/generate.js runs/…. See --help.');
  const run = await openRun(positionals[0]!);
  if (values.release !== undefined) {
    const files = await writeRelease(run.checkpoint, values.release);
    console.log(values.json ? JSON.stringify({ run: run.path, files }) : files.join('\n'));
    return 0;
  }
  const { pictures: data } = await openUnlabelled(values.data ?? run.facts.data, run.facts.seed);
  const gpu = await openGpu();
  try {
    const { recipe, checkpoint } = run;
    const nets = buildGCL(recipe);
    loadWeights(nets.identity, checkpoint);
    nets.generator.loadStateDict(arraysBelow(checkpoint.pseudo, 'generator'));
    const drawer = new Drawer(gpu, nets, recipe);
    const mapsFor = async (dataset: UnlabelledDataset) => {
      const spec = values.structure ?? (dataset === data ? run.facts.structure : 'walker') ?? 'walker';
      return new StructureMaps(await openStructure(spec, dataset), recipe.input);
    };
    const size = { height: recipe.input.height, width: recipe.input.width, filter: recipe.input.resize, workers: 0 };
    const photoOf = async ({ picture, dataset }: Subject) => {
      const store = new ImageStore(dataset, size);
      try {
        return await drawer.photo(store, picture);
      } finally {
        await store.close();
      }
    };
    if (values.scores) {
      const count = wholeNumber('count', values.count, 48);
      const maps = await mapsFor(data);
      const shown = data.pictures.filter((picture) => maps.has(picture)).slice(0, count);
      const isToy = shown.every(({ path }) => path.startsWith('toy-walkers/'));
      const store = new ImageStore(data, size);
      const scores = await scoreDrawings(shown, { drawer, recipe, store, maps, ...(isToy ? { trueView } : {}) });
      await store.close();
      console.log(values.json ? JSON.stringify(scores) : sayScores(scores));
      return 0;
    }
    const subject = await subjectOf(values.picture ?? '0', data);
    const maps = await mapsFor(subject.dataset);
    const photo = await photoOf(subject);
    const codes = await drawer.codesOf([photo]);
    let headings: readonly string[];
    let images: readonly Image[];
    let ends: readonly Image[] = [drawer.image(photo)];
    if (values.blend === undefined) {
      const structures: Float32Array[] = [];
      for (const degrees of VIEW_DEGREES) structures.push(await maps.get(subject.picture, degrees));
      images = await drawer.draw(structures, codes);
      headings = ['photo', ...VIEW_DEGREES.map((degrees) => `${degrees}°`)];
    } else {
      const other = await photoOf(await subjectOf(values.blend, data));
      const theirs = await drawer.codesOf([other]);
      const structure = await maps.get(subject.picture, 0);
      const shares = Array.from({ length: SHARES }, (_, i) => 1 - i / (SHARES - 1));
      const drawn: Image[] = [];
      for (const share of shares) drawn.push(...(await drawer.draw([structure], blendCodes(codes, theirs, share))));
      images = drawn;
      headings = ['photo', ...shares.map((share) => `${Math.round(100 * share)} %`), 'other'];
      ends = [drawer.image(photo), drawer.image(other)];
    }
    const [first, ...last] = ends;
    const out = values.out ?? join(run.folder, 'generated');
    mkdirSync(out, { recursive: true });
    const name = basename(subject.picture.path).replace(/\.\w+$/, '') + (values.blend === undefined ? '' : '-blend');
    const strip = join(out, `${name}-views.png`);
    const turn = join(out, `${name}-turn.png`);
    await writeFileAtomically(strip, await encodePng(drawGrid(headings, [[first!, ...images, ...last]])));
    await writeFileAtomically(turn, await encodeApng(images.map(enlarged), { delayMs: DELAY }));
    if (values.json)
      console.log(JSON.stringify({ run: run.path, picture: subject.picture.path, strip, animation: turn }));
    else console.log(`${strip}\n${turn} (animated)`);
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('generate', main);
