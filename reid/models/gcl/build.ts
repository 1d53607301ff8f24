import type { ResNetOptions } from '../backbones/resnet.js';
import { type IdentityEncoder, IdentityNet } from './identity-net.js';
import { MLCIdentityNet, PlainIdentityNet } from './pooled-net.js';

/** What stands behind the residual network; see the encoders. */
export interface IdentityHead {
  readonly head: 'jvtc' | 'mlc' | 'plain';
  /** Of `jvtc`. */
  readonly embedding: number;
}

/** GCL's encoder with one of its heads. */
export function buildIdentityEncoder(backbone: ResNetOptions, { head, embedding }: IdentityHead): IdentityEncoder {
  if (head === 'mlc') return new MLCIdentityNet(backbone);
  return head === 'plain' ? new PlainIdentityNet(backbone) : new IdentityNet({ backbone, embedding });
}
