/** What needs a disk: data sets in folders, files of weights, whole training runs. Node only. */
export { checkFolders } from '../datasets/check-folders.js';
export { type InspectOptions, inspectPictures } from '../datasets/inspect.node.js';
export { writeMarket1501 } from '../datasets/market1501-writer.node.js';
export { DATASET_KINDS, openDataset } from '../datasets/open.node.js';
export { FileError, openFile, readFileBytes, writeFileAtomically } from '../engine/io/files.node.js';
export { EventFile, writeEventsOfLog } from './report/tensorboard/event-file.node.js';
export { readLog, type WrittenReport, writeReport } from './report/write-report.node.js';
export { runSearch, type SearchOptions, type SearchPlan, type SearchResult } from './search/search.node.js';
export { type InitialWeights, runTrial, type TrialOptions, type TrialResult } from './search/trial.node.js';
export { type Checkpoint, CheckpointError, type RunFacts, readCheckpoint } from './training/checkpoint.node.js';
export type { GCLFacts, GCLMetrics, GCLStageRecord } from './training/gcl/records.js';
export { type GCLRunOptions, trainGCL } from './training/gcl/run.node.js';
export { figures, type RunMetrics, type RunOptions, trainRun } from './training/run.node.js';
export { RunFolder } from './training/run-folder.node.js';
export {
  trainUnsupervised,
  type UnsupervisedMetrics,
  type UnsupervisedRunOptions,
} from './training/unsupervised/run.node.js';
