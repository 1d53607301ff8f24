import { DatasetError, describeDataset, trueView } from '../datasets/index.js';
import { openStructure } from '../datasets/structure/open.node.js';
import { openUnlabelled } from '../datasets/unlabelled.node.js';
import { openGpu } from '../engine/index.js';
import type { GCLRecipe } from '../reid/recipes/index.js';
import type { GCLFacts, GCLMetrics } from '../reid/training/gcl/records.js';
import { trainGCL } from '../reid/training/gcl/run.node.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { terminal, UsageError } from './command.js';
import { readGCLWeights } from './gcl-weights.js';
import { describeNeeds, gibibytes, judgeRecipe } from './recipe-needs.js';
import { needEmpty, type Plan, stopSignal } from './train-plan.js';

/** What the recipes gcl… know beside the others. */
export interface GCLFlags {
  readonly structure?: string;
  readonly weights?: readonly string[];
  readonly json?: boolean;
}

/** Trains GCL in its stages; the exit status. */
export async function trainGCLRun(plan: Plan<GCLRecipe>, flags: GCLFlags): Promise<number> {
  const { recipe, data, seed, out, checkpoint } = plan;
  const first = recipe.stages[0]!;
  if (first > 1 && !checkpoint && !flags.weights) {
    throw new UsageError(
      `${recipe.name} begins with stage ${first}, which needs ${first === 2 ? 'an encoder' : 'encoder, generator and discriminator'}: ` +
        `--weights runs/…/stage${first - 1}.safetensors, or train all stages with gcl.`,
    );
  }
  const { pictures, labelled } = await openUnlabelled(data, seed);
  const count = pictures.pictures.length;
  if (count === 0) throw new DatasetError(`${pictures.name} has no pictures to train on.`);
  const isToy = pictures.pictures.every(({ path }) => path.startsWith('toy-walkers/'));
  const saved = checkpoint?.facts as GCLFacts | undefined;
  const structureSpec = flags.structure ?? saved?.structure ?? (isToy ? 'toy' : undefined);
  const draws = recipe.stages.at(-1)! > 1;
  if (draws && !structureSpec) {
    throw new UsageError(
      'Stages 2 and 3 of GCL draw from structure maps: say whose, as --structure walker (any pictures) or --structure mesh:DIR.',
    );
  }
  const structure = draws ? await openStructure(structureSpec!, labelled ?? pictures) : undefined;
  const weights = checkpoint ? undefined : await readGCLWeights(flags.weights ?? []);
  const folder = new RunFolder(out);
  if (!checkpoint) needEmpty(folder);
  await folder.writeJson('recipe.json', {
    recipe,
    data,
    seed,
    ...(structureSpec ? { structure: structureSpec } : {}),
    weights: flags.weights,
  });
  const gpu = await openGpu();
  try {
    const about = labelled ? describeDataset(labelled) : [pictures.name, ...(pictures.notes ?? [])].join('\n');
    const notes = structure ? [`structure: ${structure.name}`, ...(structure.notes ?? [])] : [];
    const verdict = judgeRecipe(gpu, recipe, count);
    const needs = verdict.needs
      ? `needs ${gibibytes(verdict.needs.training.peakBytes)} of GPU memory, ${(verdict.needs.parameters / 1e6).toFixed(2)} million parameters`
      : describeNeeds(verdict);
    terminal.write(
      `${[about, ...notes].join('\n')}\n${recipe.name} (seed ${seed}), stages ${recipe.stages.join(', ')}, on ${count} pictures without labels, ${gpu.name} → ${out}\n${needs}\n`,
    );
    const metrics = await trainGCL({
      ...{ gpu, pictures, labelled, recipe, data, seed, folder, checkpoint, structure, structureSpec, weights },
      ...(isToy ? { trueView } : {}),
      output: terminal,
      signal: stopSignal(),
    });
    if (!metrics) {
      terminal.write(`stopped. Go on with: node cli/train.js --resume --out ${out}\n`);
      return 130;
    }
    terminal.write(`${summaryOf(metrics)}\n${folder.file('metrics.json')}\n${folder.file('report.html')}\n`);
    if (draws) terminal.write(`next: node cli/generate.js ${out}\n`);
    if (flags.json) console.log(JSON.stringify(metrics));
    return 0;
  } finally {
    gpu.close();
  }
}

function summaryOf({ rawPixels, untrained, stages }: GCLMetrics): string {
  const lines = [
    rawPixels && `raw pixels: ${figures(rawPixels)}`,
    untrained && `before:     ${figures(untrained)}`,
    ...stages.map(({ stage, after }) => after && `stage ${stage}:    ${figures(after)}`),
  ];
  return lines.filter(Boolean).join('\n');
}
