import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { decodeFile } from '../datasets/decode-file.js';
import { describeDataset, type Image, type ImageRecord, type ReidDataset } from '../datasets/index.js';
import { nearestName } from '../datasets/nearest.js';
import { DATASET_KINDS, JOINED_KINDS } from '../datasets/open.node.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import type { DistanceKind } from '../reid/metrics/distances.js';
import type { Protocol } from '../reid/metrics/protocols.js';
import { type EvaluationContext, modelSides } from '../reid/training/evaluation.js';
import type { RetrievalSide as Side } from '../reid/training/retrieval.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { readArguments, runCommand, terminal, UsageError, wholeNumber } from './command.js';
import { printIntention } from './dry-run.js';
import { DISTANCES, evaluationChoices, PROTOCOLS, recipeFor } from './evaluation-options.js';
import { type RankedQuery, rankLists, UNKNOWN_IDENTITY } from './rank-lists.js';
import { rankedPng } from './ranked-pictures.js';
import { quoted } from './shell-word.js';
import { openTestData } from './test-data.js';
import { modelWords, openTrainedModel, sayUnmatched } from './trained-model.js';

const HELP = `node cli/rank.js RUN --out DIR [--data DATA] [--query FILE …] [--worst N] [--best N] [OPTIONS]

Draws ranked lists: queries with the gallery pictures nearest to them, right ones green, wrong ones red.

  RUN               the folder of a run, its checkpoint.safetensors, or with --recipe a file of an original system
  --data DATA       where the gallery is; default: what the run was trained with.
                    ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                    ')}
  --query FILE      a query: a picture of the data set by its path or the end of it, or any other picture (JPEG or PNG), which
                    nobody knows the right answers of. May be given several times
  --worst N         the N queries with the lowest average precision; default 8 where no --query is given
  --best N          the N with the highest
  --top N           gallery pictures a query; default 10
  --protocol NAME   ${Object.keys(PROTOCOLS).join(', ')}; default market1501
  --distance NAME   ${Object.keys(DISTANCES).join(', ')}; default: the recipe's
  --flip            averages the features of each picture and its mirror image
  --clips MODE[,MOST]   of models of clips, which rank tracklets: dense, test or random
  --tracklets mean|max  of models of pictures: ranks tracklets, by the features of their frames
  --out DIR         where queries.png, worst.png, best.png and ranks.json go
  --recipe RECIPE   the recipe of a file that is of no run
  --set KEY=VALUE   changes the recipe
  --json            prints ranks.json to standard output
  --dry-run         says what would be read and written, and how many pictures
  --help            prints this

Exit status: 0 drawn, 1 something went wrong, 2 wrong use.`;

