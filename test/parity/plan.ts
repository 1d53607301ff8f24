import type { GoldenCase } from './case.js';
import { evaluationCases } from './evaluation.js';
import { mergingCases } from './evaluation-clustering.js';
import type { GoldenMerging } from './evaluation-golden.js';
import { isTrainer, trainerCase } from './gcl-trainer.js';
import { modelCases } from './model.js';
import type { GoldenModel } from './model-golden.js';
import { type CaseResult, runOpCase } from './ops.js';
import { type GoldenOptimiser, type GoldenSchedule, runOptimiser, runSchedule } from './schedules.js';
import { hasLossRunner, runLossCase } from './system-losses.js';
import { partOf, systemOf } from './systems/index.js';

/** A case that can be run. */
export interface PlannedCase {
  readonly id: string;
  run(): Promise<CaseResult>;
}

/** Any golden file; what it holds tells which kind it is. */
interface GoldenFile extends Partial<GoldenModel> {
  readonly cases?: readonly (GoldenCase | GoldenSchedule)[];
  readonly optimisers?: readonly GoldenOptimiser[];
  /** Parts of networks, each a model, and functions of theirs. */
  readonly parts?: readonly GoldenModel[];
  readonly function_cases?: readonly GoldenCase[];
  readonly bottom_up_clustering?: readonly GoldenMerging[];
}

const notYet = (id: string, reason: string): PlannedCase => ({
  id,
  run: async () => ({ id, status: 'fail', forward: {}, gradients: {}, reason }),
});

function planned(file: string, golden: GoldenCase | GoldenSchedule): PlannedCase {
  const id = `${file}/${golden.id}`;
  if ('lr_per_epoch' in golden) return { id, run: async () => runSchedule(id, golden) };
  if (golden.op) return { id, run: () => runOpCase(id, golden) };
  if (hasLossRunner(golden.id)) return { id, run: () => runLossCase(id, golden) };
  return notYet(id, 'no runner for this kind of case yet');
}

/** The cases of one file; a file that no runner knows is one case that fails. */
function casesIn(file: string, golden: GoldenFile): PlannedCase[] {
  const optimisers = (golden.optimisers ?? []).map((one) => {
    const id = `${file}/optimiser-${one.id}`;
    return { id, run: () => runOptimiser(id, one) };
  });
  const merging = mergingCases(file, golden.bottom_up_clustering ?? []);
  if (golden.cases) return [...golden.cases.map((one) => planned(file, one)), ...optimisers, ...merging];
  if (/(^|\/)eval$/.test(file)) return evaluationCases(file, golden);
  if (golden.parts) {
    const parts = golden.parts.flatMap((one) => {
      const system = partOf(one.name);
      const id = `${file}/${one.name}`;
      return system ? modelCases(id, one, system) : [notYet(id, 'no runner for this part yet')];
    });
    return [...parts, ...(golden.function_cases ?? []).map((one) => planned(file, one))];
  }
  if (isTrainer(golden)) return [trainerCase(file, golden)];
  const system = golden.state_dict && systemOf(golden.name!);
  if (system) return modelCases(file, golden as GoldenModel, system);
  return [notYet(file, 'no runner for this kind of golden file yet')];
}

/** A golden file by its name within its folder, without `.json`. */
export interface GoldenText {
  readonly file: string;
  readonly text: string;
}

/** Every case of some golden files, in their order; a file that can not be read is one case that fails. */
export function plannedCases(files: readonly GoldenText[]): PlannedCase[] {
  return files.flatMap(({ file, text }) => {
    try {
      return casesIn(file, JSON.parse(text) as GoldenFile);
    } catch (error) {
      return [notYet(file, `can not be read: ${(error as Error).message}`)];
    }
  });
}
