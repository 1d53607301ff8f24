import type { LoaderState } from '../../../datasets/index.js';
import type { PseudoLabels } from '../unsupervised/method.js';

/** Where a run in stages stands. */
export interface GCLPosition extends LoaderState {
  /** Steps since the beginning of the run. */
  readonly step: number;
  /** 1, 2 or 3; 4 when all is done. */
  readonly stage: number;
  /** What comes next in the epoch; stage 3 clusters in every one, a warm-up by JVTC in some. */
  readonly phase: 'cluster' | 'fit' | 'train';
}

/** A step of training was made. */
export interface GCLStep {
  readonly kind: 'step';
  readonly step: number;
  readonly stage: number;
  readonly epoch: number;
  readonly images: number;
  readonly lr: number;
  /** By name; `loss` is what the stage's main networks minimise. */
  readonly losses: Readonly<Record<string, number>> & { readonly loss: number };
}

/** The memory was clustered: for an epoch of stage 3, or for some of a warm-up by JVTC. */
export interface GCLClustered extends PseudoLabels {
  readonly kind: 'clustered';
  readonly stage: number;
  readonly epoch: number;
  readonly eps: number;
}

/** An epoch is done; the last one of a stage too. */
export interface GCLEpoch {
  readonly kind: 'epoch';
  readonly stage: number;
  readonly epoch: number;
}

/** A stage is done. */
export interface GCLStageEnd {
  readonly kind: 'stage';
  readonly stage: number;
}

export type GCLEvent = GCLStep | GCLClustered | GCLEpoch | GCLStageEnd;
