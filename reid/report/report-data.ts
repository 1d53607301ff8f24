import type { EmbeddedPicture } from './page/picture.js';
import type { HeatTable } from './plot/heat-table.js';
import type { Histogram } from './plot/histogram.js';
import type { LineChart } from './plot/line-chart.js';
import type { Scatter } from './plot/scatter.js';

/** Retrieval figures of one model, under one convention, as fractions. */
export interface FigureRow {
  /** What was measured: `trained`, `untrained`, `raw pixels`, or a convention. */
  readonly name: string;
  readonly mAP: number;
  /** By rank: `{ '1': 0.83, '5': 0.94 }`. */
  readonly cmc: Readonly<Record<string, number>>;
  readonly mINP?: number;
}

/** A table of figures, and the conventions that all its rows follow. */
export interface Figures {
  readonly rows: readonly FigureRow[];
  readonly note?: string;
}

/** One split of a data set, counted. */
export interface SplitRow {
  readonly name: string;
  /** Without junk, which evaluation leaves out. */
  readonly images: number;
  readonly identities: number;
  readonly cameras: number;
  readonly distractors: number;
  readonly junk: number;
}

/** What the run was made on. */
export interface DatasetSummary {
  readonly name: string;
  readonly splits: readonly SplitRow[];
  readonly notes?: readonly string[];
}

/** A picture in a ranked list. */
export interface RankedPicture {
  readonly picture: EmbeddedPicture;
  readonly identity: string;
  readonly camera?: string;
  readonly distance?: number;
}

/** One query and what it found, nearest first. */
export interface RankedList {
  readonly query: RankedPicture;
  readonly ap?: number;
  /** 1-based rank of the first match. */
  readonly firstMatch?: number;
  /** Length of the whole list. */
  readonly length?: number;
  readonly nearest: readonly (RankedPicture & { readonly match: boolean })[];
}

/** A group of ranked lists. */
export interface RankedLists {
  readonly title: string;
  readonly note?: string;
  readonly lists: readonly RankedList[];
}

/** Pictures with heat maps over them: attention, Grad-CAM. */
export interface LookGrid {
  readonly title: string;
  /** What the maps show and what the colours mean. */
  readonly note?: string;
  /** What stands above each column of maps; the picture itself stands before them. */
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly caption: readonly string[];
    readonly picture: EmbeddedPicture;
    /** null leaves a place empty. */
    readonly maps: readonly (EmbeddedPicture | null)[];
  }[];
  /** What the first and the last colour stand for. */
  readonly ends?: readonly [low: string, high: string];
}

/** How well a threshold on the distance tells whether two pictures show one person. */
export interface VerificationSection {
  readonly histogram?: Histogram;
  readonly roc?: LineChart;
  /** Numbers to go with it, already written: `['equal error rate', '4.1 %']`. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

/** What training without labels made of the pictures. */
export interface ClustersSection {
  /** By round: numbers and shares. */
  readonly charts?: readonly LineChart[];
  readonly sizes?: Histogram;
  readonly facts?: readonly (readonly [name: string, value: string])[];
  /** Pictures of some clusters. */
  readonly sheet?: Plate;
}

/** A picture with a caption, for what has no section of its own. */
export interface Plate {
  readonly title: string;
  readonly note?: string;
  readonly picture: EmbeddedPicture;
}

/**
 * All that a report shows, as a plain value. Each part may be missing; its section is then left out.
 */
export interface ReportData {
  readonly title: string;
  /** A line under the title: data set, seed, adapter. */
  readonly subtitle?: string;
  /** When the report was made, as it should be read. */
  readonly date?: string;
  /** The first row is the run's own; its figures stand large at the top. */
  readonly figures?: Figures;
  /** The same run by other conventions. */
  readonly conventions?: Figures;
  readonly dataset?: DatasetSummary;
  /** Losses, learning rate, figures during training. */
  readonly training?: readonly LineChart[];
  /** CMC. */
  readonly retrieval?: readonly LineChart[];
  readonly verification?: VerificationSection;
  readonly clusters?: ClustersSection;
  readonly cameras?: readonly HeatTable[];
  readonly ranked?: readonly RankedLists[];
  readonly looks?: readonly LookGrid[];
  readonly maps?: readonly Scatter[];
  readonly plates?: readonly Plate[];
  /** Any plain value; nested objects become dotted names. */
  readonly recipe?: unknown;
  /** Adapter, versions, times. */
  readonly environment?: readonly (readonly [name: string, value: string])[];
}
