import { backward, checkpoint } from '../../../engine/autograd.js';
import { BatchNorm, type Module, zeroGrad } from '../../../engine/nn/index.js';
import { add, sub } from '../../../engine/ops/arithmetic.js';
import { l2Normalize } from '../../../engine/ops/distance.js';
import { cat } from '../../../engine/ops/join.js';
import { mean } from '../../../engine/ops/reduce.js';
import { abs, mulScalar } from '../../../engine/ops/unary.js';
import { slice } from '../../../engine/ops/view.js';
import { noGrad } from '../../../engine/tape.js';
import type { Tensor } from '../../../engine/tensor.js';
import { fakeLosses, generatorLosses, realLoss } from '../../losses/gcl/adversarial.js';
import { type MemoryDraws, memoryContrast } from '../../losses/gcl/memory-contrast.js';
import { blend, type Mix, type PrototypeOptions, prototypeMixLoss } from '../../losses/gcl/prototypes.js';
import { GCL_WEIGHTS, type GCLWeights } from '../../losses/gcl/weights.js';
import { updateMemoryTable } from '../../losses/memory-table.js';
import type { Discriminator } from '../../models/gcl/discriminator.js';
import type { Generator } from '../../models/gcl/generator.js';
import type { Identity, IdentityEncoder } from '../../models/gcl/identity-net.js';
import type { GCLRecipe } from '../../recipes/gcl.js';

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
  readonly prototypes?: PrototypeOptions & { readonly centres: Tensor; readonly labels: Tensor };
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
 * How the networks see the kinds of pictures: one after the other (`apart`); several in one pass where norms do not couple them
 * (`together`: fewer and larger kernels); or one after the other, keeping no inner maps but computing each pass again when its gradient
 * comes back (`segments`: a fraction of the memory). The numbers are the same.
 */
export type Passes = 'apart' | 'together' | 'segments';

export interface DrawOptions {
  /** Default `apart`. */
  readonly passes?: Passes;
  /** Codes of blends, [B, …], where partners are not in the batch. */
  readonly blended?: Tensor;
  /** Whether the encoder looks at blends; default true. Only joint training needs it. */
  readonly identifyMixed?: boolean;
  /** What the running statistics of an encoder in training are of; default `all`. */
  readonly bnStats?: GCLRecipe['joint']['bnStats'];
}

/** Whether a pass can have a gradient at all. */
const isTrained = (module: Module, inputs: readonly Tensor[]): boolean =>
  inputs.some(({ requiresGrad }) => requiresGrad) || module.parameters().some(({ requiresGrad }) => requiresGrad);

/** A pass of a network, as it is or as a segment that is computed again. */
function pass(segments: boolean, module: Module, work: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  if (!isTrained(module, inputs)) return noGrad(() => work(...inputs));
  return segments ? checkpoint(work, ...inputs) : work(...inputs);
}

/** Does something while the norms of a module in training keep their running statistics as they are. */
function keepingStats<T>(module: Module, work: () => T): T {
  const norms: BatchNorm[] = [];
  for (const [, part] of module.namedModules()) {
    if (part instanceof BatchNorm && part.trackRunningStats) norms.push(part);
  }
  for (const norm of norms) norm.trackRunningStats = false;
  try {
    return work();
  } finally {
    for (const norm of norms) norm.trackRunningStats = true;
  }
}

function identifyIn(segments: boolean, identity: IdentityEncoder, images: Tensor): Identity {
  if (!segments) return identity.identify(images);
  const both = pass(
    true,
    identity,
    (x) => {
      const { code, embedding } = identity.identify(x);
      return cat([code, embedding], 1);
    },
    images,
  );
  const width = 4 * identity.outputs;
  return { code: slice(both, 1, 0, width), embedding: slice(both, 1, width) };
}

/**
 * Draws all pictures of an iteration: each photo again, its novel view, the photo back from that, and, with `mix`, the photo's
 * structure in a blend of two appearances. The encoder sees photos and drawings one kind after the other, and blends twice, as the
 * original has it: its norms count every time, unless they are to count photos alone.
 */
export function drawViews(
  { identity, generator }: GCLNetworks,
  batch: GCLBatch,
  mix?: Mix,
  { passes = 'apart', blended, identifyMixed = true, bnStats = 'all' }: DrawOptions = {},
): GCLViews {
  const segments = passes === 'segments';
  const encode = (structure: Tensor) => pass(segments, generator, (x) => generator.encode(x), structure);
  const decode = (content: Tensor, code: Tensor) =>
    pass(segments, generator, (c, a) => generator.decode(c!, a!), content, code);
  const identify = (images: Tensor) => identifyIn(segments, identity, images);
  const photosAlone = bnStats === 'photos';
  const identifyDrawn = (images: Tensor) =>
    photosAlone ? keepingStats(identity, () => identify(images)) : identify(images);
  const join = passes === 'together';
  const [content, turned] = each(join, [batch.structure, batch.turned], encode) as [Tensor, Tensor];
  const photo = identify(batch.photos);
  const codes = [photo.code, photo.code, ...(mix ? [blended ?? blend(photo.code, mix)] : [])];
  const contents = [content, turned, content];
  const drawAt = (i: number) => decode(contents[i]!, codes[i]!);
  const [recon, novel, mixed] = (
    join
      ? parted(decode(cat(contents.slice(0, codes.length)), cat(codes)), codes.length)
      : codes.map((_, i) => drawAt(i))
  ) as [Tensor, Tensor, Tensor?];
  const [ofRecon, ofNovel] = (
    join && !identity.training ? identifyTogether(identity, [recon, novel]) : [recon, novel].map(identifyDrawn)
  ) as [Identity, Identity];
  const ofMixed = mixed && identifyMixed ? identifyDrawn(mixed) : undefined;
  if (mixed && identity.training && !photosAlone) noGrad(() => identity.identify(mixed));
  const cycle = decode(content, ofNovel.code);
  const ofCycle = identifyDrawn(cycle);
  return { photo, recon, novel, cycle, mixed, ofRecon, ofNovel, ofCycle, ofMixed };
}

