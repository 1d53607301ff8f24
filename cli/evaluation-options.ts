import { nearestName } from '../datasets/nearest.js';
import type { DistanceKind } from '../reid/metrics/distances.js';
import type { Protocol } from '../reid/metrics/protocols.js';
import type { QueryExpansionOptions } from '../reid/metrics/query-expansion.js';
import type { RerankOptions } from '../reid/metrics/reranking/rerank.js';
import type { Pooling } from '../reid/metrics/tracklets.js';
import type { ClipSpec, RecipeBase } from '../reid/recipes/recipe.js';
import type { Convention } from '../reid/training/feature-evaluation.js';
import type { WalkOptions } from '../reid/training/walks.js';
import { UsageError } from './command.js';

/** Which gallery pictures a query leaves out, for help texts and `list`. */
export const PROTOCOLS: Readonly<Record<Protocol, string>> = {
  market1501: "those of the query's identity and camera",
  'separate-cameras': "all of the query's camera",
  'no-camera': "the query's own file only",
};

/** Protocols that are more than a rule of what is left out, for help texts and `list`. */
export const CONVENTIONS: Readonly<Record<Convention, string>> = {
  vehicleid:
    'one drawn picture of each identity is the gallery, all others are queries; means over ten draws (--draws N)',
  'veri-image-to-track':
    'queries rank the tracks of the gallery, each as near as its nearest picture (veri:DIR?tracks=yes)',
  'mars-official': 'MARS by its authors: the gallery holds the queries too; trapezoid mAP, over all queries',
  'mars-split': 'MARS as torchreid splits it: the gallery without the queries; rect mAP, over queries with a match',
};

/** How features may be compared, for help texts and `list`. */
export const DISTANCES: Readonly<Record<DistanceKind, string>> = {
  cosine: '1 − the cosine of the angle',
  euclidean: 'the length of the difference',
  sqeuclidean: 'its square',
};

/** Forms of re-ranking: the authors'; SpCL's, Cluster-Contrast's and fast-reid's; and what comes of torchreid's and layumi's calls. */
export const RERANK_FORMS = ['authors', 'faiss', 'squared'] as const;

/** A value of `--rerank` or `--query-expansion`: numbers between commas. */
export const NUMBERS = /^[\d.]+(,[\d.]+)*$/;

/** Options of evaluation whose value may be left out. */
export const OPTIONAL_VALUES: Readonly<Record<string, RegExp>> = {
  rerank: NUMBERS,
  'query-expansion': NUMBERS,
  'spatial-temporal': NUMBERS,
};

/** The options that say how features are compared and counted. */
export const EVALUATION_OPTIONS = {
  protocol: { type: 'string' },
  distance: { type: 'string' },
  flip: { type: 'boolean' },
  rerank: { type: 'string' },
  'rerank-form': { type: 'string' },
  'query-expansion': { type: 'string' },
  draws: { type: 'string' },
  'multi-query': { type: 'boolean' },
  'spatial-temporal': { type: 'string' },
  clips: { type: 'string' },
  tracklets: { type: 'string' },
  verification: { type: 'boolean' },
} as const;

/** What stands behind these options on a command line. */
export interface EvaluationValues {
  readonly protocol?: string;
  readonly distance?: string;
  readonly flip?: boolean;
  readonly rerank?: string;
  readonly 'rerank-form'?: string;
  readonly 'query-expansion'?: string;
  readonly draws?: string;
  readonly 'multi-query'?: boolean;
  readonly 'spatial-temporal'?: string;
  readonly clips?: string;
  readonly tracklets?: string;
  readonly verification?: boolean;
}

