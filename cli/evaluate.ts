import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeDataset } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { manualSeed, openGpu } from '../engine/index.js';
import { CheckpointError, loadWeights, readCheckpoint } from '../reid/training/checkpoint.node.js';
import { evaluateModel, evaluateRawPixels } from '../reid/training/evaluation.js';
import { buildModel } from '../reid/training/model.js';
import { type Metrics, metricsOf } from '../reid/training/retrieval.js';
import { figures, writeRanks } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { openUsable, readArguments, runCommand, terminal, UsageError } from './command.js';

const HELP = `node cli/evaluate.js RUN [--data DATA] [--out DIR] [--json]

Evaluates the checkpoint of a run: mAP, CMC-1/5/10/20 and mINP by the Market-1501 rule, beside raw pixels and the untrained
net, and a picture of ranks.

  RUN          the folder of a run, or its checkpoint.safetensors
  --data DATA  default: what the run was trained with; or another one, for cross-domain figures:
               ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n               ')}
  --out DIR    where evaluation.json and ranks.png go; default: the run's folder
  --json       prints the figures as JSON to standard output
  --help       prints this`;

const OPTIONS = {
  data: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function checkpointOf(path: string): string {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new UsageError(
      `${path} is not there. Give the folder of a run, such as runs/quickstart, or a checkpoint.safetensors.`,
    );
  }
  if (!isFolder) return path;
  const folder = new RunFolder(path);
  if (!folder.hasCheckpoint)
    throw new CheckpointError(`${path} holds no checkpoint.safetensors. Is it the folder of a run?`);
  return folder.checkpoint;
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('Give one run: node cli/evaluate.js RUN. See --help.');
  const path = checkpointOf(positionals[0]!);
  const checkpoint = await readCheckpoint(path);
  const { facts } = checkpoint;
  const { recipe, identities, seed } = facts;
  const data = values.data ?? facts.data;
  const dataset = await openUsable(data, ['query', 'gallery']);
  const folder = new RunFolder(values.out ?? dirname(path));
  const gpu = await openGpu();
  try {
    terminal.write(`${describeDataset(dataset)}\n${recipe.name} from ${path} on ${gpu.name}\n`);
    const context = { gpu, dataset, recipe, output: terminal };
    manualSeed(seed);
    const model = buildModel(recipe, identities);
    const same = data === facts.data;
    const rawPixels = same ? facts.rawPixels : metricsOf(await evaluateRawPixels(context));
    const untrained = same ? facts.untrained : metricsOf(await evaluateModel(model, context));
    loadWeights(model, checkpoint);
    const result = await evaluateModel(model, context);
    const trained: Metrics = metricsOf(result);
    const { protocol, averagePrecision, invalidQueries, queries, valid, gallery } = result;
    const conventions = {
      data,
      protocol,
      averagePrecision,
      invalidQueries,
      queries,
      validQueries: valid,
      gallery,
      distance: recipe.evaluation.distance,
    };
    const report = { ...trained, rawPixels, untrained, ...conventions, checkpoint: path };
    const file = await folder.writeJson('evaluation.json', report);
    await writeRanks(folder, dataset, result, `${recipe.name} on ${data}`);
    terminal.write(
      `raw pixels: ${figures(rawPixels)}\nuntrained:  ${figures(untrained)}\ntrained:    ${figures(trained)}\n`,
    );
    terminal.write(
      `${valid} of ${queries} queries valid, ${gallery} in the gallery; AP convention ${averagePrecision}, ${conventions.distance} distance\n`,
    );
    terminal.write(`${file}\n${folder.file('ranks.png')}\n`);
    if (values.json) console.log(JSON.stringify(report));
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('evaluate', main);
