import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

type Conditions = string | { readonly [condition: string]: Conditions };

/** What a browser takes of a conditional entry, in the order in which the package lists it. */
const CONDITIONS = ['browser', 'import', 'module', 'default'];

function pick(entry: Conditions): string | undefined {
  if (typeof entry === 'string') return entry;
  for (const [condition, inner] of Object.entries(entry)) {
    const found = CONDITIONS.includes(condition) && pick(inner);
    if (found) return found;
  }
  return undefined;
}

interface Manifest {
  readonly name?: string;
  readonly exports?: Conditions;
  readonly imports?: Record<string, Conditions>;
  readonly module?: string;
  readonly main?: string;
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The entries of one package in a folder below `root`: its `exports`, or its main file and everything below its folder. */
function packageEntries(root: string, folder: string, name: string): [string, string][] {
  const { exports, module, main = 'index.js' } = manifest(join(root, folder));
  const at = (target: string) => posix.join('/', folder, target);
  if (exports === undefined) {
    return [
      [name, at(module ?? main)],
      [`${name}/`, at('./')],
    ];
  }
  const paths =
    typeof exports === 'object' && Object.keys(exports).some((key) => key.startsWith('.')) ? exports : { '.': exports };
  return Object.entries(paths).flatMap(([path, entry]): [string, string][] => {
    const target = path.includes('*') ? undefined : pick(entry);
    return target ? [[posix.join(name, path), at(target)]] : [];
  });
}

/**
 * An import map with which a browser resolves what Node resolves by package.json and node_modules: the package's own `#` imports,
 * its own name, and every installed package. A package in CommonJS gets an entry too; importing it fails, as it must.
 */
export function importMap(root: string): Record<string, string> {
  const entries = Object.entries(manifest(root).imports ?? {}).map(([name, entry]) => [
    name,
    posix.join('/', pick(entry)!),
  ]);
  const modules = join(root, 'node_modules');
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  const packages = names.filter((name) => existsSync(join(modules, name, 'package.json')));
  return Object.fromEntries([
    ...entries,
    ...packageEntries(root, '', manifest(root).name!),
    ...packages.flatMap((name) => packageEntries(root, posix.join('node_modules', name), name)),
  ]);
}