/** The same, read and checked. */
export interface EvaluationChoices {
  readonly protocol: Protocol;
  /** Where `--protocol` is more than a rule of what is left out. */
  readonly convention?: Convention;
  /** Undefined: the recipe's. */
  readonly distance?: DistanceKind;
  readonly flip: boolean;
  readonly rerank?: RerankOptions;
  readonly expansion?: QueryExpansionOptions;
  readonly draws?: number | 'exact';
  readonly multiQuery: boolean;
  /** Fuses features with the time from camera to camera. */
  readonly walks?: WalkOptions;
  /** Of models of clips; undefined: the recipe's. */
  readonly clips?: Pick<ClipSpec, 'mode'> & Partial<ClipSpec>;
  /** Of models of pictures: how the features of a tracklet's frames become one. */
  readonly pooling?: Pooling;
  readonly verification: boolean;
}

/** One of some words; @throws UsageError that names the nearest */
export function choiceOf<T extends string>(
  option: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) {
    throw new UsageError(
      `--${option} must be one of ${choices.join(', ')}, not "${text}". ${nearestName(text, choices)}`,
    );
  }
  return found;
}

/** What a number among several must be. */
interface NumberKind {
  readonly name: string;
  readonly wanted: string;
  readonly fits: (value: number) => boolean;
}

const count = (name: string): NumberKind => ({
  name,
  wanted: 'a whole number of at least 1',
  fits: (value) => Number.isInteger(value) && value >= 1,
});

/** Numbers between commas, from the first on; none for an empty text. */
function numbersOf(option: string, text: string, kinds: readonly NumberKind[]): number[] {
  if (text === '') return [];
  const form = `--${option} ${kinds.map(({ name }) => name).join(',')}`;
  const parts = text.split(',');
  if (parts.length > kinds.length) throw new UsageError(`${form}: "${text}" has ${parts.length} numbers.`);
  return parts.map((part, i) => {
    const value = part.trim() === '' ? Number.NaN : Number(part);
    const { name, wanted, fits } = kinds[i]!;
    if (!fits(value)) throw new UsageError(`${form}: ${name} must be ${wanted}, not "${part}".`);
    return value;
  });
}

/** What `--clips MODE[,MOST]` says. */
function clipsOf(text: string | undefined): EvaluationChoices['clips'] {
  if (text === undefined) return undefined;
  const [name, ...rest] = text.split(',');
  const mode = choiceOf('clips', name, ['dense', 'test', 'random'] as const)!;
  const [most] = numbersOf('clips MODE', rest.join(','), [count('MOST')]);
  return { mode, ...(most === undefined ? {} : { most }) };
}

/** What `--spatial-temporal [BINS,SIGMA]` says. */
function walksOf(text: string | undefined): WalkOptions | undefined {
  if (text === undefined) return undefined;
  const width = { name: 'SIGMA', wanted: 'a number above 0', fits: (value: number) => value > 0 };
  const [bins, sigma] = numbersOf('spatial-temporal', text, [count('BINS'), width]);
  return { bins, sigma };
}

/** What a convention can not be joined with. */
function checkConvention(convention: Convention, values: EvaluationValues): void {
  const wrong = (option: keyof EvaluationValues, why: string) => {
    if (values[option] !== undefined)
      throw new UsageError(`--${option} does not go with --protocol ${convention}: ${why}.`);
  };
  if (convention === 'vehicleid') {
    wrong('rerank', 'it draws galleries, and re-ranking needs the whole one');
    wrong('spatial-temporal', 'it knows neither cameras nor times');
    wrong('multi-query', 'it knows no cameras');
    if (values.draws === 'exact')
      throw new UsageError('--protocol vehicleid draws galleries: say how many, as --draws 10.');
  } else {
    wrong('draws', 'its gallery is fixed');
    if (convention === 'mars-official') wrong('multi-query', 'it ranks tracklets');
  }
}

/**
 * Reads the options.
 *
 * @param conventions whether the command knows the protocols that are more than a rule of what is left out
 * @throws UsageError naming the option, the value and what would be right
 */
