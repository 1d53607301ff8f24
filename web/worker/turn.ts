import {
  createToyWalkers,
  decodeImage,
  type Image,
  ImageStore,
  type Picture,
  trueView,
  type UnlabelledDataset,
} from '../../datasets/index.js';
import { openStructure } from '../../datasets/structure/open.js';
import { imageOfMap } from '../../datasets/structure/provider.js';
import { Generator } from '../../reid/models/gcl/generator.js';
import type { IdentityEncoder } from '../../reid/models/gcl/identity-net.js';
import { type GCLRecipe, isGCL } from '../../reid/recipes/index.js';
import { StructureMaps } from '../../reid/training/gcl/batches.js';
import { Drawer } from '../../reid/training/gcl/drawer.js';
import { VIEW_DEGREES } from '../../reid/training/gcl/panels.js';
import { arraysBelow } from '../../reid/training/gcl/stage-state.js';
import { bitmapOf, dataOf } from './data.js';
import { type Handler, PageError } from './job.js';
import { alone, gpuOf } from './machine.js';
import { apart, modelOf, type OpenModel } from './models.js';

/** A picture to turn: a drawn walker by its number, a picture of the open data set, or a file. */
export type TurnPicture =
  | { readonly walker: number }
  | { readonly data: string; readonly path: string }
  | { readonly file: File };

/** A picture from one side. */
export interface TurnedView {
  readonly degrees: number;
  readonly drawn: ImageBitmap;
  /** The body that it was drawn on. */
  readonly structure: ImageBitmap;
  /** How it really looks, of drawn walkers. */
  readonly truth?: ImageBitmap;
}

/** What a turn is made of. */
export interface Turned {
  readonly photo: ImageBitmap;
  readonly views: readonly TurnedView[];
  /** Where the bodies came from. */
  readonly structure: string;
}

/** What can be turned with a model. */
export interface TurnFacts {
  readonly height: number;
  readonly width: number;
  /** How many walkers are offered. */
  readonly walkers: number;
}

const WALKERS = { identities: 8, testIdentities: 4, images: 2, cameras: 2, distractors: 0 } as const;

/** @throws PageError that says where a generator comes from */
function recipeOf({ recipe, run, title }: OpenModel): GCLRecipe {
  if (!isGCL(recipe) || !run) {
    throw new PageError(
      `${title} has no generator, so it cannot draw anybody from another side. Models that can are trained by the command line (node cli/train.js gcl-small --data toy-walkers); open the checkpoint.safetensors of such a run.`,
    );
  }
  if ((run.position as { stage?: number }).stage === 1 || arraysBelow(run.pseudo, 'generator').size === 0) {
    throw new PageError(
      `${title} is from the first stage of its training: its generator has not learned anything yet. Let the run go on to the second stage.`,
    );
  }
  return recipe;
}

const built = new WeakMap<OpenModel, Generator>();

function drawerOf(open: OpenModel, recipe: GCLRecipe): Drawer {
  const identity = open.model as IdentityEncoder;
  let generator = built.get(open);
  if (!generator) {
    generator = apart(() => {
      const made = new Generator({ ...recipe.generator, codeChannels: identity.outputs });
      made.loadStateDict(arraysBelow(open.run!.pseudo, 'generator'));
      return made;
    });
    built.set(open, generator);
  }
  return new Drawer(open.gpu, { identity, generator }, recipe);
}

const walkersFor = ({ input: { height, width } }: GCLRecipe) => createToyWalkers({ ...WALKERS, height, width });

const turnFacts: Handler<{ readonly model: string }, TurnFacts> = async ({ model }) => {
  const recipe = recipeOf(modelOf(model));
  const { height, width } = recipe.input;
  return { height, width, walkers: walkersFor(recipe).train.length };
};

/** The picture, and the set that its bodies are opened for. */
async function subjectOf(from: TurnPicture, recipe: GCLRecipe) {
  if ('walker' in from) {
    const walkers = walkersFor(recipe);
    const picture = walkers.train[from.walker];
    if (!picture) throw new PageError(`There are ${walkers.train.length} walkers.`);
    const { name, train, onDisk, read } = walkers;
    const dataset: UnlabelledDataset = { name, pictures: train, onDisk, read };
    return { picture, dataset, isToy: true };
  }
  if ('data' in from) {
    const { dataset: all } = dataOf(from.data);
    const picture = [...all.train, ...all.query, ...all.gallery].find(({ path }) => path === from.path);
    if (!picture) throw new PageError(`${from.path} is no picture of ${all.name}.`);
    const dataset: UnlabelledDataset = { name: all.name, pictures: [picture], onDisk: all.onDisk, read: all.read };
    return { picture, dataset, isToy: picture.path.startsWith('toy-walkers/') };
  }
  const { file } = from;
  const picture: Picture = { path: file.name };
  const image = await decodeImage(new Uint8Array(await file.arrayBuffer()), file.name);
  const read = async (): Promise<Image> => image;
  return { picture, dataset: { name: file.name, pictures: [picture], onDisk: false, read }, isToy: false };
}

/** Draws the person of a picture from eight sides. */
const turn: Handler<
  { readonly model: string; readonly picture: TurnPicture },
  Turned,
  { readonly done: number; readonly total: number }
> = ({ model, picture: from }, { tell, signal }) =>
  alone('turning a picture', async () => {
    tell({ done: 0, total: VIEW_DEGREES.length });
    await gpuOf();
    const open = modelOf(model);
    const recipe = recipeOf(open);
    const drawer = drawerOf(open, recipe);
    const { picture, dataset, isToy } = await subjectOf(from, recipe);
    const maps = new StructureMaps(await openStructure(isToy ? 'toy' : 'walker', dataset), recipe.input);
    const { height, width, resize } = recipe.input;
    const store = new ImageStore(dataset, { height, width, filter: resize });
    try {
      const photo = await drawer.photo(store, picture);
      const codes = await drawer.codesOf([photo]);
      const views: TurnedView[] = [];
      for (const [view, degrees] of VIEW_DEGREES.entries()) {
        if (signal.aborted) break;
        tell({ done: view, total: VIEW_DEGREES.length });
        const map = await maps.get(picture, degrees);
        const [drawn] = await drawer.draw([map], codes);
        views.push({
          degrees,
          drawn: await bitmapOf(drawn!),
          structure: await bitmapOf(imageOfMap(map, recipe.input)),
          truth: isToy ? await bitmapOf(await trueView(picture, view)) : undefined,
        });
      }
      return { photo: await bitmapOf(drawer.image(photo)), views, structure: maps.name };
    } finally {
      await store.close();
    }
  });

export const turnCalls = { turnFacts, turn };
