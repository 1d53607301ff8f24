import { grad, scope, sum } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import { slice } from '../../../engine/ops/view.js';
import { sameShape } from '../../../engine/shape.js';
import { withGrad } from '../../../engine/tape.js';
import { Tensor } from '../../../engine/tensor.js';
import { StripeAttention } from '../../models/attention/pyramid.js';
import { RGAModule } from '../../models/attention/rga-module.js';
import { SplitAttention } from '../../models/attention/split-attention.js';
import { SELayer } from '../../models/attention/squeeze-excitation.js';
import { GAMAttention } from '../../models/gam-attention.js';
import { type Call, captureCalls } from './capture.js';

/** A module and its name in the model. */
export interface NamedLayer {
  readonly name: string;
  readonly module: Module;
}

/** From images [N, 3, H, W] to features [N, C]. */
type FeatureModule = Module & { forward(images: Tensor): Tensor };

const isMap = (value: unknown): value is Tensor =>
  value instanceof Tensor && value.rank === 4 && value.shape[2]! * value.shape[3]! > 1;

/** One pass of the first picture: what it gave, and the calls of modules that were passed exactly once, in order of their end. */
function passOnce(model: FeatureModule, images: Tensor): { readonly result: Tensor; readonly calls: readonly Call[] } {
  const leaf = slice(images.detach(), 0, 0, 1);
  leaf.requiresGrad = true;
  const modules = [...model.namedModules()].map(([, module]) => module);
  const { result, calls } = captureCalls(modules, () => model.forward(leaf));
  const times = new Map<Module, number>();
  for (const { module } of calls) times.set(module, (times.get(module) ?? 0) + 1);
  return { result, calls: calls.filter(({ module }) => times.get(module) === 1) };
}

/**
 * The module that ends the last of a forward pass of those, passed once, that give a map [N, C, h, w] of more than one place on
 * which the features depend: what a Grad-CAM usually is of. Takes one pass of the first picture and back; undefined where there
 * is none.
 */
export function lastMapLayer(model: FeatureModule, images: Tensor): NamedLayer | undefined {
  return scope(
    () =>
      withGrad(true, () => {
        const { result, calls } = passOnce(model, images);
        const maps = calls.filter(({ output }) => isMap(output));
        if (!(result instanceof Tensor && result.requiresGrad) || maps.length === 0) return undefined;
        const gradients = grad(
          [sum(result)],
          maps.map(({ output }) => output as Tensor),
        );
        const last = maps.findLast((_, i) => gradients[i] !== undefined);
        const found = last && [...model.namedModules()].find(([, module]) => module === last.module);
        return found && { name: found[0], module: found[1] };
      }),
    images.gpu,
  );
}

const ATTENTION = [RGAModule, StripeAttention, SELayer, SplitAttention, GAMAttention];

/**
 * The attention modules of a model that weigh a map in a forward pass, once each: outermost ones, in the model's order, at most
 * `most` of them, the later ones. Takes one pass of the first picture.
 */
export function attentionLayers(model: FeatureModule, images: Tensor, most = 8): NamedLayer[] {
  const weighing = scope(
    () =>
      withGrad(true, () => {
        const { calls } = passOnce(model, images);
        const kept = calls.filter(
          ({ inputs: [input], output }) => isMap(output) && isMap(input) && sameShape(input.shape, output.shape),
        );
        return kept.map(({ module }) => module);
      }),
    images.gpu,
  );
  const found: NamedLayer[] = [];
  for (const [name, module] of model.namedModules()) {
    if (!ATTENTION.some((kind) => module instanceof kind) || !weighing.includes(module)) continue;
    if (!found.some((outer) => name.startsWith(`${outer.name}.`))) found.push({ name, module });
  }
  return found.slice(-most);
}
