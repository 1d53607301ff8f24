import { DatasetError, describeDataset } from '../datasets/index.js';
import { openUnlabelled } from '../datasets/unlabelled.node.js';
import { openGpu } from '../engine/index.js';
import type { UnsupervisedRecipe } from '../reid/recipes/index.js';
import { figures } from '../reid/training/run.node.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { trainUnsupervised, type UnsupervisedMetrics } from '../reid/training/unsupervised/run.node.js';
import { terminal } from './command.js';
import type { InitialWeights } from './initial-weights.js';
import { needEmpty, type Plan, stopSignal } from './train-plan.js';

/** Trains without labels; the exit status. */
export async function trainWithoutLabels(
  plan: Plan<UnsupervisedRecipe>,
  { initial, json = false }: { readonly initial?: InitialWeights; readonly json?: boolean },
): Promise<number> {
  const { recipe, data, seed, out, checkpoint, files } = plan;
  const { pictures, labelled } = await openUnlabelled(data, seed);
  const count = pictures.pictures.length;
  if (count === 0) throw new DatasetError(`${pictures.name} has no pictures to train on.`);
  const folder = new RunFolder(out);
  if (!checkpoint) needEmpty(folder);
  await folder.writeJson('recipe.json', { recipe, data, seed, ...files });
  const gpu = await openGpu();
  try {
    const about = labelled ? describeDataset(labelled) : [pictures.name, ...(pictures.notes ?? [])].join('\n');
    terminal.write(
      `${about}\n${recipe.name} (seed ${seed}) on ${count} pictures without labels, ${gpu.name} → ${out}\n`,
    );
    const run = { gpu, pictures, labelled, recipe, data, seed, folder, checkpoint, initial };
    const metrics = await trainUnsupervised({ ...run, output: terminal, signal: stopSignal() });
    if (!metrics) {
      terminal.write(`stopped. Go on with: node cli/train.js --resume --out ${out}\n`);
      return 130;
    }
    terminal.write(`${summaryOf(metrics)}\n${folder.file('clusters.json')}\n${folder.file('report.html')}\n`);
    if (metrics.published) terminal.write(`next: node cli/evaluate.js ${out}\n`);
    if (json) console.log(JSON.stringify(metrics));
    return 0;
  } finally {
    gpu.close();
  }
}

function summaryOf({
  clusters,
  pictures,
  outliers,
  published,
  oracle,
  rawPixels,
  untrained,
}: UnsupervisedMetrics): string {
  const trapezoid = (share: number) => `trapezoid mAP ${(100 * share).toFixed(1)} %`;
  const lines = [
    rawPixels && `raw pixels: ${figures(rawPixels)}`,
    untrained && `untrained:  ${figures(untrained)}`,
    published &&
      `trained:    ${figures(published)}, ${trapezoid(published.trapezoid)} (round ${published.round + 1}, fixed beforehand)`,
    oracle &&
      `oracle:     ${figures(oracle)}, ${trapezoid(oracle.trapezoid)} (round ${oracle.round + 1}, the best by the test set's own labels)`,
    `${clusters} clusters of ${pictures} pictures${outliers > 0 ? `, ${outliers} in none` : ''}`,
  ];
  return lines.filter(Boolean).join('\n');
}
