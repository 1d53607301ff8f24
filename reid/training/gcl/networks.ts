import { constant_, kaimingNormal_ } from '../../../engine/nn/init.js';
import { Adam, type GroupOptions, type Optimiser, SGD } from '../../../engine/optim/index.js';
import { buildIdentityEncoder } from '../../models/gcl/build.js';
import { Discriminator } from '../../models/gcl/discriminator.js';
import { Generator } from '../../models/gcl/generator.js';
import { IdentityNet } from '../../models/gcl/identity-net.js';
import type { GCLRecipe } from '../../recipes/gcl.js';
import { resnetOptionsOf } from '../../recipes/model-spec.js';
import type { GCLNetworks } from './step.js';

/** Builds the three networks of a recipe. Where a warm-up by JVTC comes first, the encoder's last layer begins as the authors have it. */
export function buildGCL({ model, generator, discriminator, warmup, stages }: GCLRecipe): GCLNetworks {
  const identity = buildIdentityEncoder(resnetOptionsOf(model), model);
  if (identity instanceof IdentityNet && warmup === 'jvtc' && stages[0] === 1) {
    kaimingNormal_(identity.feat.weight, { mode: 'fan_out' });
    constant_(identity.feat.bias!, 0);
  }
  return {
    identity,
    generator: new Generator({ ...generator, codeChannels: identity.outputs }),
    discriminator: new Discriminator(discriminator),
  };
}

/** What moves the networks. */
export interface GCLOptimisers {
  readonly identity: Optimiser<GroupOptions>;
  readonly generator: Optimiser<GroupOptions>;
  readonly discriminator: Optimiser<GroupOptions>;
}

const MOMENTUM = 0.9;

/** Optimisers of a stage; generator and discriminator keep theirs from stage 2 to stage 3, at rates of its own. */
export function optimisersOf(recipe: GCLRecipe, nets: GCLNetworks, stage: number): GCLOptimisers {
  const { adam, drawing, joint } = recipe;
  const rates = stage === 3 ? joint : drawing;
  const { beta1, beta2, weightDecay } = adam;
  const adamOf = (net: GCLNetworks['generator'] | GCLNetworks['discriminator'], lr: number) =>
    new Adam(net.parameters(), { lr, betas: [beta1, beta2], weightDecay }) as unknown as Optimiser<GroupOptions>;
  return {
    identity: stage === 1 ? warmUpOptimiser(recipe, nets) : jointOptimiser(recipe, nets),
    generator: adamOf(nets.generator, rates.lrGenerator),
    discriminator: adamOf(nets.discriminator, rates.lrDiscriminator),
  };
}

/** Of the encoder in joint training. */
const jointOptimiser = ({ joint: { lr, weightDecay } }: GCLRecipe, { identity }: GCLNetworks) =>
  new SGD(identity.parameters(), {
    lr,
    momentum: MOMENTUM,
    nesterov: true,
    weightDecay,
  }) as unknown as Optimiser<GroupOptions>;

/** Names of what stands behind the residual network. */
const HEAD = /^(feat|feat_bn|bn)\./;

/** Of the encoder in the warm-up; the residual network has a rate of its own. */
function warmUpOptimiser({ optimiser, model }: GCLRecipe, { identity }: GCLNetworks): Optimiser<GroupOptions> {
  const { kind, lr, momentum, weightDecay, nesterov, trunk } = optimiser;
  const named = [...identity.namedParameters()];
  const isHead = (name: string) => (model.head === 'jvtc' ? /^feat/.test(name) : HEAD.test(name));
  const parametersOf = (head: boolean) => named.filter(([name]) => isHead(name) === head).map(([, p]) => p);
  const groups = [
    { parameters: parametersOf(false), lr: lr * trunk },
    { parameters: parametersOf(true), lr },
  ];
  if (kind === 'sgd')
    return new SGD(groups, { lr, momentum, nesterov, weightDecay }) as unknown as Optimiser<GroupOptions>;
  return new Adam(groups, { lr, weightDecay }) as unknown as Optimiser<GroupOptions>;
}

/** Sets the rates of generator and discriminator at a time in epochs: constant, then down a line to 0 at the end of their stage. */
export function setDrawingRates(
  { generator, discriminator }: GCLOptimisers,
  { epochs, decay, lrGenerator, lrDiscriminator }: GCLRecipe['drawing'] | GCLRecipe['joint'],
  epoch: number,
): void {
  const left = decay > 0 ? Math.min(1, (1 - epoch / epochs) / decay) : 1;
  for (const group of generator.groups) group.lr = lrGenerator * left;
  for (const group of discriminator.groups) group.lr = lrDiscriminator * left;
}
