import { blobSource } from '../../engine/io/source.js';
import type { AnyRecipe } from '../../reid/recipes/index.js';
import { type Checkpoint, CheckpointError, checkpointOf } from '../../reid/training/checkpoint.js';
import type { Metrics } from '../../reid/training/retrieval.js';
import type { LogLine } from '../../reid/training/training-loop.js';
import { type Handler, PageError } from './job.js';
import { closeShelves, SHELVES, type ShelvedData } from './shelf.js';
import {
  isStored,
  removeStored,
  store,
  storedBytes,
  storedFile,
  storedJson,
  storedNames,
  storeJson,
} from './storage.js';

/** The folder of all runs; each is laid out like a run of the command line. */
const RUNS = 'runs';

export const runFile = (run: string, file: string): string => `${RUNS}/${run}/${file}`;

/** What recipe.json of a run holds. */
export interface RunPlan {
  readonly recipe: AnyRecipe;
  readonly data: string;
  readonly seed: number;
}

/** What metrics.json of a run holds, of what the page shows. */
export interface RunFigures extends Metrics {
  readonly rawPixels?: Metrics;
  readonly untrained?: Metrics;
  readonly seconds: number;
  readonly steps: number;
}

/** A run as the page lists it. */
export interface RunFacts {
  readonly name: string;
  readonly recipe: AnyRecipe;
  readonly data: string;
  readonly seed: number;
  /** Milliseconds since 1970, of its last checkpoint. */
  readonly saved: number;
  readonly epoch: number;
  readonly step: number;
  readonly finished: boolean;
  readonly figures?: RunFigures;
  readonly bytes: number;
  /** Whether it can be gone on with without choosing its pictures again. */
  readonly ready: boolean;
}

/** The names of runs make file names. */
export function checkRunName(name: string): string {
  const trimmed = name.trim();
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,80}$/u.test(trimmed)) {
    throw new PageError(
      `"${name}" cannot be the name of a run: use letters, digits, spaces, - and _, and begin with a letter or digit.`,
    );
  }
  return trimmed;
}

/** @throws CheckpointError when the run has none, StorageError */
export async function readRun(run: string): Promise<Checkpoint> {
  const path = runFile(run, 'checkpoint.safetensors');
  if (!(await isStored(path)))
    throw new CheckpointError(`The run ${run} holds no checkpoint: it was stopped before its first.`);
  return checkpointOf(blobSource(await storedFile(path), run));
}

/** Data sets that are drawn, and need no files. */
export const DRAWN = /^synthetic/;

async function factsOfRun(name: string): Promise<RunFacts | undefined> {
  const path = runFile(name, 'checkpoint.safetensors');
  const [plan, figures, shelved] = [
    await storedJson<RunPlan>(runFile(name, 'recipe.json')),
    await storedJson<RunFigures>(runFile(name, 'metrics.json')),
    await isStored(runFile(name, 'data.json')),
  ];
  if (!plan) return undefined;
  const file = (await isStored(path)) ? await storedFile(path) : undefined;
  const where = await storedJson<{ epoch: number; step: number }>(runFile(name, 'where.json'));
  return {
    name,
    ...plan,
    saved: file?.lastModified ?? 0,
    epoch: where?.epoch ?? 0,
    step: where?.step ?? 0,
    // Of a run that was trained on since, they are of before.
    finished: figures !== undefined && figures.steps >= (where?.step ?? 0),
    figures,
    bytes: await storedBytes(`${RUNS}/${name}`),
    ready: shelved || DRAWN.test(plan.data),
  };
}

const listRuns: Handler<void, RunFacts[]> = async () => {
  const facts = await Promise.all((await storedNames(RUNS)).map(factsOfRun));
  return facts.filter((one) => one !== undefined).sort((a, b) => b.saved - a.saved);
};

const deleteRun: Handler<{ readonly run: string }, void> = ({ run }) => removeStored(`${RUNS}/${run}`);

/** The lines of a run's log, for its curves. */
export async function readLog(run: string): Promise<LogLine[]> {
  if (!(await isStored(runFile(run, 'log.jsonl')))) return [];
  const text = await (await storedFile(runFile(run, 'log.jsonl'))).text();
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}

const runLog: Handler<{ readonly run: string }, LogLine[]> = ({ run }) => readLog(run);

/** A file of a run, to be downloaded. */
const runDownload: Handler<{ readonly run: string; readonly file: string }, File> = ({ run, file }) =>
  storedFile(runFile(run, file));

/** Takes a checkpoint of the command line in as a run; its name is free, or gets a number. */
const importRun: Handler<{ readonly file: File; readonly name?: string }, RunFacts> = async ({ file, name }) => {
  const checkpoint = await checkpointOf(blobSource(file));
  const taken = new Set(await storedNames(RUNS));
  const wanted = checkRunName(
    name ?? (file.name.replace(/\.safetensors$/i, '').replace(/[^\p{L}\p{N} ._-]/gu, '-') || 'run'),
  );
  let free = wanted;
  for (let i = 2; taken.has(free); i++) free = `${wanted}-${i}`;
  const { facts, position } = checkpoint;
  await store(runFile(free, 'checkpoint.safetensors'), file);
  await storeJson(runFile(free, 'recipe.json'), { recipe: facts.recipe, data: facts.data, seed: facts.seed });
  await storeJson(runFile(free, 'where.json'), { epoch: position.epoch, step: position.step });
  return (await factsOfRun(free))!;
};

/** The small copies of a run's pictures, written down so that it goes on without its folder. */
export const shelvedOf = (run: string): Promise<ShelvedData | undefined> => storedJson(runFile(run, 'data.json'));

/** Deletes all small copies: they are made again when their folder is chosen. */
const deletePictures: Handler<void, void> = async () => {
  await closeShelves();
  for (const name of await storedNames(RUNS)) await removeStored(runFile(name, 'data.json'));
  await removeStored(SHELVES);
};

/** Bytes of everything that is kept, by what it is. */
const kept: Handler<void, { readonly runs: number; readonly pictures: number }> = async () => ({
  runs: await storedBytes(RUNS),
  pictures: await storedBytes(SHELVES),
});

/** Asks the browser not to delete the page's storage by itself. */
const keepStorage: Handler<void, boolean> = async () =>
  (await navigator.storage.persisted()) || (await navigator.storage.persist?.()) || false;

export const runCalls = { listRuns, deleteRun, runLog, runDownload, importRun, deletePictures, kept, keepStorage };
