import { trainTransform } from '../../datasets/index.js';
import { nearestName } from '../../datasets/nearest.js';
import { checkAPNet } from '../models/apnet.js';
import { checkGAM } from '../models/gam.js';
import { checkRGA } from '../models/rga.js';
import { gclComplaint } from './gcl-check.js';
import { apnetOptionsOf, rgaOptionsOf } from './model-spec.js';
import { type AnyRecipe, type FGReIDRecipe, isFGReID, isGCL, type Recipe } from './recipe.js';

/** A recipe, or a change to one, that makes no sense; the message names the key, the value and what would be right. */
export class RecipeError extends Error {
  override readonly name = 'RecipeError';
}

/** Keys that a recipe may have though another lacks them, with an example of their value. */
const OPTIONAL: Readonly<Record<string, unknown>> = {
  precision: 'float16',
  clips: { frames: 4, mode: 'dense', most: 40 },
  'input.resize': 'bicubic',
  'augment.enlarge': { pad: 10, factor: 1.125, probability: 0.5 },
  'augment.crop': { minArea: 0.64, minAspect: 2, maxAspect: 3 },
  'augment.jitter': { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
  'augment.jitter.cast': 0.2,
  'augment.move': { degrees: 5, translate: 0.05 },
  'augment.erase': { probability: 0.5, minArea: 0.02, maxArea: 0.4, minAspect: 0.3 },
  'augment.erase.fill': [0, 0, 0],
  'loss.smoothingClasses': 751,
  'schedule.each': 'step',
  'schedule.warmup': { epochs: 10, from: 0.1 },
  'schedule.end': 60,
  'schedule.to': 0.01,
  'schedule.milestones': [40, 70],
  'schedule.gamma': 0.1,
  'schedule.every': 20,
};

/** Those of them that a recipe does not know: one without labels, FGReID's, or another with labels. */
function unknownTo(recipe: AnyRecipe): readonly string[] {
  if ('method' in recipe) return ['precision', 'loss.smoothingClasses', 'input.resize', 'clips'];
  return recipe.model.kind === 'fgreid' ? ['loss.smoothingClasses'] : ['clips'];
}

/** What each kind of schedule cannot do without. */
const SCHEDULES: Readonly<Record<Recipe['schedule']['kind'], readonly string[]>> = {
  constant: [],
  step: ['every', 'gamma'],
  multiStep: ['milestones', 'gamma'],
  exponential: ['gamma'],
  cosine: ['end'],
  linear: ['end'],
};

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  precision: ['float32', 'float16'],
  'model.backbone': ['resnet18', 'resnet34', 'resnet50'],
  'model.stem': ['imagenet', 'small'],
  'model.stemStride': [1, 2],
  'model.lastStride': [1, 2],
  'model.branch': ['sc', 's', 'c', 'none'],
  'model.gammaInit': ['uniform01', 'ones', 'zeroLast'],
  'model.feature': ['norm', 'pool', 'logits'],
  'model.bnGroups': [1, 2],
  'model.level': [0, 1, 2, 3],
  'model.agent': ['channel', 'spatial'],
  'model.stackOrder': ['fineToCoarse', 'coarseToFine'],
  'model.attentionIn': ['everyBlock', 'stageEnds', 'none'],
  'model.gate': ['mlp', 'softmaxPerGroup', 'sigmoid', 'none'],
  'model.gateStart': ['middle', 'open'],
  'model.spatialPool': ['mean', 'max', 'mean+max'],
  'model.combine': ['mul+residual', 'literalAdd', 'mul'],
  'model.arch': ['image', 'video'],
  'model.minScope': ['batch', 'image'],
  'clips.mode': ['dense', 'test', 'random'],
  'centers.gradMode': ['reference', 'clean'],
  'input.resize': ['bilinear', 'bicubic'],
  'model.pool': ['mean', 'gem'],
  'clustering.outliers': ['drop', 'own'],
  'clustering.rule': ['eps', 'rho'],
  'joint.bnStats': ['all', 'photos', 'frozen'],
  'model.head': ['jvtc', 'mlc', 'plain'],
  'generator.start': ['drawn', 'fitted'],
  variant: ['ext', 'cvpr'],
  warmup: ['mlc', 'jvtc'],
  passes: ['segments', 'apart', 'together'],
  'clustering.cameras': ['ignored', 'centred'],
  'loss.idlForm': ['symmetric', 'paper'],
  'optimiser.kind': ['adam', 'adamw', 'sgd'],
  'schedule.kind': Object.keys(SCHEDULES),
  'schedule.each': ['step', 'epoch'],
  'sampler.cover': ['images', 'identities'],
  'evaluation.distance': ['cosine', 'euclidean'],
};

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every settable key of a recipe, such as `optimiser.lr`. */
export function recipeKeys(value: Record<string, unknown>, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    return isGroup(inner) ? [path, ...recipeKeys(inner, path)] : [path];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function lookUp(recipe: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isGroup(at) ? at[key] : undefined), recipe) ?? OPTIONAL[path];
}

