import { currentGpu, type Gpu, noGrad, plan, scope } from '../../../engine/index.js';
import { empty } from '../../../engine/tensor.js';
import { multiLabelWeights } from '../../losses/gcl/multi-label.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { Needs } from '../needs.js';
import { buildGCL, optimisersOf } from './networks.js';
import { drawingStep, jointStep, versionStep, warmUpStep } from './stage-steps.js';

/**
 * What the heaviest of a recipe's stages takes, for so many pictures.
 *
 * @throws GpuError where a tensor is larger than the adapter binds, naming it
 */
export function gclNeeds(recipe: GCLRecipe, pictures: number, gpu: Gpu): Needs {
  let parameters = 0;
  const stages = recipe.stages.map((stage) =>
    plan(() => {
      parameters = planStage(recipe, stage, pictures);
    }, gpu),
  );
  const training = stages.reduce((most, one) => (one.peakBytes > most.peakBytes ? one : most));
  const { height, width } = recipe.input;
  const evaluation = plan(() => {
    const { identity } = buildGCL(recipe);
    identity.eval();
    const images = empty(currentGpu(), [recipe.evaluation.batch, 3, height, width], 'float32', 'images');
    scope(() => void noGrad(() => identity.forward(images)));
  }, gpu);
  return { parameters, training, evaluation };
}

/** Goes through one step of a stage; the number of trained values. */
function planStage(recipe: GCLRecipe, stage: number, pictures: number): number {
  const gpu = currentGpu();
  const nets = buildGCL(recipe);
  const optimisers = optimisersOf(recipe, nets, stage);
  const context = { recipe, nets, optimisers };
  const { height, width } = recipe.input;
  const floats = (name: string, ...shape: number[]) => empty(gpu, shape, 'float32', name);
  const whole = (name: string, ...shape: number[]) => empty(gpu, shape, 'int32', name);
  const memory = () => floats('memory', pictures, nets.identity.embedding);
  scope(() => {
    if (stage === 1 && recipe.warmup === 'jvtc') {
      const { versions } = recipe.jvtc;
      const n = Math.min(recipe.batch / versions, pictures);
      const images = floats('images', n * versions, 3, height, width);
      versionStep(context, memory(), { momentum: 0.5, clustered: true }).run(
        images,
        whole('rows', n),
        floats('members', n, pictures),
      );
      return;
    }
    if (stage === 1) {
      const n = Math.min(recipe.batch, pictures);
      const { most } = multiLabelWeights([[0]], pictures, recipe.mlc.hard);
      const labels = [
        floats('positives', n, pictures),
        floats('positives', n, pictures),
        floats('hard', n, most),
      ] as const;
      warmUpStep(context, memory(), 0.5).run(floats('images', n, 3, height, width), whole('rows', n), ...labels);
      return;
    }
    const n = (stage === 2 ? recipe.drawing : recipe.joint).batch;
    const photos = floats('photos', n, 3, height, width);
    const structure = floats('structure', n, 1, height, width);
    const turned = floats('structure', n, 1, height, width);
    const mix = [floats('share', 1), whole('partners', n)] as const;
    if (stage === 2) {
      nets.identity.eval().requiresGrad_(false);
      drawingStep(context).run(photos, structure, turned, ...mix);
      return;
    }
    // As many clusters as Market-1501 has identities for its pictures.
    const centres = floats('centres', Math.max(2, Math.round(pictures / 17)), nets.identity.embedding);
    const negatives = whole('negatives', n, Math.min(recipe.joint.negatives, Math.max(pictures - 1, 1)));
    const rows = () => whole('rows', n);
    const step = jointStep(context, { memory: memory(), centres });
    step.run(photos, structure, turned, ...mix, rows(), rows(), rows(), rows(), negatives);
  });
  const trained =
    stage === 1 ? [nets.identity] : stage === 2 ? [nets.generator, nets.discriminator] : Object.values(nets);
  return trained.flatMap((net) => [...net.parameters()]).reduce((sum, { size }) => sum + size, 0);
}
