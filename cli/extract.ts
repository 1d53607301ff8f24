import { extname } from 'node:path';
import { csvTable } from '../datasets/csv-table.js';
import { type ImageRecord, type ReidDataset, SPLITS, type Split } from '../datasets/index.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { writeNpy } from '../engine/io/npy.js';
import { writeSafetensors } from '../engine/io/safetensors.js';
import type { Pooling } from '../reid/metrics/tracklets.js';
import { modelSides } from '../reid/training/evaluation.js';
import { type Features, normalisedFeatures } from '../reid/training/features.js';
import { duration } from '../reid/training/progress.js';
import { openMended, readArguments, runCommand, terminal, UsageError } from './command.js';
import { printIntention } from './dry-run.js';
import { choiceOf, recipeFor } from './evaluation-options.js';
import { requireFolderOf } from './output-file.js';
import { quoted } from './shell-word.js';
import { modelWords, openTrainedModel, sayUnmatched, type TrainedModel } from './trained-model.js';

const HELP = `node cli/extract.js RUN --out FILE.npy|FILE.safetensors [--data DATA] [OPTIONS]

Writes the features of a data set's pictures, a row each, and beside them a table FILE.csv: row, path, identity, camera, split.
Of tracklets the path is that of their middle frame.

  RUN               the folder of a run, its checkpoint.safetensors, or with --recipe a file of an original system
  --out FILE        .npy: one float32 array [pictures, numbers], as numpy.load reads it
                    .safetensors: the same as "features", with int32 "identity" and "camera" beside it
  --data DATA       default: what the run was trained with.
                    ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                    ')}
  --split NAMES     train, query, gallery or all; several between commas. Default query,gallery
  --flip            averages the features of each picture and its mirror image, as the sum of both
  --tracklets mean|max  of models of pictures: a row for each tracklet, by the features of its frames; models of clips give no other
  --normalise       divides every feature by its length, so that products are cosines
  --recipe RECIPE   the recipe of a file that is of no run
  --set KEY=VALUE   changes the recipe
  --json            prints what was written as JSON
  --dry-run         says what would be read and written, and how many pictures
  --help            prints this

Exit status: 0 written, 1 something went wrong, 2 wrong use.`;

