import { openGpu } from '../engine/index.js';
import { type Spread, spreadOf } from '../reid/metrics/spread.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { terminal, UsageError } from './command.js';
import { printIntention } from './dry-run.js';
import { type EvaluationFile, evaluateTrained } from './evaluate-model.js';
import type { EvaluationChoices } from './evaluation-options.js';
import { openTestData } from './test-data.js';
import { textTable } from './text-table.js';
import { openTrainedModel, type TrainedModelOptions } from './trained-model.js';

/** A model, and the data that it is tested on; the run's own where none is given. */
export interface SplitTask {
  readonly place: string;
  readonly data?: string;
}

/** Figures over several splits, as splits.json holds them. */
export interface SplitsEvaluation {
  readonly over: number;
  readonly mAP: Spread;
  readonly mINP: Spread;
  /** By rank. */
  readonly cmc: Readonly<Record<string, Spread>>;
  /** `single gallery shot` where all splits are evaluated so, as CUHK03's classic protocol. */
  readonly cmcBy: 'first match' | 'single gallery shot';
  readonly protocol: string;
  readonly averagePrecision: string;
  readonly distance: string;
  readonly splits: readonly Omit<EvaluationFile, 'report'>[];
}

const RANKS = ['1', '5', '10', '20'] as const;

/** Means over splits. CMC is of the single gallery shot where every split has one: then the other is not published. */
export function averageOf(files: readonly EvaluationFile[]): SplitsEvaluation {
  const [{ protocol, averagePrecision, distance }] = files as [EvaluationFile];
  const shot = files.every(({ singleShot }) => singleShot !== undefined);
  const cmcOf = ({ cmc, singleShot }: EvaluationFile, rank: string): number =>
    shot ? (singleShot!.cmc[Number(rank) - 1] ?? singleShot!.cmc.at(-1)!) : cmc[rank]!;
  return {
    over: files.length,
    mAP: spreadOf(files.map(({ mAP }) => mAP)),
    mINP: spreadOf(files.map(({ mINP }) => mINP)),
    cmc: Object.fromEntries(RANKS.map((rank) => [rank, spreadOf(files.map((file) => cmcOf(file, rank)))])),
    cmcBy: shot ? 'single gallery shot' : 'first match',
    protocol,
    averagePrecision,
    distance,
    splits: files.map(({ report: _, ...file }) => file),
  };
}

const percent = (fraction: number): string => (100 * fraction).toFixed(2);

/** The means, with the standard deviation, and each split. */
export function splitsText({ over, mAP, mINP, cmc, cmcBy, splits, ...how }: SplitsEvaluation): string {
  const columns = [mAP, ...RANKS.map((rank) => cmc[rank]!), mINP];
  const rows = [
    ['percent', `mAP ${how.averagePrecision}`, ...RANKS.map((rank) => `CMC ${rank}`), 'mINP'],
    ...splits.map(({ data }, i) => [data, ...columns.map(({ values }) => percent(values[i]!))]),
    ['mean', ...columns.map(({ mean }) => percent(mean))],
    ['standard deviation', ...columns.map(({ deviation }) => percent(deviation))],
  ];
  return [
    `${over} splits, protocol ${how.protocol}, ${how.distance} distance, CMC by ${cmcBy}`,
    ...textTable(rows),
  ].join('\n');
}

/** Evaluates one split after the other and prints means over them. Gives the exit status. */
export async function evaluateSplits(
  tasks: readonly SplitTask[],
  choices: EvaluationChoices,
  options: TrainedModelOptions & { readonly out?: string; readonly json?: boolean; readonly dryRun?: boolean },
): Promise<number> {
  const { out, json = false, dryRun = false } = options;
  const writes = out === undefined ? [] : [`${out}/splits.json`];
  const files: EvaluationFile[] = [];
  const reads: string[] = [];
  let pictures = 0;
  const folder = out === undefined || dryRun ? undefined : new RunFolder(out);
  for (const [i, { place, data: asked }] of tasks.entries()) {
    const trained = await openTrainedModel(place, options);
    const data = asked ?? trained.run?.facts.data;
    if (data === undefined)
      throw new UsageError(`--data is missing: ${trained.path} does not say what it was trained with.`);
    const dataset = await openTestData(data, choices.protocol);
    reads.push(`${trained.title}; ${dataset.name}`);
    pictures += dataset.query.length + dataset.gallery.length;
    if (dryRun) continue;
    const gpu = await openGpu();
    try {
      terminal.write(`${i + 1}/${tasks.length} ${trained.title} on ${data}\n`);
      const { file } = await evaluateTrained(gpu, { trained, data, dataset, choices, baselines: false });
      files.push(file);
    } finally {
      gpu.close();
    }
  }
  if (dryRun) {
    printIntention({ reads, pictures, writes }, json);
    return 0;
  }
  const average = averageOf(files);
  await folder?.writeJson('splits.json', average);
  console.log(json ? JSON.stringify(average) : `\n${splitsText(average)}`);
  for (const path of writes) terminal.write(`${path}\n`);
  return 0;
}
