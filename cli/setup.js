#!/usr/bin/env node

// Prepares a clone so that everything else can run: packages, build, and a GPU adapter that answers. Plain JavaScript on
// Node's own modules, because it runs before anything is installed or compiled.

import { ensureAdapter } from './setup/adapter.js';
import { build, installChromium, installPackages } from './setup/project.js';

const MINIMUM_NODE = [20, 19];

const HELP = `Usage: npm run setup [-- OPTIONS]      or: node cli/setup.js [OPTIONS]

Does whatever is still missing, and nothing twice:
  1. installs the packages of package-lock.json (npm ci)
  2. compiles the TypeScript into dist/
  3. asks Dawn for a GPU adapter; on Linux without a GPU, puts a software Vulkan driver into .vulkan/
     (about 65 MB to download, 190 MB on disk, no root needed, nothing outside the clone changes)

Options:
  --browser   also install Chromium for the browser tests where it is missing (as root on Debian, through apt)
  --quiet     say nothing unless there is something to do
  --help      this text`;

const OPTIONS = ['--browser', '--quiet', '--help'];

/** Ends with a message for people; a stack would only hide it. */
function fail(message) {
  console.error(`\nsetup: ${message}`);
  process.exit(1);
}

const given = process.argv.slice(2);
const unknown = given.find((option) => !OPTIONS.includes(option));
if (unknown) fail(`unknown option "${unknown}".\n\n${HELP}`);
if (given.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
  fail(
    `this is Node.js ${process.versions.node}; ${MINIMUM_NODE.join('.')} or newer is needed. Get it from https://nodejs.org`,
  );
}

const say = (line) => console.log(`setup: ${line}`);
try {
  installPackages(say);
  build(say);
  const adapter = ensureAdapter(say);
  if (given.includes('--browser')) await installChromium(say);
  if (!given.includes('--quiet')) say(`ready; GPU adapter: ${adapter}`);
} catch (error) {
  fail(error.expected ? error.message : error.stack);
}
