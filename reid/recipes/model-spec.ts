import type { APNetOptions } from '../models/apnet.js';
import type { RGARatios } from '../models/attention/rga-module.js';
import type { ResNetOptions } from '../models/backbones/resnet.js';
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

/** A model, told apart by its kind. Runs that were saved before there were kinds are a baseline's. */
export type ModelSpec = BaselineSpec | RGASpec | APNetSpec;

/** A residual network whose averaged map is the feature, for contrastive training. */
export interface EncoderSpec extends ResNetSpec {
  readonly kind: 'encoder';
  /** How the map becomes a feature: its mean, or the generalised mean with a trained exponent. */
  readonly pool: 'mean' | 'gem';
}

/** The grouped residual network with attention: its switches are those of GAMOptions, all given. */
export type GAMSpec = { readonly kind: 'gam' } & Required<GAMOptions>;

/** Size of the pictures. */
interface Size {
  readonly height: number;
  readonly width: number;
}

export function resnetOptionsOf({ backbone, width, stem, stemStride, lastStride }: ResNetSpec): ResNetOptions {
  const depth = Number(backbone.replace('resnet', '')) as ResNetOptions['depth'];
  return { depth, width, stem, stemStride, lastStride };
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