const OPTIONS = {
  data: { type: 'string' },
  query: { type: 'string', multiple: true },
  worst: { type: 'string' },
  best: { type: 'string' },
  top: { type: 'string' },
  protocol: { type: 'string' },
  distance: { type: 'string' },
  flip: { type: 'boolean' },
  clips: { type: 'string' },
  tracklets: { type: 'string' },
  out: { type: 'string' },
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const WORST = 8;

/** The records of a list that a text means: by the whole path, or else by the end of it. */
function recordsNamed(records: readonly ImageRecord[], text: string): ImageRecord[] {
  const whole = records.filter(({ path }) => path === text || resolve(path) === resolve(text));
  if (whole.length > 0) return whole;
  return records.filter(({ path }) => path.endsWith(`/${text}`) || basename(path) === text);
}

/** The frames of the tracklet that a picture is of; the picture alone where it is of none. */
const trackletOf = ({ query, gallery }: ReidDataset, record: ImageRecord): ImageRecord[] =>
  record.tracklet === undefined
    ? [record]
    : [...query, ...gallery].filter(({ tracklet }) => tracklet === record.tracklet);

/** A query by its name: one of the data set, or a picture from outside. */
function queryNamed({ query, gallery, name }: ReidDataset, text: string): ImageRecord {
  for (const records of [query, gallery]) {
    const found = recordsNamed(records, text);
    if (found.length > 1) {
      throw new UsageError(
        `--query ${text}: ${found.length} pictures of ${name} end like this, ${found[0]!.path} and ${found[1]!.path} among them. Give more of the path.`,
      );
    }
    if (found[0]) return found[0];
  }
  if (existsSync(text)) return { path: text, identity: UNKNOWN_IDENTITY, camera: -1, identityName: basename(text) };
  const advice = nearestName(
    text,
    query.map(({ path }) => path),
  );
  throw new UsageError(`--query ${text}: neither a query of ${name} nor a file. ${advice}`);
}

/** The lists to draw, and the name of their picture. */
interface Sheet {
  readonly name: 'queries' | 'worst' | 'best';
  readonly title: string;
  readonly lists: readonly RankedQuery[];
}

/** The best first; queries without a match have no place. */
const byPrecision = (lists: readonly RankedQuery[]): RankedQuery[] =>
  lists.filter(({ ap }) => ap !== null).sort((a, b) => b.ap! - a.ap!);

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('Give one run: node cli/rank.js RUN --out DIR. See --help.');
  const { out, query: names = [] } = values;
  if (!out) throw new UsageError('--out is missing: the folder that the pictures go into, as --out ranked.');
  const choices = evaluationChoices({ protocol: values.protocol, distance: values.distance, flip: values.flip });
  const best = wholeNumber('best', values.best, 0);
  const worst = wholeNumber('worst', values.worst, names.length === 0 && best === 0 ? WORST : 0);
  const top = wholeNumber('top', values.top, 10);
  if (top < 1 || top > 100) throw new UsageError(`--top must be from 1 to 100, not ${top}.`);
  if (names.length + best + worst === 0) throw new UsageError('No query is left: give --query, --worst or --best.');
  const trained = await openTrainedModel(positionals[0]!, { recipe: values.recipe, set: values.set });
  const data = values.data ?? trained.run?.facts.data;
  if (data === undefined)
    throw new UsageError(`--data is missing: ${trained.path} does not say what it was trained with.`);
  const dataset = await openTestData(data, choices.protocol);
  const named = names.map((name) => queryNamed(dataset, name));
  const ofTracklets = trained.recipe.clips !== undefined || choices.pooling !== undefined;
  const all = worst + best > 0;
  const queries = [...named, ...(all ? dataset.query : [])];
  const sheets = [
    ['queries', named.length],
    ['worst', worst],
    ['best', best],
  ] as const;
  const files = sheets.filter(([, count]) => count > 0).map(([name]) => `${name}.png`);
  const writes = [...files, 'ranks.json'].map((name) => join(out, name));
  if (values['dry-run']) {
    const pictures = queries.length + dataset.gallery.length;
    printIntention({ reads: [trained.title, dataset.name], pictures, writes }, values.json);
    return 0;
  }
  const outside = new Set(named.filter(({ identity }) => identity === UNKNOWN_IDENTITY));
  // A picture from outside that can not be read is told before the gallery is.
  for (const { path } of outside) await decodeFile(path);
  const read = (record: ImageRecord): Promise<Image> =>
    outside.has(record) ? decodeFile(record.path) : dataset.read(record);
  const folder = new RunFolder(out);
  const gpu = await openGpu();
  try {
    terminal.write(`${describeDataset(dataset)}\n${trained.title} on ${gpu.name}\n`);
    const recipe = recipeFor(trained.recipe, choices);
    const { pooling } = choices;
    const distance: DistanceKind = choices.distance ?? recipe.evaluation.distance;
    const protocol: Protocol = choices.protocol;
    const model = trained.build();
    const warning = sayUnmatched(trained.path, trained.load(model));
    if (warning) terminal.write(`${warning}\n`);
    const context: EvaluationContext = { gpu, dataset: { ...dataset, read }, recipe, output: terminal, pooling };
    const asked = ofTracklets ? named.flatMap((record) => trackletOf(dataset, record)) : named;
    const lists = [asked, all ? dataset.query : [], dataset.gallery];
    const [chosen, others, gallery] = (await modelSides(model, lists, context)) as [Side, Side, Side];
    const ranked = await rankLists(gpu, [chosen, others], gallery, { distance, protocol, top });
    const first = chosen.records.length;
    const ordered = byPrecision(ranked.slice(first));
    const drawn: Sheet[] = [
      { name: 'queries', title: 'chosen queries', lists: ranked.slice(0, first) },
      {
        name: 'worst',
        title: 'the worst queries',
        lists: ordered.slice(ordered.length - Math.min(worst, ordered.length)).reverse(),
      },
      { name: 'best', title: 'the best queries', lists: ordered.slice(0, best) },
    ];
    const report: Record<string, unknown> = { checkpoint: trained.path, data, protocol, distance };
    for (const { name, title, lists } of drawn) {
      if (lists.length === 0) continue;
      const caption = `${title}, ${distance} distance, protocol ${protocol}; right green, wrong red, blue where nobody knows.`;
      const options = { title: `${recipe.name} on ${data}`, caption, columns: top };
      await writeFileAtomically(folder.file(`${name}.png`), await rankedPng(lists, read, options));
      report[name] = lists.map(plainList);
    }
    await folder.writeJson('ranks.json', report);
    if (values.json) console.log(JSON.stringify(report));
    else console.log(drawn.flatMap(sheetLines).join('\n'));
    for (const path of writes) terminal.write(`${path}\n`);
    terminal.write(
      `next: look at ${quoted(writes[0]!)}; all figures: node cli/evaluate.js ${modelWords(positionals[0]!, values)} --data ${quoted(data)}\n`,
    );
    return 0;
  } finally {
    gpu.close();
  }
}

/** A list as JSON. */
const plainList = ({ query, ap, firstMatch, nearest }: RankedQuery) => ({
  query: query.path,
  identity: query.identity === UNKNOWN_IDENTITY ? null : query.identity,
  ap,
  firstMatch,
  nearest: nearest.map(({ record: { path, identity, camera }, distance, match }) => ({
    path,
    identity,
    camera,
    distance,
    match: match ?? null,
  })),
});

/** A sheet in words: a line a query. */
function sheetLines({ title, lists }: Sheet): string[] {
  if (lists.length === 0) return [];
  const line = ({ query, note, firstMatch, nearest }: RankedQuery): string => {
    const found = firstMatch === null ? '' : `, first match at rank ${firstMatch}`;
    const first = nearest[0] ? `, nearest ${nearest[0].record.path} (${nearest[0].distance.toFixed(4)})` : '';
    return `  ${query.path}: ${note ?? 'unknown'}${found}${first}`;
  };
  return [`${title}:`, ...lists.map(line)];
}

await runCommand('rank', main);
