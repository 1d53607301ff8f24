import type { RunFacts } from '../checkpoint.js';
import type { Metrics } from '../retrieval.js';
import type { DrawingScores } from './scores.js';

/** What is known of a stage. */
export interface GCLStageRecord {
  readonly stage: number;
  /** The encoder's figures when the stage began and when it was done, where there are labels. */
  readonly before?: Metrics;
  readonly after?: Metrics;
  /** Of each epoch that was measured or clustered. */
  readonly epochs: readonly GCLEpochRecord[];
  /** What the generator could do when the stage was done. */
  readonly drawing?: DrawingScores;
  readonly steps?: number;
  readonly seconds?: number;
}

export interface GCLEpochRecord {
  readonly epoch: number;
  readonly clusters?: number;
  readonly outliers?: number;
  readonly eps?: number;
  /** Share of the clustered pictures whose identity is the most frequent of their cluster. */
  readonly purity?: number;
  readonly metrics?: Metrics;
}

/** What a checkpoint says of a run in stages. */
export interface GCLFacts extends RunFacts {
  /** As given to `--structure`. */
  readonly structure?: string;
  readonly stages?: readonly GCLStageRecord[];
}

/** What a finished run found, as metrics.json holds it. The figures themselves are those of the encoder at the end. */
export interface GCLMetrics extends Partial<Metrics> {
  readonly pictures: number;
  readonly structure?: string;
  readonly rawPixels?: Metrics;
  readonly untrained?: Metrics;
  readonly stages: readonly GCLStageRecord[];
  readonly distance: string;
  readonly steps: number;
  readonly seconds: number;
  readonly adapter: string;
}
