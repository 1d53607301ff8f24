import { chromium } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../cli/chromium.js';
import { FLAGS } from '../browser/flags.js';
import { startServer } from '../browser/server.js';
import { ROOT } from '../files.js';
import { hostFeatures } from './host-features.js';

const executablePath = findChromium();

/** As the specifications want it on one adapter; here it holds between two (lavapipe and SwiftShader). */
const TOLERANCE = 1e-5;

(executablePath ? test : test.skip)(
  'Node and a browser give the same features of RGA and APNet, and the same rankings',
  async () => {
    const here = await hostFeatures();
    const server = await startServer(ROOT);
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      const there = await page.evaluate(async (module) => {
        const { hostFeatures } = (await import(module)) as typeof import('./host-features.js');
        return hostFeatures();
      }, '/dist/test/package/host-features.js');
      assert.equal(Object.keys(there), Object.keys(here));
      for (const [name, { features, ranking }] of Object.entries(here)) {
        const other = there[name]!;
        const largest = Math.max(...features.map(Math.abs));
        const apart = Math.max(...features.map((value, i) => Math.abs(value - other.features[i]!)));
        assert.ok(largest > 0.001 && apart <= TOLERANCE * largest, `${name}: ${apart} of ${largest}`);
        assert.equal(other.ranking, ranking, name);
      }
    } finally {
      await browser.close();
      server.close();
    }
  },
);

test.run();
