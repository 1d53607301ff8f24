import { backward, cat, scope, slice, stack, type Tensor } from '../../../engine/index.js';
import { add } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { mulScalar } from '../../../engine/ops/unary.js';
import { reshape } from '../../../engine/ops/view.js';
import { noGrad } from '../../../engine/tape.js';
import { multiLabelLoss } from '../../losses/gcl/multi-label.js';
import { blend, type Mix } from '../../losses/gcl/prototypes.js';
import { bankLoss, meanVersions, versionLoss } from '../../losses/gcl/versions.js';
import { updateMemoryTable } from '../../losses/memory-table.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import type { GCLOptimisers } from './networks.js';
import {
  discriminatorGradients,
  drawViews,
  type GCLBatch,
  type GCLNetworks,
  generatorGradients,
  type NamedLosses,
} from './step.js';

/** What the steps of all stages work with. */
export interface StepContext {
  readonly recipe: GCLRecipe;
  readonly nets: GCLNetworks;
  readonly optimisers: GCLOptimisers;
}

/** Losses as one tensor [L], and their names in order. */
export interface NamedStep<A extends readonly Tensor[]> {
  /** Of the newest run. */
  readonly names: readonly string[];
  run(...args: A): Tensor;
}

/** One step of a warm-up by MLC, on pictures, their rows [B], and their multi-labels as weights; see multiLabelWeights. */
export function warmUpStep(
  { recipe, nets, optimisers }: StepContext,
  memory: Tensor,
  momentum: number,
): NamedStep<[Tensor, Tensor, Tensor, Tensor, Tensor]> {
  return {
    names: ['loss'],
    run: (images, rows, positives, apart, hard) => {
      const features = l2Normalize(nets.identity.identify(images).embedding);
      const loss = multiLabelLoss(features, memory, { positives, apart, hard }, recipe.mlc.delta);
      backward(loss);
      optimisers.identity.step();
      optimisers.identity.zeroGrad();
      updateMemoryTable(memory, features.detach(), rows, { momentum });
      return reshape(loss, [1]);
    },
  };
}

/** The course of a warm-up by JVTC in an epoch. */
export interface VersionEpoch {
  /** What a row of the bank keeps of itself. */
  readonly momentum: number;
  /** Whether the bank has clusters, so that its loss counts. */
  readonly clustered: boolean;
}

/**
 * One step of a warm-up by JVTC, on versions of pictures side by side [B · K], the pictures' rows [B] and, where the bank has
 * clusters, the shares of their members [B, N]; see memberShares.
 */
export function versionStep(
  { recipe, nets, optimisers }: StepContext,
  bank: Tensor,
  { momentum, clustered }: VersionEpoch,
): NamedStep<[Tensor, Tensor] | [Tensor, Tensor, Tensor]> {
  const { versions, temperature, bankTemperature, bankWeight } = recipe.jvtc;
  return {
    names: clustered ? ['loss', 'localLoss', 'bankLoss'] : ['loss', 'localLoss'],
    run: (...[images, rows, members]) => {
      const { embedding } = nets.identity.identify(images);
      const means = meanVersions(embedding, versions);
      const features = l2Normalize(embedding);
      const local = versionLoss(features, means, temperature);
      const global = members && bankLoss(features, bank, members, bankTemperature);
      const loss = global ? add(local, mulScalar(global, bankWeight)) : local;
      backward(loss);
      optimisers.identity.step();
      optimisers.identity.zeroGrad();
      updateMemoryTable(bank, means.detach(), rows, { momentum, normalise: false });
      return stack([loss, local, ...(global ? [global] : [])].map((value) => reshape(value.detach(), [])));
    },
  };
}

/** Log names of both sides' losses. */
function joined(dis: NamedLosses, gen: NamedLosses): [string, Tensor][] {
  const { total: disLoss, ...fakes } = dis;
  const { total: loss, ...terms } = gen;
  const named = (losses: Readonly<Record<string, Tensor>>, prefix = ''): [string, Tensor][] =>
    Object.entries(losses).map(([name, value]) => [`${prefix}${name}Loss`, value]);
  return [['loss', loss], ['disLoss', disLoss], ...named(terms), ...named(fakes, 'dis_')];
}