export function evaluationChoices(values: EvaluationValues, conventions = false): EvaluationChoices {
  const [rules, further] = [Object.keys(PROTOCOLS), conventions ? Object.keys(CONVENTIONS) : []];
  const named =
    choiceOf('protocol', values.protocol, [...rules, ...further] as (Protocol | Convention)[]) ?? 'market1501';
  const convention = named in CONVENTIONS ? (named as Convention) : undefined;
  if (convention) checkConvention(convention, values);
  const protocol = convention === 'vehicleid' ? 'no-camera' : convention ? 'market1501' : (named as Protocol);
  const distance = choiceOf('distance', values.distance, Object.keys(DISTANCES) as DistanceKind[]);
  const form = choiceOf('rerank-form', values['rerank-form'], RERANK_FORMS);
  let rerank: RerankOptions | undefined;
  if (values.rerank !== undefined) {
    const share = { name: 'LAMBDA', wanted: 'a number from 0 to 1', fits: (value: number) => value >= 0 && value <= 1 };
    const [k1, k2, lambda] = numbersOf('rerank', values.rerank, [count('K1'), count('K2'), share]);
    // The third is the authors' form, fed with squares that it squares once more.
    const squaredTwice = form === 'squared' ? true : undefined;
    rerank = { k1, k2, lambda, form: form === 'squared' ? 'authors' : form, squaredTwice };
  } else if (form) throw new UsageError('--rerank-form says how --rerank works; give --rerank too.');
  let expansion: QueryExpansionOptions | undefined;
  if (values['query-expansion'] !== undefined) {
    const power = { name: 'ALPHA', wanted: 'a number of at least 0', fits: (value: number) => value >= 0 };
    const [k, alpha] = numbersOf('query-expansion', values['query-expansion'], [count('K'), power]);
    expansion = { k, alpha };
  }
  const { draws } = values;
  if (draws === '') throw new UsageError('--draws wants "exact" or how many galleries to draw for each query.');
  const drawn = draws === undefined || draws === 'exact' ? draws : numbersOf('draws', draws, [count('N')])[0]!;
  if (drawn !== undefined && rerank) {
    throw new UsageError('--draws draws galleries, and --rerank needs the whole one: give one of the two.');
  }
  const multiQuery = values['multi-query'] ?? false;
  if (multiQuery && values.tracklets !== undefined) {
    throw new UsageError('--multi-query is of pictures, --tracklets of tracklets: give one of the two.');
  }
  if (multiQuery && protocol === 'no-camera') {
    throw new UsageError("--multi-query takes all pictures of the query's camera: --protocol no-camera knows none.");
  }
  const verification = values.verification ?? false;
  const walks = walksOf(values['spatial-temporal']);
  if (walks && distance && distance !== 'cosine') {
    throw new UsageError(`--spatial-temporal fuses times with cosine similarity: leave out --distance ${distance}.`);
  }
  return {
    protocol,
    convention,
    distance,
    flip: values.flip ?? false,
    rerank,
    expansion,
    draws: drawn,
    multiQuery,
    walks,
    clips: clipsOf(values.clips),
    pooling: choiceOf('tracklets', values.tracklets, ['mean', 'max'] as const),
    verification,
  };
}

/**
 * A recipe that evaluates as it was chosen: mirrored pictures, clips, batch size.
 *
 * @throws UsageError where clips are chosen for a model of pictures, or the other way round
 */
export function recipeFor<R extends RecipeBase>(
  recipe: R,
  { flip, clips, pooling }: Pick<EvaluationChoices, 'flip' | 'clips' | 'pooling'>,
  batch?: number,
): R {
  if (clips && !recipe.clips) {
    throw new UsageError(`--clips is for models of clips, and ${recipe.name} is of pictures: use --tracklets mean.`);
  }
  if (pooling && recipe.clips) {
    throw new UsageError(
      `--tracklets is for models of pictures: ${recipe.name} is of clips, and ranks tracklets anyway.`,
    );
  }
  const evaluation = {
    ...recipe.evaluation,
    flip: flip || recipe.evaluation.flip,
    batch: batch ?? recipe.evaluation.batch,
  };
  return { ...recipe, evaluation, ...(clips && { clips: { ...recipe.clips!, ...clips } }) };
}
