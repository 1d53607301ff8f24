import { existsSync, rmSync } from 'node:fs';
import { createSynthetic, encodePng, type ReidDataset } from '../datasets/index.js';
import { writeMarket1501 } from '../datasets/market1501-writer.node.js';
import { openDataset } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { baselineTiny } from '../reid/recipes/index.js';
import { drawContactSheet } from '../reid/report/drawing/contact-sheet.js';
import { type Checkpoint, readCheckpoint } from '../reid/training/checkpoint.node.js';
import { figures, trainRun } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { readArguments, runCommand, terminal } from './command.js';

const FOLDER = 'runs/quickstart';

const HELP = `npm run quickstart

Draws a small set of pedestrians, trains the recipe baseline-tiny on it, evaluates, and leaves everything under ${FOLDER}:
the pictures as a data set (data/), samples of it (samples.png), queries with their nearest pictures (ranks.png), the figures
(metrics.json), the log and the checkpoint. A quickstart that was interrupted goes on where it was.`;

const OPTIONS = { help: { type: 'boolean', short: 'h' } } as const;

const IDENTITIES_SHOWN = 8;

/** A row for each of some identities, a picture from each camera. */
async function drawSamples(dataset: ReidDataset): Promise<Uint8Array> {
  const rows = [];
  for (let identity = 0; identity < IDENTITIES_SHOWN; identity++) {
    const records = dataset.train.filter((record) => record.identity === identity);
    const cameras = [...new Set(records.map(({ camera }) => camera))].sort((a, b) => a - b);
    const images = await Promise.all(
      cameras.map((camera) => dataset.read(records.find((record) => record.camera === camera)!)),
    );
    rows.push({
      label: `identity ${records[0]!.identityName}, cameras ${cameras.map((camera) => camera + 1).join(' ')}`,
      images,
    });
  }
  return encodePng(drawContactSheet(rows));
}

async function main(): Promise<number> {
  const { values } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const started = performance.now();
  const folder = new RunFolder(FOLDER);
  const interrupted = folder.hasCheckpoint && !existsSync(folder.file('metrics.json'));
  let checkpoint: Checkpoint | undefined = interrupted ? await readCheckpoint(folder.checkpoint) : undefined;
  const data = `market1501:${folder.file('data')}`;
  const recipe = baselineTiny;
  if (checkpoint && JSON.stringify(checkpoint.facts.recipe) !== JSON.stringify(recipe)) checkpoint = undefined;
  if (!checkpoint) {
    for (const name of ['data', 'checkpoint.safetensors', 'metrics.json', 'log.jsonl', 'ranks.png', 'samples.png']) {
      rmSync(folder.file(name), { recursive: true, force: true });
    }
    terminal.write('drawing pedestrians …\n');
    await writeMarket1501(createSynthetic({ seed: 1 }), folder.file('data'));
  }
  const dataset = await openDataset(data);
  const samples = folder.file('samples.png');
  await writeFileAtomically(samples, await drawSamples(dataset));
  await folder.writeJson('recipe.json', { recipe, data, seed: 1 });
  const gpu = await openGpu();
  try {
    terminal.write(`training ${recipe.name} on ${gpu.name}\n`);
    const metrics = await trainRun({ gpu, dataset, recipe, data, seed: 1, folder, output: terminal, checkpoint });
    if (!metrics) return 1;
    const minutes = (performance.now() - started) / 60_000;
    console.log(`
Done in ${minutes.toFixed(1)} minutes.

  raw pixels   ${figures(metrics.rawPixels)}
  untrained    ${figures(metrics.untrained)}
  trained      ${figures(metrics)}

  ${samples}   some of the drawn people
  ${folder.file('ranks.png')}     queries with their ten nearest pictures: right ones green, wrong ones red
  ${folder.file('metrics.json')}  the figures

Next: node cli/evaluate.js ${FOLDER}
      node cli/train.js baseline --data market1501:DIR   (your own pictures: folder:DIR, table:FILE, …; see --help)`);
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('quickstart', main);
