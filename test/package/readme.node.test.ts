import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../cli/chromium.js';
import { FLAGS } from '../browser/flags.js';
import { startServer } from '../browser/server.js';
import { ROOT } from '../files.js';

/** The script of the README, letter for letter. */
const script = /```ts\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!;

/** Milliseconds in which the first steps must come; the whole training takes minutes. */
const LIMIT = 300_000;

/** Steps that are waited for. */
const STEPS = 2;

/** Expects the lines that the script prints: number and loss of each step. */
function assertSteps(lines: readonly string[]): void {
  for (const [i, line] of lines.slice(0, STEPS).entries()) {
    const [step, loss] = line.split(' ').map(Number);
    assert.is(step, i + 1, line);
    assert.ok(loss! > 0 && loss! < 100, line);
  }
}

test("the README's script has four lines behind its imports", () => {
  const lines = script.split('\n').filter((line) => line !== '' && !line.startsWith('import '));
  assert.is(lines.length, 4, script);
});

test("the README's script trains in Node", async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT });
  let [out, complaints] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (out.split('\n').length > STEPS) child.kill('SIGKILL');
  });
  await ended;
  clearTimeout(timer);
  const lines = out.split('\n').slice(0, -1);
  assert.ok(lines.length >= STEPS, complaints);
  assertSteps(lines);
});

const executablePath = findChromium();

(executablePath ? test : test.skip)("the README's script trains in a browser", async () => {
  const server = await startServer(ROOT);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No ${STEPS} steps came; printed: ${lines.join('; ')}`)), LIMIT);
      page.on('pageerror', reject);
      page.on('console', (message) => {
        if (message.type() === 'log') lines.push(message.text());
        if (lines.length < STEPS) return;
        clearTimeout(timer);
        resolve();
      });
      page.addScriptTag({ type: 'module', content: script }).catch(reject);
    });
    assertSteps(lines);
  } finally {
    await browser.close();
    server.close();
  }
});

test.run();
