import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { decodePng } from '../../datasets/png.js';
import { FileError, readFileBytes, writeFileAtomically } from '../../engine/io/files.node.js';
import { duration } from '../training/progress.js';
import { curvesOf, type LoggedLine } from './evidence/curves.js';
import { figureRow, type PlainMetrics } from './evidence/summaries.js';
import { embed } from './page/picture.js';
import { renderReport } from './render.js';
import type { FigureRow, Plate, ReportData } from './report-data.js';

/** What lies in a run's folder besides the checkpoint; any of it may be missing. */
interface RunFiles {
  readonly recipe?: { readonly recipe?: unknown; readonly data?: unknown; readonly seed?: unknown };
  readonly metrics?: Readonly<Record<string, unknown>>;
  readonly log: readonly LoggedLine[];
}

/** What was written. */
export interface WrittenReport {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Writes report.html into a run's folder, from what lies there (recipe.json, log.jsonl, metrics.json, pictures) and from what the
 * caller knows besides. Needs no GPU. The file is there whole or not at all.
 *
 * @example
 *   await writeReport('runs/quickstart');                                     // from the folder alone
 *   await writeReport(folder.path, await evidenceOf({ dataset, result, features, looks }));
 *
 * @param parts replace what comes from the folder
 * @throws FileError naming a file that can not be read or written
 */
export async function writeReport(folder: string, parts: Partial<ReportData> = {}): Promise<WrittenReport> {
  if (!existsSync(folder)) throw new FileError(`there is no folder ${folder} to make a report of; check the path`);
  const files = readRun(folder);
  const page = renderReport({
    ...reportOf(files, folder),
    plates: parts.ranked ? undefined : await platesOf(folder),
    ...parts,
  });
  const path = join(folder, 'report.html');
  await writeFileAtomically(path, page);
  return { path, bytes: Buffer.byteLength(page) };
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileError(`${path} can not be read as JSON: ${(error as Error).message}`);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The lines of log.jsonl; one that a killed process cut short is left out. */
export function readLog(folder: string): LoggedLine[] {
  const path = join(folder, 'log.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        const line: unknown = JSON.parse(text);
        return isRecord(line) && typeof line.step === 'number' ? [line as LoggedLine] : [];
      } catch {
        return [];
      }
    });
}

function readRun(folder: string): RunFiles {
  const [recipe, metrics] = ['recipe.json', 'metrics.json'].map((name) => readJson(join(folder, name)));
  return {
    recipe: isRecord(recipe) ? recipe : undefined,
    metrics: isRecord(metrics) ? metrics : undefined,
    log: readLog(folder),
  };
}

/** Figures if they are any: a mean average precision and ranks. */
function plainMetrics(value: unknown): PlainMetrics | undefined {
  if (!isRecord(value) || typeof value.mAP !== 'number' || !isRecord(value.cmc)) return undefined;
  const cmc = Object.entries(value.cmc).filter(([, share]) => typeof share === 'number');
  return {
    mAP: value.mAP,
    cmc: Object.fromEntries(cmc) as Record<string, number>,
    mINP: typeof value.mINP === 'number' ? value.mINP : undefined,
  };
}

function reportOf({ recipe, metrics, log }: RunFiles, folder: string): ReportData {
  const names = [
    ['trained', metrics],
    ['untrained', metrics?.untrained],
    ['raw pixels', metrics?.rawPixels],
  ] as const;
  const rows = names.flatMap(([name, value]): FigureRow[] => {
    const figures = plainMetrics(value);
    return figures ? [figureRow(name, figures)] : [];
  });
  const made = recipe?.recipe;
  const name = isRecord(made) && typeof made.name === 'string' ? made.name : basename(resolve(folder));
  const facts = [
    typeof recipe?.data === 'string' ? recipe.data : undefined,
    recipe?.seed === undefined ? undefined : `seed ${recipe.seed}`,
    typeof metrics?.adapter === 'string' ? metrics.adapter : undefined,
  ];
  return {
    title: name,
    subtitle: facts.filter((fact) => fact !== undefined).join(' · ') || undefined,
    date: `Made on ${new Date().toISOString().slice(0, 16).replace('T', ', ')} UTC.`,
    figures: rows.length > 0 ? { rows, note: metrics && conventionOf(metrics) } : undefined,
    training: curvesOf([...log, ...endsOf(metrics, log)]),
    recipe: made,
    environment: environmentOf(metrics, log),
  };
}

/** The evaluations before and after training as lines of the log, where there are others between them to make a curve. */
function endsOf(metrics: Readonly<Record<string, unknown>> | undefined, log: readonly LoggedLine[]): LoggedLine[] {
  const last = log.filter(({ evaluation }) => evaluation === undefined).at(-1);
  if (!metrics || !last || !log.some(({ evaluation }) => evaluation !== undefined)) return [];
  return [
    { step: 0, epoch: -1, evaluation: metrics.untrained },
    { step: last.step, epoch: last.epoch, evaluation: metrics },
  ];
}

/** A metrics.json's own conventions, in a sentence. */
function conventionOf({
  protocol,
  averagePrecision,
  distance,
  queries,
  validQueries,
  gallery,
}: Record<string, unknown>) {
  const facts = [
    protocol !== undefined && `protocol ${protocol}`,
    averagePrecision !== undefined && `average precision ${averagePrecision}`,
    distance !== undefined && `${distance} distance`,
    typeof queries === 'number' &&
      `${queries} queries${validQueries === queries ? '' : ` (${validQueries} with a match)`} against ${gallery} pictures`,
  ];
  return `In per cent: ${facts.filter(Boolean).join(', ')}.`;
}

/** Adapter, versions and times. */
function environmentOf(
  metrics: Readonly<Record<string, unknown>> | undefined,
  log: readonly LoggedLine[],
): [string, string][] {
  const found: [string, string][] = [];
  const add = (name: string, value: unknown) => {
    if (value !== undefined) found.push([name, String(value)]);
  };
  add('adapter', metrics?.adapter);
  const steps = log.filter(({ evaluation }) => evaluation === undefined);
  const last = steps.at(-1);
  const seconds = metrics?.seconds ?? last?.seconds;
  add('steps', metrics?.steps ?? last?.step);
  if (typeof seconds === 'number') add('training time', duration(seconds));
  const images = steps.reduce((sum, line) => sum + (typeof line.images === 'number' ? line.images : 0), 0);
  if (typeof seconds === 'number' && seconds > 0 && images > 0) add('pictures a second', (images / seconds).toFixed(1));
  add('Node', process.version);
  add('system', `${process.platform} ${process.arch}`);
  return found;
}

const PLATES = [
  [
    'ranks.png',
    'Queries and their nearest pictures',
    'Right ones framed green and ticked, wrong ones red and crossed.',
  ],
  ['samples.png', 'Samples of the data', undefined],
] as const;

/** Wider ones are shrunk, and all become JPEGs: a picture of ranks takes a quarter of the bytes so. */
const PLATE = { maxWidth: 1200, quality: 88 };

/** Pictures that a run left. */
async function platesOf(folder: string): Promise<Plate[]> {
  const plates: Plate[] = [];
  for (const [name, title, note] of PLATES) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const bytes = await readFileBytes(path);
    try {
      plates.push({ title, note, picture: await embed(await decodePng(bytes), title, PLATE) });
    } catch (error) {
      throw new FileError(`${path} can not be read as PNG: ${(error as Error).message}. Delete it, or make it again.`);
    }
  }
  return plates;
}
