import { compareCounts } from '../datasets/check-counts.js';
import { checkFolders } from '../datasets/check-folders.js';
import { DatasetError } from '../datasets/error.js';
import {
  checkDataset,
  checkPictures,
  DATASET_FACTS,
  type Finding,
  hasTracklets,
  rangeOfSizes,
} from '../datasets/index.js';
import { inspectPictures } from '../datasets/inspect.node.js';
import { nearestName } from '../datasets/nearest.js';
import { DATASET_KINDS, JOINED_KINDS, openDataset } from '../datasets/open.node.js';
import { SpecError } from '../datasets/spec-options.js';
import { Progress } from '../reid/training/progress.js';
import { type CheckReport, describeReport, splitCounts } from './check-report.js';
import { readArguments, runCommand, terminal, UsageError } from './command.js';
import { quoted } from './shell-word.js';

const HELP = `node cli/check.js --data DATA [--quick] [--expect NAME] [--json]

Checks a data set before it costs a night of training: counts identities, cameras and pictures and compares them with what is
published, opens every picture, looks for pictures that are there twice (in train and test above all), people in train and
test, queries without a match, files that are left out and why, empty folders, odd sizes. Changes nothing.

  --data DATA       ${[...Object.values(DATASET_KINDS), ...JOINED_KINDS].join('\n                    ')}
  --quick           does not decode: looks at each file's beginning, end and size only
  --expect NAME     compare with the published numbers of NAME, even if it looks like another data set; or with "none".
                    ${Object.keys(DATASET_FACTS).join(', ')}
  --json            prints the report as JSON, with every file that it speaks of
  --help            prints this

Exit status: 0 when nothing is wrong (warnings may be there), 1 when something is, 2 for wrong use, 130 when interrupted.`;

const OPTIONS = {
  data: { type: 'string' },
  quick: { type: 'boolean' },
  expect: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

/** Aborts on the first Ctrl-C or kill; the second one ends at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      terminal.write('\nstopping; again to end at once\n');
      controller.abort();
      process.once(signal, () => process.exit(130));
    });
  }
  return controller.signal;
}

/** Checks that the facts asked for are known. */
function factsAskedFor({ expect }: Values): { readonly always: boolean; readonly name?: keyof typeof DATASET_FACTS } {
  if (expect === undefined || expect === 'none') return { always: false };
  if (!(expect in DATASET_FACTS)) {
    const advice = nearestName(expect, [...Object.keys(DATASET_FACTS), 'none']);
    throw new UsageError(`--expect ${expect}: there are no published numbers of it. ${advice}`);
  }
  return { always: true, name: expect as keyof typeof DATASET_FACTS };
}

/** Progress whose speed begins with the first picture: before it the threads start. */
function progressReport(): { update(done: number, total: number): void; end(): void } {
  let progress: Progress | undefined;
  let begun = 0;
  return {
    update(done, total) {
      if (!progress) {
        progress = new Progress(terminal, 'looked at', 'pictures', done);
        begun = performance.now();
      } else if (done === total || performance.now() - begun > 1000) progress.update(done, total);
    },
    end: () => progress?.end(),
  };
}

async function check(data: string, values: Values): Promise<CheckReport> {
  const { quick = false, expect } = values;
  const { always, name: expected } = factsAskedFor(values);
  const signal = stopSignal();
  const start = performance.now();
  const dataset = await openDataset(data);
  if (always && dataset.sources)
    throw new UsageError('--expect is for one data set; this is several. Check each alone.');
  const counts =
    expect === 'none' ? [] : compareCounts(dataset, expected ? { facts: DATASET_FACTS[expected], always } : {});
  const findings: Finding[] = [...counts, ...checkDataset(dataset), ...(await checkFolders(dataset))];
  const report = progressReport();
  const inspections = await inspectPictures(dataset, { decode: !quick, signal, progress: report.update });
  report.end();
  const comparable = !counts.some(({ code }) => code === 'lookalike');
  findings.push(...checkPictures(dataset, inspections, comparable));
  const ok = !findings.some(({ level }) => level === 'error');
  const interrupted = signal.aborted;
  const again = `node cli/check.js --data ${quoted(data)}`;
  const next = !ok
    ? `mend what is wrong, then ${again}${quick ? ' --quick' : ''}`
    : quick || interrupted
      ? `${again}   (decodes every picture)`
      : dataset.train.length > 0
        ? `node cli/train.js ${hasTracklets(dataset) ? 'fgreid-video-small' : 'baseline'} --data ${quoted(data)}`
        : `node cli/evaluate.js RUN --data ${quoted(data)}`;
  return {
    data,
    name: dataset.name,
    ok,
    quick,
    interrupted,
    splits: splitCounts(dataset),
    notes: dataset.notes ?? [],
    pictures: { checked: inspections.length, sizes: rangeOfSizes(inspections) },
    findings,
    seconds: (performance.now() - start) / 1000,
    next,
  };
}

/** The report on a data set that could not even be opened. */
const notOpened = (data: string, { quick = false }: Values, { message }: DatasetError): CheckReport => ({
  data,
  ok: false,
  quick,
  interrupted: false,
  notes: [],
  pictures: { checked: 0 },
  findings: [{ level: 'error', code: 'open', message }],
  seconds: 0,
  next: `mend this, then node cli/check.js --data ${quoted(data)}`,
});

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError(`Write --data ${quoted(positionals[0]!)}. See --help.`);
  const { data } = values;
  if (!data) {
    throw new UsageError(`--data is missing. Kinds:\n  ${Object.values(DATASET_KINDS).join('\n  ')}`);
  }
  let report: CheckReport;
  try {
    report = await check(data, values);
  } catch (error) {
    if (error instanceof SpecError) throw new UsageError(error.message);
    if (!(error instanceof DatasetError)) throw error;
    report = notOpened(data, values, error);
  }
  console.log(values.json ? JSON.stringify(report, null, 2) : describeReport(report));
  return report.interrupted ? 130 : report.ok ? 0 : 1;
}

await runCommand('check', main);
