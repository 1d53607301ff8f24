// Runs one compiled test file in this process and sends the outcome to the parent, run.ts.

import { pathToFileURL } from 'node:url';
import { runSuites } from './suite.js';

const file = pathToFileURL(process.argv[2]!).href;
process.send!(await runSuites(() => import(file)));
// The channel to the parent must not be what keeps the process alive: a test file has to end by itself.
process.disconnect();
