import { manualSeed } from '../../engine/index.js';
import { writeSafetensors } from '../../engine/io/safetensors.js';
import type { RetrievalModel } from '../../reid/models/model.js';
import { type AnyRecipe, baseline, type GCLRecipe, gclSmall, overrideRecipe } from '../../reid/recipes/index.js';
import { buildGCL } from '../../reid/training/gcl/networks.js';
import type { GCLNetworks } from '../../reid/training/gcl/step.js';
import { buildModel } from '../../reid/training/model.js';
import { CHANGES } from '../cli/tiny.js';

const IDENTITIES = 6;

/** The file of a model that was never trained. */
async function checkpointFile(
  recipe: AnyRecipe,
  parts: Readonly<Record<string, GCLNetworks['generator'] | RetrievalModel>>,
  position: object,
): Promise<Uint8Array> {
  const arrays = [];
  for (const [part, net] of Object.entries(parts)) {
    for (const [name, array] of await net.stateArrays()) arrays.push([`${part}.${name}`, array] as const);
  }
  const facts = { recipe, data: 'synthetic', seed: 1, identities: IDENTITIES };
  const run = { facts, position, random: {}, seconds: 1, optimiser: { step: 0, groups: [] } };
  const chunks: Uint8Array[] = [];
  const metadata = { format: 'reid-webgpu checkpoint 1', run: JSON.stringify(run) };
  for await (const chunk of writeSafetensors(arrays, metadata)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A model of pictures, and its file; another seed makes another one. */
export async function tinyModel(seed: number): Promise<{ recipe: AnyRecipe; model: RetrievalModel; file: Uint8Array }> {
  const recipe = overrideRecipe(baseline, CHANGES);
  manualSeed(seed);
  const model = buildModel(recipe, IDENTITIES);
  const file = await checkpointFile(recipe, { model }, { epoch: 1, batch: 0, step: 4 });
  model.eval();
  return { recipe, model, file };
}

/** What makes `gcl-small` small enough to draw eight sides at once. */
const GCL_CHANGES = [
  ...['input.height=48', 'input.width=40', 'model.width=4', 'model.embedding=8'],
  ...['generator.width=2', 'generator.blocks=1', 'generator.mlpWidth=4', 'discriminator.width=2'],
];

/** Networks of GCL, and the file of a run that is in its second stage. */
export async function tinyDrawer(): Promise<{ recipe: GCLRecipe; nets: GCLNetworks; file: Uint8Array }> {
  const recipe = overrideRecipe(gclSmall, GCL_CHANGES);
  manualSeed(4);
  const nets = buildGCL(recipe);
  const parts = { model: nets.identity, 'pseudo.generator': nets.generator };
  const file = await checkpointFile(recipe, parts, { stage: 2, epoch: 1, batch: 0, step: 4 });
  nets.identity.eval();
  return { recipe, nets, file };
}