/** One step of stage 2, on photos, their structure twice, and a blend's share [1] and partners [B]. */
export function drawingStep(context: StepContext): NamedStep<[Tensor, Tensor, Tensor, Tensor, Tensor]> {
  const { recipe, nets, optimisers } = context;
  const { microBatch, batch: whole } = recipe.drawing;
  const { passes, weights } = recipe;
  const identifyMixed = weights.mixedCode > 0;
  let names: readonly string[] = [];
  const undivided = (batch: GCLBatch, mix: Mix | undefined) => {
    const views = drawViews(nets, batch, mix, { passes, identifyMixed });
    const dis = discriminatorGradients(nets, batch.photos, views, { passes });
    optimisers.discriminator.step();
    optimisers.discriminator.zeroGrad();
    return joined(dis, generatorGradients(nets, batch.photos, views, weights, undefined, { passes }));
  };
  const divided = (batch: GCLBatch, mix: Mix | undefined) => {
    const share = microBatch / whole;
    const starts = Array.from({ length: whole / microBatch }, (_, i) => i * microBatch);
    const part = (t: Tensor, start: number) => slice(t, 0, start, start + microBatch);
    const partOf = ({ photos, structure, turned }: GCLBatch, start: number): GCLBatch => ({
      photos: part(photos, start),
      structure: part(structure, start),
      turned: part(turned, start),
    });
    // Partners may be in another part.
    const codes = noGrad(() => cat(starts.map((start) => nets.identity.identify(part(batch.photos, start)).code)));
    const blends = mix && noGrad(() => blend(codes, mix));
    const draw = (start: number) => {
      const blended = blends && part(blends, start);
      return drawViews(nets, partOf(batch, start), mix, { passes, identifyMixed, blended });
    };
    const dis = starts.map((start) =>
      scope(() => {
        const views = noGrad(() => draw(start));
        return discriminatorGradients(nets, part(batch.photos, start), views, { passes, share });
      }),
    );
    optimisers.discriminator.step();
    optimisers.discriminator.zeroGrad();
    const gen = starts.map((start) =>
      scope(() => {
        const options = { passes, share };
        return generatorGradients(nets, part(batch.photos, start), draw(start), weights, undefined, options);
      }),
    );
    return joined(meanOf(dis, share), meanOf(gen, share));
  };
  return {
    get names() {
      return names;
    },
    run: (photos, structure, turned, mixShare, partner) => {
      const mix = recipe.variant === 'ext' ? { share: mixShare, partner } : undefined;
      const batch = { photos, structure, turned };
      const losses = microBatch < whole ? divided(batch, mix) : undivided(batch, mix);
      optimisers.generator.step();
      optimisers.generator.zeroGrad();
      names = losses.map(([name]) => name);
      return stack(losses.map(([, loss]) => reshape(loss, [])));
    },
  };
}

function meanOf(parts: readonly NamedLosses[], share: number): NamedLosses {
  const sumOf = (name: string) => parts.map((losses) => losses[name]!).reduce((a, b) => add(a, b));
  const entries = Object.keys(parts[0]!).map((name) => [name, mulScalar(sumOf(name), share)]);
  return Object.fromEntries(entries) as NamedLosses;
}

/** The memory of an epoch of stage 3, and the centres of its clusters [Q, D]. */
export interface JointMemory {
  readonly memory: Tensor;
  readonly centres: Tensor;
}

/** Arguments of a step of stage 3: those of stage 2, then rows, clusters, both positives [B] and negatives [B, K]. */
export type JointArguments = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

/** One step of stage 3. Gradients of the discriminator never reach the encoder, those of the generator do. */
export function jointStep(
  { recipe, nets, optimisers }: StepContext,
  { memory, centres }: JointMemory,
): NamedStep<JointArguments> {
  const { passes, weights, variant, joint } = recipe;
  const { temperature, momentum, identityTemperature, labelSmoothing, bnStats } = joint;
  let names: readonly string[] = [];
  return {
    get names() {
      return names;
    },
    run: (photos, structure, turned, share, partner, own, labels, positiveOfView, positiveOfPhoto, negatives) => {
      const mix = variant === 'ext' ? { share, partner } : undefined;
      const views = drawViews(nets, { photos, structure, turned }, mix, { passes, bnStats });
      const dis = discriminatorGradients(nets, photos, views, { passes });
      optimisers.discriminator.step();
      optimisers.discriminator.zeroGrad();
      const draws = { own, positiveOfView, positiveOfPhoto, negatives };
      const prototypes = mix && { centres, labels, temperature: identityTemperature, labelSmoothing };
      const terms = { memory, draws, temperature, momentum, prototypes, mix };
      const gen = generatorGradients(nets, photos, views, weights, terms, { passes });
      optimisers.generator.step();
      optimisers.generator.zeroGrad();
      optimisers.identity.step();
      optimisers.identity.zeroGrad();
      const losses = joined(dis, gen);
      names = losses.map(([name]) => name);
      return stack(losses.map(([, loss]) => reshape(loss, [])));
    },
  };
}
