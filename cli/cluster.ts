import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { csvTable } from '../datasets/csv-table.js';
import { decodeFile } from '../datasets/decode-file.js';
import { type Image, type ImageRecord, SPLITS } from '../datasets/index.js';
import { openDataset } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { type Grouping, groupFeatures } from '../reid/clustering/grouping.js';
import { largestFirst, type Partition } from '../reid/clustering/partition.js';
import { duration } from '../reid/training/progress.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { centredByCamera } from '../reid/training/unsupervised/cameras.js';
import { CLUSTER_DISTANCES, clusterChoices, METHOD_OPTIONS, METHODS, type MethodValues } from './cluster-options.js';
import { sheetPages, sheetPng } from './cluster-sheets.js';
import { type ClusterSummary, summarise, summaryLines } from './cluster-summary.js';
import { readArguments, runCommand, terminal, UsageError, wholeNumber } from './command.js';
import { printIntention } from './dry-run.js';
import { choiceOf } from './evaluation-options.js';
import { type FeatureFile, readFeatureFile } from './feature-file.js';
import { quoted } from './shell-word.js';

const list = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([name, about]) => `${name.padEnd(9)} ${about}`)
    .join('\n                    ');

const HELP = `node cli/cluster.js FEATURES --out DIR [--method NAME] [OPTIONS]

Groups pictures by their features, without labels: a table, and pages of pictures to look at, a row for each cluster.

  FEATURES          what node cli/extract.js RUN --out FEATURES writes: .npy or .safetensors, with its table .csv beside it
  --out DIR         where clusters.csv, clusters.json and the pages clusters-1.png, … go
  --method NAME     ${list(METHODS)}
                    default dbscan
  --distance NAME   ${list(CLUSTER_DISTANCES)}
                    default jaccard for dbscan, cosine otherwise

  of dbscan
  --eps D           neighbours are no farther apart; default 0.6 of jaccard (SpCL, Cluster-Contrast). Smaller: smaller, purer clusters
  --min-samples N   neighbours that a point in the middle of a cluster has, itself included; default 4
  --k1 N, --k2 N    lengths of the neighbour lists behind jaccard; default 30 and 6

  of average, complete, single and ward
  --clusters N      stops when there are so many
  --threshold D     or joins what is closer than D

  of kmeans
  --clusters N      how many
  --seed N          of the first centres; default 1

  --cameras MODE    centred: takes from each feature what those of its camera have in common, so that light and background make no
                    groups; default ignored
  --table FILE      the table of the pictures: path, and if known identity and camera; default FEATURES with .csv
  --data DATA       the data set of the pictures, where the paths of the table are no files (drawn ones)
  --columns N       pictures a row on the pages; default 12
  --pages N         pages at most, of 20 rows; default 10, 0 for none
  --json            prints clusters.json to standard output
  --dry-run         says what would be read and written, and how many pictures
  --help            prints this

Identities are never used to group: where the table has them, the clusters are compared with them afterwards.

Exit status: 0 written, 1 something went wrong, 2 wrong use.`;

