import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findProgram, run, setupError } from './command.js';

const PACKAGES = ['libvulkan1', 'mesa-vulkan-drivers'];
const DRIVER = 'libvulkan_lvp.so';

/**
 * Mesa's software driver out of the distribution's packages, without installing them: apt-get downloads them and whatever
 * they need that the system lacks, with its state in `folder`; dpkg-deb unpacks them. Needs no root and changes nothing
 * outside `folder`. Returns the description that engine/dawn-driver.node.ts reads.
 */
export function unpackMesa(folder) {
  if (!findProgram('apt-get') || !findProgram('dpkg-deb')) throw setupError('this system has no apt-get.');
  const archives = download(folder);
  const root = join(folder, 'root');
  for (const archive of archives) run('dpkg-deb', ['-x', archive, root], { what: 'Unpacking the driver' });
  const driver = filesIn(root).find((path) => basename(path) === DRIVER);
  if (!driver) throw setupError(`the packages ${PACKAGES.join(' and ')} brought no ${DRIVER}.`);
  const manifest = filesIn(root).find((path) => /\/icd\.d\/lvp_icd.*\.json$/.test(path));
  if (!manifest) throw setupError('the package mesa-vulkan-drivers has no manifest of its software driver.');
  const icd = JSON.parse(readFileSync(manifest, 'utf8'));
  // Relative to the manifest itself, so that the clone may move.
  icd.ICD.library_path = `./lib/${DRIVER}`;
  writeFileSync(join(folder, 'icd.json'), JSON.stringify(icd));
  const libraries = collectLibraries(driver, join(folder, 'lib'));
  rmSync(root, { recursive: true });
  rmSync(join(folder, 'apt'), { recursive: true });
  return { icd: 'icd.json', libraries: libraries.map((name) => `lib/${name}`) };
}

/** All files below `folder`, links included. */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/**
 * Moves what the driver and the Vulkan loader need into `target`, one file a library under the name it is asked for by, and
 * returns those names in an order in which each finds what it needs already loaded.
 */
function collectLibraries(driver, target) {
  const folder = dirname(driver);
  const needs = (path) => {
    const listed = run('ldd', [path], {
      what: 'Reading the libraries of the driver',
      env: { LD_LIBRARY_PATH: folder },
    });
    const missing = listed.match(/\S+(?= => not found)/);
    if (missing) throw setupError(`the library ${missing[0]} is missing, and no package brought it.`);
    return [...listed.matchAll(/=> (\S+)/g)].map(([, found]) => found).filter((found) => dirname(found) === folder);
  };
  const loader = join(folder, 'libvulkan.so.1');
  const tops = existsSync(loader) ? [driver, loader] : [driver];
  const all = [...new Set(tops.flatMap((path) => [path, ...needs(path)]))];
  // What a library needs has fewer needs than the library itself.
  const depth = new Map(all.map((path) => [path, needs(path).length]));
  mkdirSync(target);
  const ordered = all.sort((a, b) => depth.get(a) - depth.get(b));
  for (const path of ordered) renameSync(realpathSync(path), join(target, basename(path)));
  return ordered.map((path) => basename(path));
}

/** Downloads the packages and returns their paths. */
function download(folder) {
  const apt = join(folder, 'apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'none'])
    mkdirSync(join(apt, part), { recursive: true });
  const { lines, release } = sources();
  writeFileSync(join(apt, 'sources.list'), lines.map((line) => `${line}\n`).join(''));
  // Everything of the system's configuration stays (a proxy may be set there), but not its state, hooks and pins.
  const config = {
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Etc::SourceList': join(apt, 'sources.list'),
    'Dir::Etc::SourceParts': join(apt, 'none'),
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': join(apt, 'none'),
    'Debug::NoLocking': 'true',
    // Root would download as the user _apt, who can not write here.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::Retries::Delay::Maximum': '3',
    // Without it, an update that got nothing counts as done.
    'APT::Update::Error-Mode': 'any',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
  };
  const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];
  const text = [
    ...hooks.map((hook) => `#clear ${hook};`),
    ...Object.entries(config).map(([name, value]) => `${name} "${value}";`),
  ];
  writeFileSync(join(apt, 'apt.conf'), text.map((line) => `${line}\n`).join(''));
  const aptGet = (...args) =>
    run('apt-get', ['-c', join(apt, 'apt.conf'), '-qq', ...args], {
      what: 'Downloading the driver',
      env: { LC_ALL: 'C' },
    });
  aptGet('update');
  const target = release ? ['--target-release', release] : [];
  aptGet('install', '--yes', '--download-only', '--no-install-recommends', ...target, ...PACKAGES);
  return filesIn(join(apt, 'cache/archives')).filter((path) => path.endsWith('.deb'));
}

/** Source lines with the mirror and the key that the system uses itself, and the release to prefer, if any. */
function sources() {
  const system = Object.fromEntries(
    [...readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?([^"\n]*)/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  const codename = system.VERSION_CODENAME;
  const known = readSources().filter(({ components }) => components.includes('main'));
  const source = known.find(({ suites }) => suites.includes(codename)) ?? known[0];
  if (!source) throw setupError('no package source with a component "main" was found under /etc/apt.');
  const suite = source.suites.includes(codename) ? codename : source.suites[0];
  // Debian 12's own Mesa is too old for Dawn.
  const backports = suite === 'bookworm' ? 'bookworm-backports' : undefined;
  const updates = system.ID === 'ubuntu' ? `${suite}-updates` : undefined;
  const components = system.ID === 'ubuntu' ? 'main universe' : 'main';
  const options = source.key ? `[signed-by=${source.key}] ` : '';
  return {
    lines: [suite, updates, backports]
      .filter(Boolean)
      .map((name) => `deb ${options}${source.uri} ${name} ${components}`),
    release: backports,
  };
}

/** The binary package sources of the system, of both file formats. */
function readSources() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).sort() : []).map((f) => join(folder, f)),
  ];
  return files
    .filter((path) => /\.(list|sources)$/.test(path) && existsSync(path))
    .flatMap((path) => {
      const text = readFileSync(path, 'utf8').replace(/^#.*\n?/gm, '');
      return path.endsWith('.list') ? parseLines(text) : parseStanzas(text);
    });
}

/** `deb [signed-by=KEY] URI SUITE COMPONENT...` */
export function parseLines(text) {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/gm)].map(
    ([, options, uri, suite, rest]) => ({
      uri,
      suites: [suite],
      components: rest.split(/\s+/),
      key: options?.match(/signed-by=(\S+)/)?.[1],
    }),
  );
}

/** `Types: deb`, `URIs: ...`, ..., a blank line between sources. */
export function parseStanzas(text) {
  return text
    .split(/\n\s*\n/)
    .map((stanza) =>
      Object.fromEntries(
        [...stanza.matchAll(/^([\w-]+):[ \t]*(.*)$/gm)].map(([, name, value]) => [name.toLowerCase(), value]),
      ),
    )
    .filter((fields) => fields.types?.split(/\s+/).includes('deb') && fields.uris && fields.enabled !== 'no')
    .map((fields) => ({
      uri: fields.uris.split(/\s+/)[0],
      suites: fields.suites?.split(/\s+/) ?? [],
      components: fields.components?.split(/\s+/) ?? [],
      // The key itself may stand here instead of its path; then apt's own trusted keys have to do.
      key: fields['signed-by']?.startsWith('/') ? fields['signed-by'] : undefined,
    }));
}
