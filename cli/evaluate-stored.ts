import { openGpu } from '../engine/index.js';
import type { EvaluationReport } from '../reid/metrics/report.js';
import type { SingleShotResult } from '../reid/metrics/single-shot.js';
import type { VehicleIdResult } from '../reid/metrics/vehicle-id.js';
import { evaluateFeatures } from '../reid/training/feature-evaluation.js';
import type { Metrics } from '../reid/training/retrieval.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { terminal, UsageError } from './command.js';
import { printIntention } from './dry-run.js';
import type { EvaluationChoices } from './evaluation-options.js';
import { evaluationText } from './evaluation-text.js';
import { headlineOf } from './headline.js';
import { readStoredFeatures } from './stored-features.js';

/** An evaluation of features that lie in files, as report.json holds it. */
export interface StoredEvaluation extends Metrics {
  readonly features: string;
  readonly adapter: string;
  readonly protocol: string;
  readonly averagePrecision: string;
  readonly invalidQueries: string;
  readonly distance: string;
  readonly queries: number;
  readonly validQueries: number;
  readonly gallery: number;
  readonly singleShot?: SingleShotResult;
  readonly vehicleId?: VehicleIdResult;
  readonly report: EvaluationReport;
}

/** Where features and their labels lie, and what is done with the figures. */
export interface StoredOptions {
  readonly features: string;
  readonly labels?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** Evaluates features that lie in files, whoever computed them: no model, no pictures. Gives the exit status. */
export async function evaluateStored(choices: EvaluationChoices, options: StoredOptions): Promise<number> {
  const { out, json = false } = options;
  if (choices.flip) throw new UsageError('--flip needs the pictures: extract the features with --flip.');
  if (choices.walks)
    throw new UsageError('--spatial-temporal learns from training pictures: give a run in place of --features.');
  if (choices.clips || choices.pooling) {
    throw new UsageError(
      '--clips and --tracklets choose among the frames of pictures: extract the features of tracklets.',
    );
  }
  if (choices.multiQuery) throw new UsageError('--multi-query needs a model: give a run in place of --features.');
  const { name, query, gallery } = await readStoredFeatures(options.features, options.labels);
  if (options.dryRun) {
    printIntention({ reads: [name], pictures: 0, writes: out === undefined ? [] : [`${out}/report.json`] }, json);
    return 0;
  }
  const folder = out === undefined ? undefined : new RunFolder(out);
  const distance = choices.distance ?? 'cosine';
  const { expansion } = choices;
  const gpu = await openGpu();
  try {
    terminal.write(
      `${query.features.count} × ${gallery.features.count} features of ${query.features.dimension} numbers on ${gpu.name}\n`,
    );
    const { report, singleShot, vehicleId } = await evaluateFeatures(gpu, query, gallery, {
      distance,
      protocol: choices.protocol,
      convention: choices.convention,
      rerank: choices.rerank,
      expansion,
      draws: choices.draws,
      pairs: choices.verification,
      facts: {
        feature: { name, dimension: query.features.dimension },
        notes: expansion && { 'query expansion': { k: expansion.k ?? 5, alpha: expansion.alpha ?? 3 } },
      },
    });
    const file: StoredEvaluation = {
      ...headlineOf(report, vehicleId),
      features: name,
      adapter: gpu.name,
      protocol: choices.convention ?? report.protocol,
      averagePrecision: report.averagePrecision,
      invalidQueries: report.invalidQueries,
      distance: report.facts.distance,
      queries: report.queries,
      validQueries: report.valid,
      gallery: report.gallery,
      singleShot,
      vehicleId,
      report,
    };
    await folder?.writeJson('report.json', file);
    if (json) {
      const { perQuery: _, ...rest } = report;
      console.log(JSON.stringify({ ...file, report: rest }));
    } else
      console.log(
        `\n${evaluationText(report, { singleShot, vehicleId, verification: choices.verification })}\n\n${figures(file)}`,
      );
    if (folder) terminal.write(`${folder.file('report.json')}\n`);
    if (!choices.rerank)
      terminal.write('next: the same with --rerank, --query-expansion, --verification, or --distance\n');
    return 0;
  } finally {
    gpu.close();
  }
}