const OPTIONS = {
  ...METHOD_OPTIONS,
  out: { type: 'string' },
  cameras: { type: 'string' },
  table: { type: 'string' },
  data: { type: 'string' },
  columns: { type: 'string' },
  pages: { type: 'string' },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const ROWS = 20;
const CELL = { width: 64, height: 128 } as const;

/** How the pictures of the rows are read; nothing where they can not be. */
async function pictureReader(
  features: FeatureFile,
  data?: string,
): Promise<((row: number) => Promise<Image>) | undefined> {
  const { rows } = features;
  if (data === undefined && existsSync(rows[0]!.path)) return (row) => decodeFile(rows[row]!.path);
  const spec = data ?? features.source;
  if (spec === undefined) return undefined;
  const dataset = await openDataset(spec);
  const records = new Map<string, ImageRecord>(
    SPLITS.flatMap((split) => dataset[split]).map((record) => [record.path, record]),
  );
  const missing = rows.find(({ path }) => !records.has(path));
  if (missing) {
    throw new UsageError(`${spec} has no picture ${missing.path}; --data must be what the features are of.`);
  }
  return (row) => dataset.read(records.get(rows[row]!.path)!);
}

function tableText({ labels }: Partition, { rows }: FeatureFile): string {
  const [identities, cameras] = (['identity', 'camera'] as const).map((name) =>
    rows.some((row) => row[name] !== undefined),
  );
  const head = ['row', 'path', 'cluster', ...(identities ? ['identity'] : []), ...(cameras ? ['camera'] : [])];
  return csvTable([
    head,
    ...rows.map(({ path, identity = '', camera = '' }, row) => [
      row,
      path,
      labels[row]!,
      ...(identities ? [identity] : []),
      ...(cameras ? [camera] : []),
    ]),
  ]);
}

/** What to look at next, and what to try where the result is lopsided. */
function advice({ pictures, outliers, largest, clusters }: ClusterSummary, choices: Grouping, first: string): string {
  if (choices.method === 'dbscan') {
    const eps = (factor: number) => Number((choices.eps * factor).toPrecision(2));
    if (clusters === 0 || outliers > pictures / 2) {
      const looser = choices.distance === 'jaccard' ? Math.min(0.95, eps(1.15)) : eps(1.15);
      return `most pictures are outliers: a larger --eps ${looser} or a smaller --min-samples finds more groups`;
    }
    const { k1 = 0 } = choices;
    if (largest > pictures / 5 && pictures < 10 * k1) {
      return `one cluster holds ${largest} of ${pictures} pictures, few for lists of ${k1} neighbours: try --k1 ${Math.ceil(k1 / 3)} --k2 3`;
    }
    if (largest > pictures / 5)
      return `one cluster holds ${largest} pictures: a smaller --eps ${eps(0.85)} takes it apart`;
  } else if (largest > pictures / 2) {
    return `one cluster holds ${largest} pictures: another --method, such as dbscan or average, may tell them apart`;
  }
  return `look at ${quoted(first)}`;
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) {
    throw new UsageError('Give one file of features: node cli/cluster.js FEATURES --out DIR. See --help.');
  }
  const { out } = values;
  if (!out) throw new UsageError('--out is missing: the folder that table and pictures go into, as --out clusters.');
  const columns = wholeNumber('columns', values.columns, 12);
  if (columns < 1 || columns > 100) throw new UsageError(`--columns must be from 1 to 100, not ${columns}.`);
  const pages = wholeNumber('pages', values.pages, 10);
  const features = seenBy(await readFeatureFile(positionals[0]!, values.table), values.cameras);
  const choices = clusterChoices(methodValues(values), features.count);
  const read = pages === 0 ? undefined : await pictureReader(features, values.data);
  const tables = ['clusters.csv', 'clusters.json'].map((name) => join(out, name));
  if (values['dry-run']) {
    const reads = [features.path, ...(features.table ? [features.table] : [])];
    const writes = [...tables, ...(read ? [join(out, 'clusters-1.png')] : [])];
    printIntention({ reads, pictures: features.count, writes }, values.json);
    return 0;
  }
  const folder = new RunFolder(out);
  const start = performance.now();
  const partition = largestFirst(await grouped(features, choices));
  const seconds = (performance.now() - start) / 1000;
  terminal.write(`grouped ${features.count} pictures in ${duration(seconds)}\n`);
  const summary = summarise(partition, features.rows);
  await writeFileAtomically(tables[0]!, tableText(partition, features));
  const sheets: string[] = [];
  if (read) {
    const drawn = sheetPages(partition, features.rows, { columns, rows: ROWS, pages });
    for (const [page, rows] of drawn.entries()) {
      const path = folder.file(`clusters-${page + 1}.png`);
      await writeFileAtomically(path, await sheetPng(rows, read, CELL));
      sheets.push(path);
    }
  } else if (pages > 0) {
    terminal.write(
      'no pages: the pictures are not at the paths of the table; --data says which data set they are of\n',
    );
  }
  const report = { features: features.path, ...choices, ...summary, table: tables[0], sheets, seconds };
  await folder.writeJson('clusters.json', report);
  if (values.json) console.log(JSON.stringify(report));
  else console.log(summaryLines(summary).join('\n'));
  for (const path of [...tables, ...sheets]) terminal.write(`${path}\n`);
  terminal.write(`next: ${advice(summary, choices, sheets[0] ?? tables[0]!)}\n`);
  return 0;
}

/** The features as they are compared. */
function seenBy(features: FeatureFile, mode: string | undefined): FeatureFile {
  if ((choiceOf('cameras', mode, ['ignored', 'centred']) ?? 'ignored') === 'ignored') return features;
  const names = features.rows.map(({ camera }) => camera);
  if (names.includes(undefined)) {
    throw new UsageError(
      `--cameras centred needs a camera for each picture, and ${features.table ?? features.path} does not say them.`,
    );
  }
  return { ...features, data: centredByCamera(features, names).data };
}

/** Those of the values that are of the method. */
const methodValues = (values: MethodValues): MethodValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name in METHOD_OPTIONS));

async function grouped(features: FeatureFile, choices: Grouping): Promise<Int32Array> {
  const gpu = await openGpu();
  try {
    terminal.write(`${features.count} features of ${features.dimension} numbers, ${choices.method} on ${gpu.name}\n`);
    return await groupFeatures(gpu, features, choices, (row) => features.rows[row]!.path);
  } finally {
    gpu.close();
  }
}

await runCommand('cluster', main);