/** Tensors of one shape that lie one behind the other. */
function parted(t: Tensor, count: number): Tensor[] {
  const size = t.shape[0]! / count;
  return Array.from({ length: count }, (_, i) => slice(t, 0, i * size, (i + 1) * size));
}

/** A network on each of some tensors, or on all of them at once. */
const each = (join: boolean, inputs: readonly Tensor[], work: (x: Tensor) => Tensor): Tensor[] =>
  join ? parted(work(cat(inputs)), inputs.length) : inputs.map(work);

function identifyTogether(identity: IdentityEncoder, images: readonly Tensor[]): Identity[] {
  const { code, embedding } = identity.identify(cat(images));
  const embeddings = parted(embedding, images.length);
  return parted(code, images.length).map((part, i) => ({ code: part, embedding: embeddings[i]! }));
}

const fakesOf = ({ recon, novel, cycle, mixed }: GCLViews): Readonly<Record<string, Tensor>> => ({
  recon,
  novel,
  cycle,
  ...(mixed && { mixed }),
});

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
const distance = (a: Tensor, b: Tensor): Tensor => mean(abs(sub(a, b)));

export interface StepOptions {
  /** Default `apart`. */
  readonly passes?: Passes;
  /** Of the batch, where this is a part of it. Default 1. */
  readonly share?: number;
}

/** Losses by the names of what they are of; `total` is what was differentiated. */
export type NamedLosses = Readonly<Record<string, Tensor>> & { readonly total: Tensor };

/**
 * Leaves the gradients of what the discriminator minimises: all kinds of fakes, each beside the photos. Unless they are seen `together`, one
 * kind after the other, so that the inner maps of one alone are held.
 *
 * @param share of the batch, where this is a part of it: gradients add up over the parts
 */
export function discriminatorGradients(
  { discriminator }: GCLNetworks,
  photos: Tensor,
  views: GCLViews,
  { passes = 'apart', share = 1 }: StepOptions = {},
): NamedLosses {
  const back = (loss: Tensor) => backward(share === 1 ? loss : mulScalar(loss, share));
  const fakes = Object.entries(fakesOf(views));
  const losses: [string, Tensor][] = [];
  if (passes === 'together') {
    const found = fakeLosses(
      discriminator,
      fakes.map(([, fake]) => fake),
    );
    back(total(found));
    for (const [i, [name]] of fakes.entries()) losses.push([name, found[i]!.detach()]);
  } else {
    for (const [name, fake] of fakes) {
      const [loss] = fakeLosses(discriminator, [fake]);
      back(loss!);
      losses.push([name, loss!.detach()]);
    }
  }
  // The photos' part is the same beside each kind of fakes.
  const real = realLoss(discriminator, photos);
  back(mulScalar(real.total, losses.length));
  zeroGrad([real.photo]);
  const whole = real.total.detach();
  const named = losses.map(([name, loss]): [string, Tensor] => [name, add(loss, whole)]);
  return { ...Object.fromEntries(named), total: total(named.map(([, loss]) => loss)) };
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
  { passes = 'apart', share = 1 }: StepOptions = {},
): NamedLosses {
  const losses = frozen(nets.discriminator, () => {
    const terms = generatorTerms(nets, photos, views, weights, passes, joint);
    backward(share === 1 ? terms.total : mulScalar(terms.total, share));
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
  passes: Passes,
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
  const further = [
    ['novelCode', views.ofNovel],
    ['mixedCode', views.ofMixed],
  ] as const;
  for (const [name, identity] of further) {
    if (weights[name] === 0 || !identity) continue;
    losses[name] = distance(identity.code, target);
    terms.push(mulScalar(losses[name]!, weights[name]));
  }
  const fakes = Object.entries(fakesOf(views));
  const pictures = fakes.map(([, fake]) => fake);
  const adversarial =
    passes === 'together'
      ? generatorLosses(discriminator, pictures)
      : pictures.map((fake) => {
          const lossOf = (x: Tensor) => generatorLosses(discriminator, [x])[0]!;
          return passes === 'segments' ? checkpoint(lossOf, fake) : lossOf(fake);
        });
  for (const [i, [name]] of fakes.entries()) {
    losses[`adversarial_${name}`] = adversarial[i]!;
    terms.push(mulScalar(adversarial[i]!, weights.adversarial));
  }
  if (joint) {
    const { memory, draws, temperature, prototypes, mix } = joint;
    const { embedding } = views.photo;
    if (draws.negatives.size > 0) {
      losses.memory = memoryContrast(embedding, views.ofNovel.embedding, memory, draws, temperature);
      terms.push(mulScalar(losses.memory, weights.memory));
    }
    if (prototypes && mix && views.ofMixed) {
      const { labels, centres } = prototypes;
      losses.identity = prototypeMixLoss(embedding, views.ofMixed.embedding, labels, centres, mix, prototypes);
      terms.push(mulScalar(losses.identity, weights.identity));
    }
  }
  return { ...losses, total: total(terms) };
}
