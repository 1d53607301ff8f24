// What runs in a browser, tested in headless Chromium, alone: npm run test:browser

import { readOptions } from '../options.js';
import { Report } from '../report.js';
import { runBrowserSuite } from './browser-suite.js';

const HELP = `Usage: npm run test:browser [-- OPTIONS]

Options:
  --only PATTERN   only the test files whose path matches this regular expression
  --limit SECONDS  time for one file (default 600)`;

const report = new Report();
await runBrowserSuite(report, readOptions(HELP));
report.close();
