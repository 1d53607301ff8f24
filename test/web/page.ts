import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { findChromium } from '../../cli/chromium.js';
import { buildSite } from '../../web/build.node.js';
import { serveSite } from '../../web/serve.node.js';
import { FLAGS } from '../browser/flags.js';

/** Milliseconds that a step of the page may take on a busy machine without a GPU. */
const LIMIT = 240_000;

/** The page in a browser of its own, with storage that a reload leaves there. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** A folder for files of the test. */
  readonly folder: string;
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** What went wrong in the page, in the words of its console. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** True where the tests of the page cannot run. */
export function noBrowser(): boolean {
  if (findChromium()) return false;
  console.log('no Chromium was found (install Chromium or Google Chrome, or set CHROMIUM to its executable)');
  return true;
}

/**
 * Builds the page and opens it as a user would.
 *
 * @param script runs in the worker before it opens a GPU
 */
export async function openPage(flags: readonly string[] = FLAGS, script = ''): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'web-page-'));
  const site = join(folder, 'site');
  await buildSite(site);
  const worker = join(site, 'worker.js');
  writeFileSync(worker, script + readFileSync(worker, 'utf8'));
  const server = await serveSite(0, site);
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: findChromium(),
    args: [...flags],
    viewport: { width: 1280, height: 900 },
  });
  context.setDefaultTimeout(LIMIT);
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  const page = context.pages()[0] ?? (await context.newPage());
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(server.url);
  return {
    page,
    context,
    url: server.url,
    folder,
    requests,
    complaints,
    close: async () => {
      await context.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The view that is in front. */
export const view = (page: Page): Locator => page.locator('section.view:not([hidden])');

/** Opens a view by its tab. */
export async function show(page: Page, title: string): Promise<Locator> {
  await page.getByRole('navigation').getByRole('link', { name: title, exact: true }).click();
  return view(page);
}

/** Fills fields of a view by their labels. */
export async function fill(place: Locator, values: Readonly<Record<string, string | number>>): Promise<void> {
  for (const [label, value] of Object.entries(values))
    await place.getByLabel(label, { exact: true }).fill(String(value));
}

/** What a click downloads, as bytes. */
export async function download(page: Page, button: Locator): Promise<Uint8Array> {
  const coming = page.waitForEvent('download');
  await button.click();
  return readFileSync(await (await coming).path());
}

/**
 * Presses a button of the view as soon as a figure in it reads so, in the page itself: from outside it may be too late for work that
 * is short. The button may be hidden until then.
 */
export const pressWhen = (button: Locator, words: RegExp): Promise<void> =>
  button.evaluate(
    (one: HTMLButtonElement, pattern) =>
      new Promise<void>((resolve) => {
        const place = one.closest('.view')!;
        const seen = new MutationObserver(() => {
          const figures = [...place.querySelectorAll('dd, .figures')];
          if (!figures.some(({ textContent }) => new RegExp(pattern).test(textContent!))) return;
          seen.disconnect();
          one.click();
          resolve();
        });
        seen.observe(place, { subtree: true, childList: true });
      }),
    words.source,
  );
