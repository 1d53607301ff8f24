import type { APNetOptions } from '../models/apnet.js';
import type { RGARatios } from '../models/attention/rga-module.js';
import type { ResNetOptions } from '../models/backbones/resnet.js';
import type { FGReIDOptions } from '../models/fgreid/fgreid.js';
import type { GAMOptions } from '../models/gam-options.js';
import type { RGAOptions } from '../models/rga.js';

/** A residual network. */
interface ResNetSpec {
  readonly backbone: 'resnet18' | 'resnet34' | 'resnet50';
  /** Channels of the first stage; 64 in the papers. */
  readonly width: number;
  /** `imagenet`: 7×7 and a max-pool; `small`: 3×3, for small pictures. */
  readonly stem: 'imagenet' | 'small';
  readonly stemStride: 1 | 2;
  readonly lastStride: 1 | 2;
}

/** What the attention models have beside their residual network. */
interface AttentionSpec extends ResNetSpec {
  /** What retrieval compares: behind the last norm, before it, or (`logits`) behind the classifier. */
  readonly feature: 'norm' | 'pool' | 'logits';
  /** Groups of the batch with batch norms of their own: 2 where the published run was spread over two GPUs. */
  readonly bnGroups: 1 | 2;
}

export interface BaselineSpec extends ResNetSpec {
  readonly kind: 'baseline';
}

export interface RGASpec extends AttentionSpec {
  readonly kind: 'rga';
  /** Weighs positions then channels (`sc`), one of them, or nothing. */
  readonly branch: NonNullable<RGAOptions['branch']>;
  readonly ratios: RGARatios;
  readonly gammaInit: NonNullable<RGAOptions['gammaInit']>;
  /** Of the features in front of the classifier. */
  readonly dropout: number;
}

export interface APNetSpec extends AttentionSpec {
  readonly kind: 'apnet';
  readonly level: APNetOptions['level'];
  /** What an attention unit weighs: channels (the released APNet-C), or positions (APNet-S). */
  readonly agent: NonNullable<APNetOptions['agent']>;
  readonly stackOrder: NonNullable<APNetOptions['stackOrder']>;
  readonly stemRelu: boolean;
  /** Whether there is a branch for the upper and the lower half. */
  readonly parts: boolean;
  /** Of spatial agents. */
  readonly ratios: RGARatios;
}

/** FGReID: the residual network is that of each of its two trunks. */
export interface FGReIDSpec extends ResNetSpec {
  readonly kind: 'fgreid';
  /** Whether it is trained and tested on pictures or on clips of tracklets; the weights have the same names and shapes. */
  readonly arch: 'image' | 'video';
  /** Of each branch; features have twice as many numbers. */
  readonly channels: number;
  /** Channels of the non-local block. */
  readonly inner: number;
  /** Whose smallest entry the attention is measured from: the whole batch's, as released, or each picture's or clip's own. */
  readonly minScope: 'batch' | 'image';
  /** Whether positions see each other. */
  readonly nonLocal: boolean;
  /** Whether blocks are computed a second time in place of keeping their maps: less memory, a third more work, the same numbers. */
  readonly recompute?: boolean;
}

/** Models that are trained with identity and triplet loss. */
export type IdentityModelSpec = BaselineSpec | RGASpec | APNetSpec;

/** A model, told apart by its kind. Runs that were saved before there were kinds are a baseline's. */
export type ModelSpec = IdentityModelSpec | FGReIDSpec;

/** A residual network whose averaged map is the feature, for contrastive training. */
export interface EncoderSpec extends ResNetSpec {
  readonly kind: 'encoder';
  /** How the map becomes a feature: its mean, or the generalised mean with a trained exponent. */
  readonly pool: 'mean' | 'gem';
}

/** The grouped residual network with attention: its switches are those of GAMOptions, all given. */
export type GAMSpec = { readonly kind: 'gam' } & Required<GAMOptions>;

/** GCL's encoder of identities. */
export interface GCLSpec extends ResNetSpec {
  readonly kind: 'gcl';
  /**
   * What stands behind the map's mean: a linear layer and a batch norm (`jvtc`), or a batch norm alone, under the names of the release's
   * other warm-ups (`mlc`, `plain`).
   */
  readonly head: 'jvtc' | 'mlc' | 'plain';
  /** Numbers of an embedding with `jvtc`; the others have as many as the map has channels. */
  readonly embedding: number;
}

/** Size of the pictures. */
interface Size {
  readonly height: number;
  readonly width: number;
}

export function resnetOptionsOf({ backbone, width, stem, stemStride, lastStride }: ResNetSpec): ResNetOptions {
  const depth = Number(backbone.replace('resnet', '')) as ResNetOptions['depth'];
  return { depth, width, stem, stemStride, lastStride };
}

export function fgreidOptionsOf(model: FGReIDSpec): FGReIDOptions {
  const { channels, inner, minScope, nonLocal, recompute } = model;
  return { backbone: resnetOptionsOf(model), channels, inner, minScope, nonLocal, recompute };
}

export function rgaOptionsOf(model: RGASpec, { height, width }: Size): RGAOptions {
  const { branch, ratios, gammaInit, dropout, feature } = model;
  return { height, width, branch, ratios, gammaInit, dropout, feature, backbone: resnetOptionsOf(model) };
}

export function apnetOptionsOf(
  model: APNetSpec,
  { height, width }: Size,
): APNetOptions & { readonly backbone: ResNetOptions } {
  const { level, agent, stackOrder, stemRelu, parts, feature, ratios } = model;
  const backbone = { ...resnetOptionsOf(model), stemRelu };
  return { level, agent, stackOrder, parts, feature, backbone, spatial: { height, width, ratios } };
}
