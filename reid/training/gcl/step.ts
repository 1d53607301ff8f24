import { backward } from '../../../engine/autograd.js';
import type { Module } from '../../../engine/nn/index.js';
import { add, sub } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { mean } from '../../../engine/ops/reduce.js';
import { abs, mulScalar } from '../../../engine/ops/unary.js';
import { noGrad } from '../../../engine/tape.js';
import type { Tensor } from '../../../engine/tensor.js';
import { fakeLoss, generatorLoss, realLoss } from '../../losses/gcl/adversarial.js';
import { type MemoryDraws, memoryContrast } from '../../losses/gcl/memory-contrast.js';
import { blend, type Mix, prototypeMixLoss } from '../../losses/gcl/prototypes.js';
import { updateMemoryTable } from '../../losses/memory-table.js';
import type { Discriminator } from '../../models/gcl/discriminator.js';
import type { Generator } from '../../models/gcl/generator.js';
import type { Identity, IdentityEncoder } from '../../models/gcl/identity-net.js';

export interface GCLNetworks {
  readonly identity: IdentityEncoder;
  readonly generator: Generator;
  readonly discriminator: Discriminator;
}

/** Photos [B, 3, H, W] with the structure of each, [B, 1, H, W], as it stands and turned. */
export interface GCLBatch {
  readonly photos: Tensor;
  readonly structure: Tensor;
  readonly turned: Tensor;
}

/** Weights of the terms, with the original's names in brackets. */
export interface GCLWeights {
  /** Of every adversarial term (`gan_w`). */
  readonly adversarial: number;
  /** Of the photos drawn again (`recon_x_w`), and back from the novel view (`recon_x_cyc_w`). */
  readonly reconstruction: number;
  readonly cycle: number;
  /** Of the codes of both (`recon_f_w`). */
  readonly code: number;
  /** Of the contrast with the memory (`memory_id_w`). */
  readonly memory: number;
  /** Of the prototypes (`id_w`). */
  readonly identity: number;
}

export const GCL_WEIGHTS: GCLWeights = {
  adversarial: 1,
  reconstruction: 5,
  cycle: 5,
  code: 5,
  memory: 1,
  identity: 1,
};

/** What joint training adds: the memory of all pictures, and the prototypes of its clusters. */
export interface JointTerms {
  /** [N, D], rows of length 1; moved by the step. */
  readonly memory: Tensor;
  readonly draws: MemoryDraws;
  /** τ; default 0.04. */
  readonly temperature?: number;
  /** What a row keeps of itself; default 0.2. */
  readonly momentum?: number;
  /** [Q, D], and the pictures' clusters, int32 [B]. Without: the method as first published. */
  readonly prototypes?: { readonly centres: Tensor; readonly labels: Tensor };
}

/** All pictures of an iteration and what the encoder says of them. */
export interface GCLViews {
  readonly photo: Identity;
  readonly recon: Tensor;
  readonly novel: Tensor;
  readonly cycle: Tensor;
  /** Blended appearances; not in the method as first published. */
  readonly mixed: Tensor | undefined;
  readonly ofRecon: Identity;
  readonly ofNovel: Identity;
  readonly ofCycle: Identity;
  readonly ofMixed: Identity | undefined;
}

/**
 * Draws all pictures of an iteration: each photo again, its novel view, the photo back from that, and, with `mix`, the photo's
 * structure in a blend of two appearances. The encoder sees photos and drawings one kind after the other, and blends twice, as the
 * original has it: its norms count every time.
 */
export function drawViews({ identity, generator }: GCLNetworks, batch: GCLBatch, mix?: Mix): GCLViews {
  const content = generator.encode(batch.structure);
  const turned = generator.encode(batch.turned);
  const photo = identity.identify(batch.photos);
  const recon = generator.decode(content, photo.code);
  const novel = generator.decode(turned, photo.code);
  const ofRecon = identity.identify(recon);
  const ofNovel = identity.identify(novel);
  const mixed = mix && generator.decode(content, blend(photo.code, mix));
  const ofMixed = mixed && identity.identify(mixed);
  if (mixed && identity.training) noGrad(() => identity.identify(mixed));
  const cycle = generator.decode(content, ofNovel.code);
  const ofCycle = identity.identify(cycle);
  return { photo, recon, novel, cycle, mixed, ofRecon, ofNovel, ofCycle, ofMixed };
}

