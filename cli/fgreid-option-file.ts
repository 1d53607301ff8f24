import { readFile } from 'node:fs/promises';
import { nearestName } from '../datasets/nearest.js';
import { type AnyRecipe, overrideRecipe } from '../reid/recipes/index.js';
import { RecipeError } from '../reid/recipes/override.js';
import { terminal, UsageError } from './command.js';

/** What FGReID's released code reads of a section, and the recipe's key for it; some have a value where the section says none. */
const KEYS: Readonly<Record<string, { readonly path: string; readonly otherwise?: number }>> = {
  alpha: { path: 'loss.alpha' },
  sigma: { path: 'loss.sigma' },
  l: { path: 'loss.l' },
  gamma: { path: 'schedule.gamma' },
  margin: { path: 'loss.margin' },
  beta_ratio: { path: 'loss.beta_ratio' },
  var_weight: { path: 'loss.var_weight', otherwise: 1e-5 },
  lsr_weight: { path: 'loss.lsr_weight', otherwise: 1 },
  lcn_weight: { path: 'loss.lcn_weight', otherwise: 1 },
  weight_decay: { path: 'optimiser.weightDecay', otherwise: 5e-4 },
};

/** Keys that the released code reads or finds, and trains without. */
const UNUSED = ['batch_size', 'h2_weight'];

interface Setting {
  readonly value: string;
  readonly line: number;
}

type Section = Map<string, Setting>;

/** The sections of an option file: `[name]`, `key = value` or `key: value`, lines of `#` or `;`; `[DEFAULT]` counts for all. */
function parseSections(text: string, file: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim();
    const where = `--options ${file}, line ${i + 1}`;
    if (line === '' || /^[#;]/.test(line)) continue;
    const name = /^\[(.+)\]$/.exec(line)?.[1]?.trim();
    if (name !== undefined) {
      if (sections.has(name)) throw new UsageError(`${where}: the section [${name}] is there twice. Keep one.`);
      section = new Map();
      sections.set(name, section);
      continue;
    }
    const [, key, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) {
      throw new UsageError(`${where}: "${line}" is neither [section] nor key = value.`);
    }
    if (!section) throw new UsageError(`${where}: ${key} comes before a section. Begin with one, as [dataset].`);
    const lower = key.toLowerCase();
    if (section.has(lower)) throw new UsageError(`${where}: ${key} is there twice in its section. Keep one.`);
    section.set(lower, { value, line: i + 1 });
  }
  return sections;
}

function chosenSection(sections: ReadonlyMap<string, Section>, wanted: string | undefined, file: string): Section {
  const names = [...sections.keys()].filter((name) => name !== 'DEFAULT');
  const known = names.map((name) => `[${name}]`).join(', ');
  if (names.length === 0) throw new UsageError(`--options ${file} has no section. Begin with one, as [dataset].`);
  if (wanted === undefined && names.length > 1) {
    throw new UsageError(`--options ${file} has ${names.length} sections, ${known}. Say which: --section ${names[0]}.`);
  }
  const name = wanted ?? names[0]!;
  if (!names.includes(name)) {
    throw new UsageError(
      `--section ${name}: ${file} has no such section, it has ${known}. ${nearestName(name, names)}`,
    );
  }
  return new Map([...(sections.get('DEFAULT') ?? []), ...sections.get(name)!]);
}

/**
 * A recipe of FGReID with the settings of an option file of the released code. What its section leaves out gets the released code's
 * own value, as far as that has one.
 *
 * @param section needed where the file has several
 * @throws UsageError naming the file, the line and what would be right
 */
export async function withOptionFile<R extends AnyRecipe>(recipe: R, file: string, section?: string): Promise<R> {
  if (recipe.model.kind !== 'fgreid') {
    throw new UsageError(`--options reads files of FGReID, for the recipes fgreid…; ${recipe.name} takes --set.`);
  }
  const text = await readFile(file, 'utf8').catch(({ code, message }: NodeJS.ErrnoException) => {
    throw new UsageError(`--options ${file}: ${code === 'ENOENT' ? 'there is no such file' : message}.`);
  });
  const settings = chosenSection(parseSections(text, file), section, file);
  const known = [...Object.keys(KEYS), ...UNUSED];
  for (const [key, { line }] of settings) {
    if (known.includes(key)) continue;
    throw new UsageError(`--options ${file}, line ${line}: FGReID has no option ${key}. ${nearestName(key, known)}`);
  }
  for (const key of UNUSED.filter((name) => settings.has(name))) {
    terminal.write(`${file}: ${key} is not used, as in the released code\n`);
  }
  let result = recipe;
  for (const [key, { path, otherwise }] of Object.entries(KEYS)) {
    const setting = settings.get(key);
    if (!setting && otherwise === undefined) {
      throw new UsageError(
        `--options ${file}: the section has no ${key}, which the released code needs. Write ${key} = …`,
      );
    }
    const where = `--options ${file}${setting ? `, line ${setting.line}` : ''}`;
    if (path === 'schedule.gamma' && !('gamma' in result.schedule)) {
      terminal.write(
        `${file}: gamma is left out, the learning rate of ${recipe.name} falls as ${result.schedule.kind}\n`,
      );
      continue;
    }
    const value = setting ? Number(setting.value || Number.NaN) : otherwise!;
    if (!Number.isFinite(value)) throw new UsageError(`${where}: ${key} must be a number, not "${setting!.value}".`);
    try {
      result = overrideRecipe(result, [`${path}=${value}`]);
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      throw new UsageError(`${where}: ${key}: ${error.message.replace(/^--set [^:]*: /, '')}`, { cause: error });
    }
  }
  return result;
}
