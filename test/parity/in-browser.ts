import { chromium } from 'playwright-core';
import { findChromium } from '../../cli/chromium.js';
import { FLAGS } from '../browser/flags.js';
import { startServer } from '../browser/server.js';
import { ROOT } from '../files.js';
import type { CaseResult } from './ops.js';
import type { GoldenText } from './plan.js';

/** {@link runCases} in a page of headless Chromium. */
export async function runCasesInBrowser(
  files: readonly GoldenText[],
  only: RegExp,
  tell: (result: CaseResult) => void,
): Promise<number> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium was found: install one, or set CHROMIUM to its executable');
  const server = await startServer(ROOT);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    const crashed = new Promise<never>((_, reject) => page.on('crash', () => reject(new Error('the page crashed'))));
    await page.exposeFunction('tellCase', (text: string) => tell(JSON.parse(text) as CaseResult));
    await page.goto(server.url);
    const run = page.evaluate(
      async ({ texts, source, module }) => {
        const { runCases } = (await import(module)) as typeof import('./run-cases.js');
        const { tellCase } = globalThis as unknown as { readonly tellCase: (text: string) => Promise<void> };
        return runCases(texts, new RegExp(source), (result) => tellCase(JSON.stringify(result)));
      },
      { texts: files, source: only.source, module: '/dist/test/parity/run-cases.js' },
    );
    return await Promise.race([run, crashed]);
  } finally {
    await browser.close();
    server.close();
  }
}