/** Says what is wrong with a value for a key, or nothing. */
function complaint(path: string, value: unknown, before: unknown): string | undefined {
  if (path === 'model.kind') return value === before ? undefined : `${before} (another kind is another recipe)`;
  const choices = CHOICES[path];
  if (choices) return choices.includes(value) ? undefined : `one of ${choices.join(', ')}`;
  if (path === 'loss.margin') return value === 'soft' || typeof value === 'number' ? undefined : 'a number or soft';
  if (value === null && path in OPTIONAL) return undefined;
  if (typeof before === 'number') {
    const least = COUNTS.get(path);
    if (typeof value !== 'number' || !Number.isFinite(value))
      return least === undefined ? 'a number' : 'a whole number';
    if (least !== undefined && !(Number.isInteger(value) && value >= least))
      return `a whole number of at least ${least}`;
    if (SHARES.test(path) && value > 1) return 'a number from 0 to 1';
    return value < 0 ? 'a number of at least 0' : undefined;
  }
  if (typeof before === 'boolean') return typeof value === 'boolean' ? undefined : 'true or false';
  if (Array.isArray(before))
    return Array.isArray(value) && value.every(Number.isFinite) ? undefined : 'a list of numbers, as [1,2]';
  if (isGroup(before)) return `an object, as ${JSON.stringify(before)}`;
  return undefined;
}

/** Whole numbers, with the smallest that makes sense. */
const COUNTS: ReadonlyMap<string, number> = new Map([
  ...['epochs', 'model.width', 'input.height', 'input.width'].map((path) => [path, 1] as const),
  ...['sampler.identities', 'sampler.images', 'evaluation.batch'].map((path) => [path, 1] as const),
  ...['channel', 'spatial', 'down'].map((ratio) => [`model.ratios.${ratio}`, 1] as const),
  ['loss.smoothingClasses', 1],
  ...['model.channels', 'model.inner', 'clips.frames', 'clips.most'].map((path) => [path, 1] as const),
  ...['batch', 'later.epochs', 'model.groups', 'model.reduction', 'model.embedDim'].map((path) => [path, 1] as const),
  ...['joint.epochs', 'joint.batch', 'joint.negatives', 'model.embedding'].map((path) => [path, 1] as const),
  ...['drawing.epochs', 'drawing.batch', 'drawing.microBatch'].map((path) => [path, 1] as const),
  ...['width', 'blocks', 'mlpWidth'].map((key) => [`generator.${key}`, 1] as const),
  ...['width', 'layers', 'blocks', 'scales'].map((key) => [`discriminator.${key}`, 1] as const),
  ...['panels.every', 'panels.photos', 'mlc.labelsFrom', 'jvtc.clustersFrom'].map((path) => [path, 0] as const),
  ...['versions', 'every', 'k1', 'k2'].map((key) => [`jvtc.${key}`, 1] as const),
  ...['k1', 'k2', 'minSamples'].map((key) => [`clustering.${key}`, 1] as const),
  ...['evaluation.every', 'augment.pad'].map((path) => [path, 0] as const),
]);

const SHARES =
  /^(publishAt|joint\.momentum|joint\.labelSmoothing|mlc\.(threshold|hard|momentum)|jvtc\.(lambda|rho|momentumStep|momentumMost)|adam\.beta[12]|clustering\.(eps|rho)|clustering\.mergePercent|loss\.momentum|loss\.beta_ratio|loss\.labelSmoothing|model\.dropout|optimiser\.momentum|augment\.flip|augment\.enlarge\.probability|augment\.erase\.probability)$/;

/** Refuses a value that is wrong for its key; an object's inner keys and values are checked one by one. */
function check(change: string, path: string, value: unknown, before: unknown): void {
  if (isGroup(value) && isGroup(before)) {
    const known = [...new Set([...Object.keys(before), ...optionalKeysIn(path)])];
    for (const [key, inner] of Object.entries(value)) {
      if (!known.includes(key))
        throw new RecipeError(`--set ${change}: ${path} has no key "${key}". ${nearestName(key, known)}`);
      check(change, `${path}.${key}`, inner, before[key] ?? OPTIONAL[`${path}.${key}`]);
    }
    return;
  }
  const wanted = complaint(path, value, before);
  if (wanted) throw new RecipeError(`--set ${change}: ${path} must be ${wanted}, not ${JSON.stringify(value)}.`);
}

