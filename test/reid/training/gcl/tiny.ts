import { type Image, ImageStore, type UnlabelledDataset } from '../../../../datasets/index.js';
import type { StructureProvider } from '../../../../datasets/structure/provider.js';
import { manualSeed } from '../../../../engine/index.js';
import { memorySource } from '../../../../engine/io/source.js';
import { type GCLRecipe, gclSmall, overrideRecipe } from '../../../../reid/recipes/index.js';
import { type Checkpoint, checkpointOf, takeCheckpoint } from '../../../../reid/training/checkpoint.js';
import { StructureMaps } from '../../../../reid/training/gcl/batches.js';
import type { GCLEvent } from '../../../../reid/training/gcl/events.js';
import { buildGCL } from '../../../../reid/training/gcl/networks.js';
import { GCLTrainer } from '../../../../reid/training/gcl/trainer.js';
import { gpu } from '../../../engine/device.js';

/** What makes `gcl-small` so small that a step takes a part of a second. */
export const GCL_CHANGES = [
  ...['input.height=48', 'input.width=40', 'input.resize=bilinear', 'model.width=4', 'model.embedding=8', 'epochs=1'],
  ...['batch=6', 'generator.width=2', 'generator.blocks=1', 'generator.mlpWidth=4', 'discriminator.width=2'],
  ...[
    'discriminator.scales=2',
    'warmup=mlc',
    'mlc.labelsFrom=0',
    'drawing.epochs=1',
    'drawing.batch=4',
    'drawing.microBatch=4',
  ],
  ...['joint.epochs=2', 'joint.batch=4', 'clustering.k1=6', 'clustering.k2=2', 'clustering.minSamples=2'],
  ...['clustering.eps=0.9', 'augment.jitter=null', 'evaluation.batch=12'],
];

export const tinyGCL = (...changes: readonly string[]): GCLRecipe =>
  overrideRecipe(gclSmall, [...GCL_CHANGES, ...changes]);

const SIZE = { height: 48, width: 40 };

/** Blocks of one colour on grey, of some people. */
export function blocks(people: number, each: number): UnlabelledDataset {
  const pictures = Array.from({ length: people * each }, (_, i) => ({ path: `block/${i % people}/${i}` }));
  const read = async ({ path }: { readonly path: string }): Promise<Image> => {
    const [, person, number] = path.split('/').map(Number);
    const data = new Uint8Array(3 * SIZE.height * SIZE.width).fill(120);
    for (let y = 8; y < 40; y++) {
      for (let x = 14 + (number! % 5); x < 26; x++) {
        const at = 3 * (y * SIZE.width + x);
        data.set([60 + 60 * person!, 200 - 50 * person!, (40 * person! + 3 * y) % 256], at);
      }
    }
    return { ...SIZE, data };
  };
  return { name: 'blocks', pictures, onDisk: false, read };
}

/** A bar that moves to the side as it is turned. */
export const bars: StructureProvider = {
  name: 'bars',
  views: 8,
  structure: async (_, view, { height, width }) =>
    Float32Array.from({ length: height * width }, (__, i) => {
      const x = (i % width) - width / 2 - view;
      return Math.abs(x) < 6 ? -0.5 : 1;
    }),
};

/** A trainer with networks of its own; the same seed makes the same ones. */
export function tinyTrainer(
  recipe: GCLRecipe,
  {
    structure = bars,
    dataset = blocks(3, 4),
    drawsAlready = false,
  }: {
    readonly structure?: StructureProvider;
    readonly dataset?: UnlabelledDataset;
    readonly drawsAlready?: boolean;
  } = {},
): GCLTrainer {
  manualSeed(1);
  const { height, width, resize: filter } = recipe.input;
  const store = new ImageStore(dataset, { height, width, filter, workers: 0 });
  const maps = new StructureMaps(structure, recipe.input);
  return new GCLTrainer({ gpu, dataset, recipe, seed: 1, nets: buildGCL(recipe), store, maps, drawsAlready });
}

/** The rest of a run, or of it up to the first event that is wanted. */
export async function eventsUntil(
  trainer: GCLTrainer,
  wanted: (event: GCLEvent) => boolean = () => false,
): Promise<GCLEvent[]> {
  const events: GCLEvent[] = [];
  for await (const event of trainer) {
    events.push(event);
    if (wanted(event)) break;
  }
  return events;
}

/** A checkpoint, written and read again. */
export async function saved(trainer: GCLTrainer): Promise<Checkpoint> {
  const facts = { recipe: trainer.recipe, data: 'blocks', seed: 1, identities: 0 };
  const parts: Uint8Array[] = [];
  for await (const part of await takeCheckpoint(trainer, facts, 1)) parts.push(part.slice());
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return await checkpointOf(memorySource(bytes, 'tiny.safetensors'));
}
