import type { TransformConfig } from '../../datasets/index.js';
import type { Schedule } from '../../engine/optim/index.js';

/**
 * A recipe is a value: everything that a run depends on besides its data and its seed. It is printed, changed from the command
 * line (`--set optimiser.lr=0.001`), and saved with the checkpoint.
 */
export interface Recipe {
  readonly name: string;
  /** A line for `node cli/train.js --help`. */
  readonly about: string;
  readonly model: {
    readonly backbone: 'resnet18' | 'resnet34' | 'resnet50';
    /** Channels of the first stage; 64 in the papers. */
    readonly width: number;
    /** `imagenet`: 7×7 and a max-pool; `small`: 3×3, for small pictures. */
    readonly stem: 'imagenet' | 'small';
    readonly stemStride: 1 | 2;
    readonly lastStride: 1 | 2;
  };
  /** Size of the network's input, and what is done to training pictures. */
  readonly input: Pick<TransformConfig, 'height' | 'width' | 'mean' | 'std'>;
  readonly augment: Pick<TransformConfig, 'flip' | 'pad' | 'erase' | 'jitter' | 'move'>;
  /** P identities with K images each make a batch; an epoch covers every image or every identity once. */
  readonly sampler: { readonly identities: number; readonly images: number; readonly cover: 'images' | 'identities' };
  readonly loss: {
    readonly labelSmoothing: number;
    readonly margin: number | 'soft';
    readonly idWeight: number;
    readonly tripletWeight: number;
  };
  readonly optimiser: {
    readonly kind: 'adam' | 'adamw' | 'sgd';
    readonly lr: number;
    readonly weightDecay: number;
    /** Of sgd. */
    readonly momentum: number;
  };
  /** Course of the learning rate; counted in epochs. */
  readonly schedule: Schedule;
  readonly epochs: number;
  readonly evaluation: {
    readonly batch: number;
    readonly distance: 'cosine' | 'euclidean';
    /** Average with the mirrored picture's features. */
    readonly flip: boolean;
    /** Evaluate every so many epochs during training; 0: only at the end. */
    readonly every: number;
  };
}
