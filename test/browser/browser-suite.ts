import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../cli/chromium.js';
import { ROOT, testFiles } from '../files.js';
import type { Options } from '../options.js';
import { failure, type Report, seconds, sourceName } from '../report.js';
import type { Outcome } from '../suite.js';
import { FLAGS } from './flags.js';
import { startServer } from './server.js';

/** What a browser runs too: the engine, the data sets and the science. */
const FOLDERS = ['test/engine', 'test/datasets', 'test/reid'];

/** Runs their test files in headless Chromium; those called *.node.test.ts are for Node only. */
export async function runBrowserSuite(report: Report, { only, limit }: Options): Promise<void> {
  const files = FOLDERS.flatMap((folder) => testFiles(folder, only)).filter((file) => !file.endsWith('.node.test.js'));
  if (!files.length) return;
  const start = performance.now();
  const executablePath = findChromium();
  if (!executablePath) {
    console.log(`\nBrowser: ${files.length} test files`);
    const reason = 'no Chromium was found (install Chromium or Google Chrome, or set CHROMIUM to its executable)';
    report.skip('browser suite', reason, files.length);
    return;
  }
  const server = await startServer(ROOT);
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath, args: FLAGS });
    console.log(`\nChromium ${browser.version()}: ${files.length} test files`);
    for (const file of files) {
      const name = sourceName(ROOT, file);
      const since = performance.now();
      report.add(`${name} in the browser`, await runPage(browser, server.url, name, limit), since);
    }
  } catch (error) {
    report.add('browser suite', failure(`Chromium (${executablePath}): ${(error as Error).message}`), start);
  } finally {
    await browser?.close().catch(() => {});
    server.close();
  }
  console.log(`Browser suite: ${seconds(start)}`);
}

/** Runs one test file in a page of its own: its GPU memory goes with the page, and a crash or a hang costs that file alone. */
async function runPage(browser: Browser, url: string, name: string, limit: number): Promise<Outcome> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${limit / 1000} s.`)), limit);
    page.on('crash', () => reject(new Error('The page crashed.')));
  });
  try {
    await page.goto(url);
    const modules = ['/dist/test/suite.js', `/dist/${name.replace(/\.ts$/, '.js')}`] as const;
    const outcome = page.evaluate(async ([runner, file]) => {
      const { runSuites } = (await import(runner)) as typeof import('../suite.js');
      return runSuites(() => import(file));
    }, modules);
    return await Promise.race([outcome, stopped]);
  } catch (error) {
    const message = (error as Error).message.replace(/^page\.evaluate: /, '');
    return failure([message, ...complaints].join('\n'));
  } finally {
    clearTimeout(timer);
    await page.close().catch(() => {});
  }
}
