// Runs one part of bench/gpu.sh in a process of its own: a device that is lost, or a driver that crashes, costs that part alone.

import { LARGE, SMALL } from './cases.js';
import { runChecks } from './check.js';
import { runExplore } from './explore.js';
import { runFacts } from './facts.js';
import type { PartName } from './options.js';
import { messageOf, Part, type PartOptions, TOLD } from './part.js';
import { runPytorch } from './pytorch.js';
import { runSpeed } from './speed.js';
import { runTests } from './tests.js';
import { runTrain } from './train.js';

const options = JSON.parse(process.argv[2]!) as PartOptions & { readonly part: PartName };
const part = new Part(options);
const sizes = options.small ? SMALL : LARGE;

const RUNS: Readonly<Record<PartName, () => Promise<void>>> = {
  facts: () => runFacts(part),
  tests: () => runTests(part),
  check: () => runChecks(part, sizes),
  speed: () => runSpeed(part, sizes),
  train: () => runTrain(part, sizes),
  pytorch: () => runPytorch(part, sizes),
  explore: () => runExplore(part, sizes),
};

try {
  await RUNS[options.part]();
} catch (error) {
  const message = messageOf(error);
  part.add({ part: 'note', of: part.name, failed: true, message });
  part.say(`FAILED  ${message}`);
  process.exitCode = TOLD;
}