/** The keys that a wrong one may have meant: those of the same part of the recipe, if there is such a part. */
function rivals(path: string, known: readonly string[]): readonly string[] {
  const part = path.slice(0, path.lastIndexOf('.') + 1);
  const inside = known.filter((key) => part && key.startsWith(part));
  return inside.length > 0 ? inside : known;
}

const optionalKeysIn = (path: string): string[] =>
  Object.keys(OPTIONAL)
    .filter((key) => key.startsWith(`${path}.`))
    .map((key) => key.slice(path.length + 1));

/** Refuses what FGReID's model, clips and loss can not be together. */
function checkFGReID({ model, clips, loss }: FGReIDRecipe): void {
  if (model.arch === 'video' && !clips) {
    throw new RecipeError(`model.arch video needs clips, for example --set clips='${JSON.stringify(OPTIONAL.clips)}'.`);
  }
  if (model.arch === 'image' && clips) {
    throw new RecipeError('clips belong to model.arch video: set that too, or leave them out with --set clips=null.');
  }
  if (!(typeof loss.margin === 'number')) throw new RecipeError('loss.margin must be a number in FGReID’s loss.');
  if (!(loss.sigma > 0)) throw new RecipeError(`loss.sigma must be above 0, not ${loss.sigma}: it divides distances.`);
}

/** Refuses what is wrong only together. */
function checkWhole(recipe: AnyRecipe): void {
  const { model, schedule, input, augment } = recipe;
  if (!('method' in recipe) && isFGReID(recipe)) checkFGReID(recipe);
  const wrong = isGCL(recipe) ? gclComplaint(recipe) : undefined;
  if (wrong) throw new RecipeError(wrong);
  const lacking = SCHEDULES[schedule.kind].filter((key) => !(key in schedule)).map((key) => `schedule.${key}`);
  if (lacking.length > 0) {
    const examples = lacking.map((key) => `--set ${key}=${JSON.stringify(OPTIONAL[key])}`).join(' ');
    throw new RecipeError(
      `A schedule of kind ${schedule.kind} needs ${lacking.join(' and ')}, for example ${examples}.`,
    );
  }
  try {
    trainTransform({ erase: undefined, ...input, ...augment });
  } catch (error) {
    throw new RecipeError(`The recipe's pictures: ${(error as Error).message}.`, { cause: error });
  }
  try {
    if (model.kind === 'rga') checkRGA(rgaOptionsOf(model, input));
    if (model.kind === 'apnet') checkAPNet(apnetOptionsOf(model, input));
    if (model.kind === 'gam') checkGAM(model);
  } catch (error) {
    throw new RecipeError(`The recipe's model: ${(error as Error).message}`, { cause: error });
  }
}

function assign(
  target: Record<string, unknown>,
  [key, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (rest.length === 0) {
    const { [key!]: _, ...others } = target;
    return value === null ? others : { ...target, [key!]: value };
  }
  const inner = target[key!];
  return { ...target, [key!]: assign(isGroup(inner) ? inner : {}, rest, value) };
}

/**
 * A recipe changed by `key=value` texts; values are JSON or plain words, null removes an optional part. The end of a cosine or
 * linear schedule follows `epochs` when only that is set.
 *
 * @throws RecipeError for an unknown key (naming the nearest) or a value of the wrong kind
 *
 * @example
 *   overrideRecipe(baseline, ['epochs=5', 'optimiser.lr=1e-3', 'model.backbone=resnet34']);
 */
export function overrideRecipe<R extends AnyRecipe>(recipe: R, changes: readonly string[]): R {
  let result = recipe as unknown as Record<string, unknown>;
  const named = new Set<string>();
  const optional = Object.keys(OPTIONAL).filter((key) => !unknownTo(recipe).includes(key));
  for (const change of changes) {
    const equals = change.indexOf('=');
    if (equals < 1) throw new RecipeError(`--set ${change}: write it as key=value, for example --set epochs=5.`);
    const path = change.slice(0, equals);
    const known = [...new Set([...recipeKeys(result), ...optional])].filter(
      (key) => !['name', 'about', 'method', 'model.kind'].includes(key),
    );
    if (!known.includes(path))
      throw new RecipeError(
        `--set ${change}: the recipe has no key "${path}". ${nearestName(path, rivals(path, known))}`,
      );
    const value = parse(change.slice(equals + 1));
    check(change, path, value, lookUp(result, path));
    result = assign(result, path.split('.'), value);
    named.add(path);
  }
  const { kind, end } = result.schedule as { readonly kind: Recipe['schedule']['kind']; readonly end?: number };
  const endNamed = named.has('schedule.end') || named.has('schedule');
  if (SCHEDULES[kind].includes('end') && !endNamed && (named.has('epochs') || end === undefined)) {
    result = assign(result, ['schedule', 'end'], result.epochs);
  }
  const changed = result as unknown as R;
  checkWhole(changed);
  return changed;
}
