import { type Gpu, type Tensor, tensor } from '../../../engine/index.js';
import type { NamedArray } from '../../../engine/io/arrays.js';
import type { GroupOptions, Optimiser } from '../../../engine/optim/index.js';
import type { PseudoLabels } from '../unsupervised/method.js';
import type { GCLOptimisers } from './networks.js';
import type { GCLNetworks } from './step.js';

/** What a run in stages has beside its encoder. */
export interface StageState {
  readonly nets: GCLNetworks;
  readonly optimisers: GCLOptimisers;
  readonly memory: Tensor | undefined;
  readonly pseudo: (PseudoLabels & { readonly eps: number }) | undefined;
  readonly centres: Tensor | NamedArray | undefined;
}

/** The networks that a checkpoint holds beside the encoder. */
const NETWORKS = ['generator', 'discriminator'] as const;

const read = async (t: Tensor): Promise<NamedArray> => ({
  dtype: 'float32',
  shape: t.shape,
  data: (await t.read()) as Float32Array,
});

const whole = (numbers: Int32Array): NamedArray => ({ dtype: 'int32', shape: [numbers.length], data: numbers });

/** The state as arrays by name: `generator.…`, `generatorOptimiser.…`, `memory`, `labels`, `centres`. */
export async function writeStage({
  nets,
  optimisers,
  memory,
  pseudo,
  centres,
}: StageState): Promise<Map<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  for (const name of NETWORKS) {
    for (const [key, array] of await nets[name].stateArrays()) arrays.set(`${name}.${key}`, array);
    const state = await optimisers[name].stateDict();
    arrays.set(`${name}Optimiser.steps`, whole(Int32Array.from(state.steps)));
    for (const [key, array] of state.arrays) arrays.set(`${name}Optimiser.${key}`, array);
  }
  if (memory) arrays.set('memory', await read(memory));
  if (centres) arrays.set('centres', 'data' in centres ? centres : await read(centres));
  if (pseudo) {
    arrays.set('labels', whole(pseudo.labels));
    arrays.set('eps', { dtype: 'float32', shape: [1], data: Float32Array.of(pseudo.eps) });
  }
  return arrays;
}

/** Arrays whose names begin with a word and a dot, without these. */
export function arraysBelow(arrays: ReadonlyMap<string, NamedArray>, prefix: string): Map<string, NamedArray> {
  const below = [...arrays].filter(([name]) => name.startsWith(`${prefix}.`));
  return new Map(below.map(([name, array]) => [name.slice(prefix.length + 1), array]));
}

/**
 * Loads networks and optimisers, and returns the rest.
 *
 * @throws StateDictError or ShapeError where they do not fit
 */
export function readStage(
  arrays: ReadonlyMap<string, NamedArray>,
  { gpu, nets, optimisers }: Pick<StageState, 'nets' | 'optimisers'> & { readonly gpu: Gpu },
): { memory: Tensor | undefined; pseudo: StageState['pseudo']; centres: NamedArray | undefined } {
  for (const name of NETWORKS) {
    nets[name].loadStateDict(arraysBelow(arrays, name));
    loadOptimiser(optimisers[name], arraysBelow(arrays, `${name}Optimiser`));
  }
  const memory = arrays.get('memory');
  const labels = arrays.get('labels');
  const numbers = labels && Int32Array.from(labels.data as Int32Array);
  return {
    memory: memory && tensor(Float32Array.from(memory.data as Float32Array), memory.shape, { gpu }).keep(),
    pseudo: numbers && {
      labels: numbers,
      clusters: numbers.reduce((most, label) => Math.max(most, label + 1), 0),
      eps: Number(arrays.get('eps')?.data[0] ?? 0),
    },
    centres: arrays.get('centres'),
  };
}

/** Takes over steps and arrays; the numbers of its groups are the recipe's. */
function loadOptimiser(optimiser: Optimiser<GroupOptions>, arrays: ReadonlyMap<string, NamedArray>): void {
  const groups = optimiser.groups.map(({ parameters: _, ...numbers }) => numbers);
  const steps = Array.from(arrays.get('steps')?.data ?? [], Number);
  optimiser.loadStateDict({ rule: 'adam', groups, steps, arrays });
}
