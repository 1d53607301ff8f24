/** A data set and a recipe so small that a run of two epochs takes a few seconds on software Vulkan. */
export const DATA = 'synthetic:identities=6,testIdentities=4,images=2,cameras=3,distractors=0,height=32,width=16';

/** What makes `baseline` tiny. */
export const CHANGES: readonly string[] = [
  'model.width=4',
  'model.stemStride=2',
  'input.height=32',
  'input.width=16',
  'sampler.identities=3',
  'sampler.images=2',
];

/** As command-line arguments: `--set` before each. */
export const set = (...changes: readonly string[]): string[] => changes.flatMap((change) => ['--set', change]);

/** Arguments of a tiny training run into `out`. */
export const tinyRun = (out: string, ...changes: readonly string[]): string[] => [
  'baseline',
  '--data',
  DATA,
  '--out',
  out,
  ...set(...CHANGES, 'epochs=2', ...changes),
];
