import { nearestName } from '../datasets/nearest.js';
import { CATALOGUE, type CatalogueEntry } from './catalogue.js';
import { readArguments, runCommand, terminal, UsageError } from './command.js';

const HELP = `node cli/list.js [WHAT …] [--json]

Lists what there is, a line each with the paper or code that it follows.

  WHAT      ${Object.keys(CATALOGUE).join(', ')}; default: all of them
  --json    prints names, descriptions and sources as JSON
  --help    prints this

Exit status: 0, or 2 for wrong use.`;

const OPTIONS = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** What to try with the things of a group. */
const NEXT: Readonly<Record<string, string>> = {
  recipes: 'node cli/train.js RECIPE --data DATA   (--print shows a whole recipe)',
  datasets: 'node cli/check.js --data DATA',
  metrics: 'node cli/evaluate.js RUN',
  clusterings: 'node cli/cluster.js FEATURES --out DIR',
};

const lines = (entries: readonly CatalogueEntry[]): string[] => {
  const width = Math.max(...entries.map(({ name }) => name.length));
  return entries.map(({ name, about, source }) => `  ${name.padEnd(width)}  ${about}${source && `  [${source}]`}`);
};

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const known = Object.keys(CATALOGUE);
  for (const name of positionals) {
    if (!known.includes(name)) throw new UsageError(`There is no list of "${name}". ${nearestName(name, known)}`);
  }
  const wanted = positionals.length > 0 ? [...new Set(positionals)] : known;
  if (values.json) {
    console.log(JSON.stringify(Object.fromEntries(wanted.map((name) => [name, CATALOGUE[name]])), null, 2));
    return 0;
  }
  console.log(wanted.map((name) => [name, ...lines(CATALOGUE[name]!)].join('\n')).join('\n\n'));
  const next = NEXT[wanted.find((name) => name in NEXT) ?? 'recipes'];
  terminal.write(`\nnext: ${next}\n`);
  return 0;
}

await runCommand('list', main);
