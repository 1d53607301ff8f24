import { posix } from 'node:path';

/** Which rooms a room may import; each may import itself. Rooms that are not listed (test, bench) may import anything. */
const ARROWS: Record<string, readonly string[]> = {
  random: [],
  shaders: ['random'],
  engine: ['shaders', 'random'],
  datasets: ['random'],
  reid: ['engine', 'shaders', 'datasets', 'random'],
  cli: ['reid', 'engine', 'shaders', 'datasets', 'random'],
  web: ['reid', 'engine', 'shaders', 'datasets', 'random'],
};

/** Rooms that may import only these packages of others. */
const PACKAGES: Record<string, RegExp> = {
  random: /^$/,
  shaders: /^wgsl-preprocessor(\/|$)/,
};

/** Who may start Dawn. */
const DAWN = ['engine/gpu.node.ts', 'cli/setup/probe.js'];

/** Who may use what only Node has. */
const NODE = /^(cli|test|bench)\/|\.node\.ts$/;

/** Tests of the engine run in the browser too, unless they are called *.node.test.ts; and so does what they import. */
const IN_BROWSER = /^test\/engine\/(?!.*\.node(\.test)?\.ts$)/;

/** Names that say nothing about what a file holds. */
const EMPTY_NAMES = /(^|[/.-])(util|utils|helper|helpers|common|misc|manager)([/.-]|$)/i;

/** The specifiers of all imports and re-exports in a source, types included. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const patterns = [
    /^\s*(?:import|export)\b[^;'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
}

/** `./dist/engine/gpu.node.js` as `engine/gpu.node.ts`. */
const sourceOf = (target: string): string =>
  posix
    .normalize(target)
    .replace(/^dist\//, '')
    .replace(/\.js$/, '.ts');

/**
 * What is wrong with the imports and the name of one source file, one line a fault.
 *
 * @param path from the project's root, with `/`
 * @param own the `imports` of package.json: what each `#name` stands for
 */
export function faults(path: string, source: string, own: Record<string, Record<string, string>>): string[] {
  const found: string[] = [];
  const room = path.split('/')[0]!;
  const say = (what: string) => found.push(`${path}: ${what}`);
  if (EMPTY_NAMES.test(path)) say('the name says nothing about what is in it');
  for (const specifier of importsOf(source)) {
    if (specifier.startsWith('node:')) {
      if (!NODE.test(path)) say(`imports ${specifier}; only cli/, test/, bench/ and *.node.ts may`);
      if (IN_BROWSER.test(path))
        say(`imports ${specifier}, but runs in the browser too; use test/fixture.ts, or call it *.node.test.ts`);
      continue;
    }
    const files = specifier.startsWith('#')
      ? Object.values(own[specifier] ?? {}).map(sourceOf)
      : specifier.startsWith('.')
        ? [sourceOf(posix.join(posix.dirname(path), specifier))]
        : [];
    if (specifier.startsWith('#') && !files.length) say(`imports ${specifier}, which package.json does not name`);
    for (const target of new Set(files.map((file) => file.split('/')[0]!))) {
      if (target !== room && ARROWS[room]?.includes(target) === false)
        say(`imports ${specifier}; ${room}/ may not import ${target}/`);
    }
    if (files.length || specifier.startsWith('#')) continue;
    if (specifier === 'webgpu' && !DAWN.includes(path)) say(`imports webgpu; only ${DAWN.join(' and ')} may`);
    if (PACKAGES[room]?.test(specifier) === false) say(`imports ${specifier}; ${room}/ may not`);
  }
  return found;
}
