import type { NamedArray } from '../../../engine/io/arrays.js';
import { FormatError } from '../../../engine/io/source.js';
import { Module } from '../../../engine/nn/index.js';
import { formatShape } from '../../../engine/shape.js';
import { FGReID } from '../fgreid/fgreid.js';
import { importTrunk, type TrunkSource } from './fgreid.js';
import { importImageNet } from './imagenet.js';
import type { ImportRow } from './import.js';
import { importWeights } from './import-weights.js';

/** Classifiers of identities or of ImageNet's classes: those of another task, which begin anew. */
const CLASSIFIER = /(^|\.)(cls|classifier|fc)\.(weight|bias)$/;

/** Whether a file is a residual network by itself, as torchvision's of ImageNet's weights are. */
const isPlainResNet = (names: readonly string[]): boolean =>
  names.includes('conv1.weight') && names.some((name) => name.startsWith('layer1.0.'));

/** What came of a file that training begins with. */
export interface InitialRows {
  /** What was taken: `the whole model`, `the trunk base_mars`. */
  readonly what: string;
  /** Names of the file's classifier, which is not taken. */
  readonly classifier: readonly string[];
  /** Of the classifier nothing is said. */
  readonly rows: readonly ImportRow[];
}

/** The network in front of a model's head. */
function backboneOf(model: Module): Module | undefined {
  const { base, backbone } = model as { readonly base?: unknown; readonly backbone?: unknown };
  return [base, backbone].find((part): part is Module => part instanceof Module);
}

/**
 * Takes over weights for training to begin with, all but the classifier: a whole model of the same kind, of the original system or of
 * this project; ImageNet's of a residual network, into the backbone (of FGReID into both trunks); or with `trunk` one trunk of a file,
 * into FGReID's `base_mars`: the trunk `base` of one trained on clips, or `base_mars` of one trained on vehicles.
 *
 * @throws FormatError where nothing fits, or something has another shape
 */
export function importInitial(
  model: Module,
  arrays: ReadonlyMap<string, NamedArray>,
  trunk?: TrunkSource,
): InitialRows[] {
  const names = [...arrays.keys()];
  const weights = new Map([...arrays].filter(([name]) => !CLASSIFIER.test(name)));
  const classifier = trunk === undefined ? names.filter((name) => CLASSIFIER.test(name)) : [];
  const taken = (what: string, rows: readonly ImportRow[]): InitialRows => {
    const told = rows.filter(({ name, action }) => !(action === 'missing' && CLASSIFIER.test(name)));
    const other = told.find(({ action }) => action === 'other shape');
    if (other) {
      throw new FormatError(
        `${other.name} is ${formatShape(other.found!)} in the file and ${formatShape(other.expected!)} in the model: it is of another ` +
          'size. Choose the recipe of that size, or change it by --set',
      );
    }
    return { what, rows: told, classifier };
  };
  if (trunk !== undefined) {
    if (!(model instanceof FGReID)) throw new FormatError('--trunk is for FGReID, whose second trunk it fills');
    if (!names.some((name) => name.startsWith(`${trunk}.`))) {
      throw new FormatError(`it has no trunk ${trunk}; its arrays begin with ${names.slice(0, 3).join(', ')}`);
    }
    const ofTrunk = new Map([...weights].filter(([name]) => name.startsWith(`${trunk}.`)));
    return [taken('the trunk base_mars', importTrunk(model.base_mars, ofTrunk, { from: trunk }))];
  }
  if (isPlainResNet(names)) {
    if (model instanceof FGReID) {
      return (['base', 'base_mars'] as const).map((name) =>
        taken(`the trunk ${name}`, importTrunk(model[name], weights, { from: 'torchvision' })),
      );
    }
    const backbone = backboneOf(model);
    if (backbone) return [taken('the backbone', importImageNet(backbone, weights))];
  }
  if (
    model instanceof FGReID &&
    !names.some((name) => name.startsWith('base_mars.')) &&
    names.some((name) => name.startsWith('base.'))
  ) {
    throw new FormatError('it has one trunk, base, where FGReID has two: say --trunk base to take it into the second');
  }
  return [taken('the whole model', importWeights(model, weights))];
}