const fakesOf = ({ recon, novel, cycle, mixed }: GCLViews): Readonly<Record<string, Tensor>> => ({
  recon,
  novel,
  cycle,
  ...(mixed && { mixed }),
});

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
const distance = (a: Tensor, b: Tensor): Tensor => mean(abs(sub(a, b)));

/** Losses by the names of what they are of; `total` is what was differentiated. */
export type NamedLosses = Readonly<Record<string, Tensor>> & { readonly total: Tensor };

/** Leaves the gradients of what the discriminator minimises: all kinds of fakes, each beside the photos. */
export function discriminatorGradients({ discriminator }: GCLNetworks, photos: Tensor, views: GCLViews): NamedLosses {
  const fakes = Object.entries(fakesOf(views));
  // The photos' part is the same beside each kind of fakes.
  const real = realLoss(discriminator, photos);
  const losses = fakes.map(([name, fake]): [string, Tensor] => [name, fakeLoss(discriminator, fake)]);
  const sum = add(total(losses.map(([, loss]) => loss)), mulScalar(real.total, fakes.length));
  backward(sum);
  const each = losses.map(([name, loss]): [string, Tensor] => [name, add(loss, real.total).detach()]);
  return { ...Object.fromEntries(each), total: sum.detach() };
}

/** Does something while nothing of a module is trained: gradients go through it, not into it. */
function frozen<T>(module: Module, work: () => T): T {
  const trained = [...module.parameters()].filter(({ requiresGrad }) => requiresGrad);
  for (const parameter of trained) parameter.requiresGrad = false;
  try {
    return work();
  } finally {
    for (const parameter of trained) parameter.requiresGrad = true;
  }
}

/**
 * Leaves the gradients of what generator and encoder minimise; the adversarial terms are those of the discriminator as it is now, after
 * its own step. With `joint`, moves the memory's rows of the batch.
 */
export function generatorGradients(
  nets: GCLNetworks,
  photos: Tensor,
  views: GCLViews,
  weights: GCLWeights = GCL_WEIGHTS,
  joint?: JointTerms & { readonly mix?: Mix },
): NamedLosses {
  const losses = frozen(nets.discriminator, () => {
    const terms = generatorTerms(nets, photos, views, weights, joint);
    backward(terms.total);
    return terms;
  });
  // Only now: the gradient is that of the memory as the loss saw it.
  if (joint) {
    const { memory, draws, momentum = 0.2 } = joint;
    updateMemoryTable(memory, l2Normalize(views.photo.embedding.detach()), draws.own, { momentum });
  }
  return Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, loss.detach()])) as typeof losses;
}

/** What generator and encoder minimise. */
function generatorTerms(
  { discriminator }: GCLNetworks,
  photos: Tensor,
  views: GCLViews,
  weights: GCLWeights,
  joint: (JointTerms & { readonly mix?: Mix }) | undefined,
): NamedLosses {
  const target = views.photo.code.detach();
  const losses: Record<string, Tensor> = {
    reconstruction: distance(views.recon, photos),
    cycle: distance(views.cycle, photos),
    code: distance(views.ofRecon.code, target),
    cycleCode: distance(views.ofCycle.code, target),
  };
  const terms = [
    mulScalar(losses.reconstruction!, weights.reconstruction),
    mulScalar(losses.cycle!, weights.cycle),
    mulScalar(losses.code!, weights.code),
    mulScalar(losses.cycleCode!, weights.code),
  ];
  for (const [name, fake] of Object.entries(fakesOf(views))) {
    losses[`adversarial_${name}`] = generatorLoss(discriminator, fake);
    terms.push(mulScalar(losses[`adversarial_${name}`]!, weights.adversarial));
  }
  if (joint) {
    const { memory, draws, temperature, prototypes, mix } = joint;
    const { embedding } = views.photo;
    losses.memory = memoryContrast(embedding, views.ofNovel.embedding, memory, draws, temperature);
    terms.push(mulScalar(losses.memory, weights.memory));
    if (prototypes && mix && views.ofMixed) {
      const { labels, centres } = prototypes;
      losses.identity = prototypeMixLoss(embedding, views.ofMixed.embedding, labels, centres, mix);
      terms.push(mulScalar(losses.identity, weights.identity));
    }
  }
  return { ...losses, total: total(terms) };
}
