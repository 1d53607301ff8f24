import type { NamedArray } from '../../../engine/io/arrays.js';
import { FormatError } from '../../../engine/io/source.js';
import type { Module } from '../../../engine/nn/index.js';
import { type ImportRow, importState } from '../../models/checkpoints/import.js';
import type { GCLNetworks } from './step.js';

type Arrays = ReadonlyMap<string, NamedArray>;

/** What a file holds for each network; the names are the networks' own. */
export interface GCLWeightParts {
  readonly identity: Arrays;
  readonly generator: Arrays;
  readonly discriminator: Arrays;
}

/** Names of a run's checkpoint, and what a network's own names begin with elsewhere. */
const PREFIXES = [
  [/^model\./, 'identity'],
  [/^pseudo\.generator\./, 'generator'],
  [/^pseudo\.discriminator\./, 'discriminator'],
  [/^gen\./, 'generator'],
  [/^dis\./, 'discriminator'],
  [/^id\./, 'identity'],
] as const;

/** Entries of a checkpoint that belong to no network. */
const OTHER = /^(optimiser|pseudo)\./;

/** Sorts the arrays of a file by network: of a run's checkpoint, of the release's files, or of an encoder alone. */
export function partsOf(arrays: Arrays): GCLWeightParts {
  const parts = { identity: new Map(), generator: new Map(), discriminator: new Map() };
  for (const [name, array] of arrays) {
    const prefix = PREFIXES.find(([pattern]) => pattern.test(name));
    if (prefix) parts[prefix[1]].set(name.replace(prefix[0], ''), array);
    else if (/^(enc_content|dec|mlp_[wb]\d)\./.test(name)) parts.generator.set(name, array);
    else if (/^cnns\./.test(name)) parts.discriminator.set(name, array);
    else if (!OTHER.test(name)) parts.identity.set(name, array);
  }
  return parts;
}

/** Classifiers of another task. */
const LEFT_OUT = /^(base\.)?(classifier|fc|cls)\./;

/** The encoder's name for a file's: residual networks lie below `base.` in some and not in others. */
function encoderName(names: ReadonlySet<string>): (name: string) => string | undefined {
  return (name) => {
    if (LEFT_OUT.test(name)) return undefined;
    const candidates = [name, name.replace(/^base\./, ''), `base.${name}`];
    return candidates.find((candidate) => names.has(candidate)) ?? name;
  };
}

/** Buffers of adaptive norms that do nothing, and counters. */
const IDLE = /(^|\.)(running_mean|running_var|num_batches_tracked)$/;

function needWhole(what: string, module: Module, arrays: Arrays): ImportRow[] {
  const rows = importState(module, arrays);
  const bad = rows.find(({ name, action }) => action !== 'loaded' && !IDLE.test(name));
  if (bad) throw new FormatError(`its ${what} is of another size than the recipe's: ${bad.name} is ${bad.action}`);
  return rows;
}

/**
 * Takes over what a file holds. Generator and discriminator must fit as a whole, the encoder as far as it does.
 *
 * @returns which networks were in it
 * @throws FormatError where nothing fits
 */
export function loadGCLWeights(nets: GCLNetworks, arrays: Arrays): readonly (keyof GCLNetworks)[] {
  const { identity, generator, discriminator } = partsOf(arrays);
  if (identity.size + generator.size + discriminator.size === 0) throw new FormatError('it holds nothing of GCL');
  if (identity.size > 0) {
    const rename = encoderName(new Set([...nets.identity.entries()].map(([name]) => name)));
    importState(nets.identity, identity, { rename });
  }
  if (generator.size > 0) needWhole('generator', nets.generator, generator);
  if (discriminator.size > 0) needWhole('discriminator', nets.discriminator, discriminator);
  const found = { identity, generator, discriminator };
  return (['identity', 'generator', 'discriminator'] as const).filter((name) => found[name].size > 0);
}
