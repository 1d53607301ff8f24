import { nearestName } from '../datasets/nearest.js';
import type { DistanceKind } from '../reid/metrics/distances.js';
import type { Protocol } from '../reid/metrics/protocols.js';
import type { QueryExpansionOptions } from '../reid/metrics/query-expansion.js';
import type { RerankOptions } from '../reid/metrics/reranking/rerank.js';
import type { RecipeBase } from '../reid/recipes/recipe.js';
import { UsageError } from './command.js';

/** Which gallery pictures a query leaves out, for help texts and `list`. */
export const PROTOCOLS: Readonly<Record<Protocol, string>> = {
  market1501: "those of the query's identity and camera",
  'separate-cameras': "all of the query's camera",
  'no-camera': "the query's own file only",
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
export const OPTIONAL_VALUES: Readonly<Record<string, RegExp>> = { rerank: NUMBERS, 'query-expansion': NUMBERS };

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
  readonly verification?: boolean;
}

/** The same, read and checked. */
export interface EvaluationChoices {
  readonly protocol: Protocol;
  /** Undefined: the recipe's. */
  readonly distance?: DistanceKind;
  readonly flip: boolean;
  readonly rerank?: RerankOptions;
  readonly expansion?: QueryExpansionOptions;
  readonly draws?: number | 'exact';
  readonly multiQuery: boolean;
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

/** Reads the options; @throws UsageError naming the option, the value and what would be right */
export function evaluationChoices(values: EvaluationValues): EvaluationChoices {
  const protocol = choiceOf('protocol', values.protocol, Object.keys(PROTOCOLS) as Protocol[]) ?? 'market1501';
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
  if (multiQuery && protocol === 'no-camera') {
    throw new UsageError("--multi-query takes all pictures of the query's camera: --protocol no-camera knows none.");
  }
  const verification = values.verification ?? false;
  return { protocol, distance, flip: values.flip ?? false, rerank, expansion, draws: drawn, multiQuery, verification };
}

/** A recipe that evaluates as it was chosen: mirrored pictures, batch size. */
export const recipeFor = <R extends RecipeBase>(
  recipe: R,
  { flip }: Pick<EvaluationChoices, 'flip'>,
  batch?: number,
): R => ({
  ...recipe,
  evaluation: { ...recipe.evaluation, flip: flip || recipe.evaluation.flip, batch: batch ?? recipe.evaluation.batch },
});
