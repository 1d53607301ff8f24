// Installs the peers into bench/peers/node_modules unless they are there. Plain JavaScript on Node's own modules and on what
// set-up has, because the packages are no part of the project.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npm, since } from '../../cli/setup/command.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const packages = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).packages;

/** Whether node_modules holds what package-lock.json asks for, by the list that npm itself leaves there. */
function present() {
  // npm writes the list last: an interrupted install has none.
  if (!existsSync(new URL('node_modules/.package-lock.json', import.meta.url))) return false;
  const found = packages('node_modules/.package-lock.json');
  return Object.entries(packages('package-lock.json')).every(
    ([path, { version, integrity }]) =>
      !path || (found[path]?.version === version && found[path]?.integrity === integrity),
  );
}

if (!present()) {
  const start = performance.now();
  console.log(
    'peers: installing jax-js, TensorFlow.js and ONNX Runtime Web into bench/peers (npm ci, 460 MB on disk) ...',
  );
  try {
    // No package of these needs its scripts.
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { what: 'Installing the peers', cwd: HERE });
    console.log(`peers: installed in ${since(start)}`);
  } catch (error) {
    console.error(`peers: ${error.expected ? error.message : error.stack}`);
    process.exitCode = 1;
  }
}
