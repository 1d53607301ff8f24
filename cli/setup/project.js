import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, npm, ROOT, run, setupError, since } from './command.js';

const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/** Whether node_modules holds what package-lock.json asks for, by the list that npm itself leaves there. */
function packagesMatch() {
  // A file that npm writes last: an interrupted install has none.
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return false;
  const wanted = Object.entries(read('package-lock.json').packages).filter(([path]) => path);
  const present = read('node_modules/.package-lock.json').packages;
  return wanted.every(([path, { version, integrity, os, cpu, libc }]) => {
    const forUs = !os?.every((name) => name !== process.platform) && !cpu?.every((name) => name !== process.arch);
    if (!forUs || libc?.includes('musl')) return true;
    return present[path]?.version === version && present[path]?.integrity === integrity;
  });
}

/** Step 1: `npm ci`, unless node_modules is up to date. */
export function installPackages(say) {
  // Inside somebody's node_modules there is no lock file and nothing to install.
  if (!existsSync(join(ROOT, 'package-lock.json')) || packagesMatch()) return;
  const start = performance.now();
  say('installing packages (npm ci) ...');
  npm(['ci', '--include=dev', '--no-audit', '--no-fund'], { what: 'Installing the packages' });
  say(`installed packages in ${since(start)}`);
}

/** Step 2: compiles. Always, since a compile with nothing to do takes half a second and is never wrong about it. */
export function build(say) {
  if (!existsSync(join(ROOT, 'tsconfig.json'))) return;
  const first = !existsSync(join(ROOT, 'dist'));
  const start = performance.now();
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], { what: 'Compiling the sources' });
  if (first) say(`compiled in ${since(start)}`);
}

/** `--browser`: Debian's Chromium, where there is none. */
export async function installChromium(say) {
  const { findChromium } = await import('../../dist/cli/chromium.js');
  const found = findChromium();
  if (found) return say(`Chromium: ${found}`);
  const debian = existsSync('/etc/debian_version') && findProgram('apt-get') && process.getuid?.() === 0;
  if (!debian) {
    throw setupError(
      'no Chromium was found, and only root on Debian can have it installed from here. Install Chromium or Google Chrome, ' +
        'or set the environment variable CHROMIUM to its executable.',
    );
  }
  const start = performance.now();
  say('installing Chromium (apt-get) ...');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { what: 'Updating the package lists', env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { what: 'Installing Chromium', env });
  if (!findChromium()) throw setupError('the package "chromium" was installed, but no executable of it was found.');
  say(`installed Chromium in ${since(start)}`);
}