const OPTIONS = {
  data: { type: 'string' },
  out: { type: 'string' },
  split: { type: 'string' },
  flip: { type: 'boolean' },
  normalise: { type: 'boolean' },
  tracklets: { type: 'string' },
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const FORMATS = ['.npy', '.safetensors'];

function splitsOf(text: string): readonly Split[] {
  const names = text.split(',').map((name) => choiceOf('split', name.trim(), [...SPLITS, 'all' as const])!);
  return [...new Set(names.flatMap((name): readonly Split[] => (name === 'all' ? SPLITS : [name])))];
}

/** A picture, and the split that it is of. */
interface Row {
  readonly record: ImageRecord;
  readonly split: Split;
}

const tableOf = (rows: readonly Row[]): string =>
  csvTable([
    ['row', 'path', 'identity', 'camera', 'split', 'name'],
    ...rows.map(({ record, split }, row) => [
      row,
      record.path,
      record.identity,
      record.camera,
      split,
      record.identityName,
    ]),
  ]);

/** The file's content. */
function contentOf(
  out: string,
  { data, count, dimension }: Features,
  rows: readonly Row[],
  facts: Readonly<Record<string, string>>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  const features = { dtype: 'float32', shape: [count, dimension], data } as const;
  if (extname(out) === '.npy') return writeNpy(features);
  const column = (of: (record: ImageRecord) => number) =>
    ({ dtype: 'int32', shape: [count], data: Int32Array.from(rows, ({ record }) => of(record)) }) as const;
  const arrays = [
    ['features', features],
    ['identity', column(({ identity }) => identity)],
    ['camera', column(({ camera }) => camera)],
  ] as const;
  return writeSafetensors(arrays, facts);
}

/** How the same features are read back. */
function nextStep(out: string): string {
  const file = JSON.stringify(out);
  return extname(out) === '.npy' ? `numpy.load(${file})` : `safetensors.numpy.load_file(${file})["features"]`;
}

async function extract(
  trained: TrainedModel,
  dataset: ReidDataset,
  splits: readonly Split[],
  { flip, pooling }: { readonly flip: boolean; readonly pooling?: Pooling },
): Promise<{ features: Features; rows: readonly Row[]; adapter: string; seconds: number }> {
  const gpu = await openGpu();
  try {
    terminal.write(`${trained.title} on ${gpu.name}\n`);
    const model = trained.build();
    const warning = sayUnmatched(trained.path, trained.load(model));
    if (warning) terminal.write(`${warning}\n`);
    const start = performance.now();
    const recipe = recipeFor(trained.recipe, { flip, pooling });
    const lists = splits.map((split) => dataset[split]);
    const sides = await modelSides(model, lists, { gpu, dataset, recipe, output: terminal, pooling });
    const rows = sides.flatMap(({ records }, i) => records.map((record) => ({ record, split: splits[i]! })));
    const dimension = Math.max(...sides.map(({ features }) => features.dimension));
    const data = new Float32Array(rows.length * dimension);
    let at = 0;
    for (const { features } of sides) {
      data.set(features.data, at);
      at += features.data.length;
    }
    const features = { data, count: rows.length, dimension };
    return { features, rows, adapter: gpu.name, seconds: (performance.now() - start) / 1000 };
  } finally {
    gpu.close();
  }
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('Give one run: node cli/extract.js RUN --out FILE. See --help.');
  const { out, flip = false, normalise = false } = values;
  if (!out) throw new UsageError('--out is missing: --out features.npy or --out features.safetensors.');
  if (!FORMATS.includes(extname(out))) {
    throw new UsageError(`--out ${out}: its ending must be ${FORMATS.join(' or ')}, which says how it is written.`);
  }
  const splits = splitsOf(values.split ?? 'query,gallery');
  const pooling = choiceOf('tracklets', values.tracklets, ['mean', 'max'] as const);
  const trained = await openTrainedModel(positionals[0]!, { recipe: values.recipe, set: values.set });
  const data = values.data ?? trained.run?.facts.data;
  if (data === undefined)
    throw new UsageError(`--data is missing: ${trained.path} does not say what it was trained with.`);
  const dataset = await openMended(data);
  const pictures = splits.reduce((sum, split) => sum + dataset[split].length, 0);
  if (pictures === 0) throw new UsageError(`--split ${splits.join(',')}: ${dataset.name} has no pictures there.`);
  const table = `${out.slice(0, -extname(out).length)}.csv`;
  if (values['dry-run']) {
    printIntention({ reads: [trained.title, dataset.name], pictures, writes: [out, table] }, values.json);
    return 0;
  }
  requireFolderOf(out);
  terminal.write(`${dataset.name}: ${splits.map((split) => `${dataset[split].length} of ${split}`).join(', ')}\n`);
  const made = await extract(trained, dataset, splits, { flip, pooling });
  const { features, rows, adapter, seconds } = made;
  const { clips, model } = trained.recipe;
  const facts = {
    checkpoint: trained.path,
    recipe: trained.recipe.name,
    data,
    splits: splits.join(','),
    flip: String(flip || trained.recipe.evaluation.flip),
    normalised: String(normalise),
    rows: clips || pooling ? 'tracklets' : 'pictures',
    ...(clips && { clips: JSON.stringify(clips) }),
    ...(pooling && { tracklets: pooling }),
    ...(model.kind === 'fgreid' && { minScope: model.minScope }),
  };
  const finished = normalise ? normalisedFeatures(features) : features;
  await writeFileAtomically(out, contentOf(out, finished, rows, facts));
  await writeFileAtomically(table, tableOf(rows));
  const { count, dimension } = features;
  const summary = { ...facts, features: out, table, pictures: count, dimension, adapter, seconds };
  if (values.json) console.log(JSON.stringify(summary));
  else console.log(`${count} features of ${dimension} numbers in ${duration(seconds)}\n${out}\n${table}`);
  terminal.write(
    `next: ${nextStep(out)}, or node cli/evaluate.js ${modelWords(positionals[0]!, values)} --data ${quoted(data)}\n`,
  );
  return 0;
}

await runCommand('extract', main);
