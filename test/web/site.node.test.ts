import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildSite, POLICY } from '../../web/build.node.js';
import { serveSite } from '../../web/serve.node.js';
import { ROOT } from '../files.js';

const site = mkdtempSync(join(tmpdir(), 'site-'));
test.before(() => buildSite(site));
test.after(() => rmSync(site, { recursive: true, force: true }));

test('the page is smaller than 500 KB when compressed', () => {
  const bytes = readdirSync(site).reduce((sum, file) => sum + gzipSync(readFileSync(join(site, file))).length, 0);
  assert.ok(bytes < 500_000, `${bytes} bytes`);
  assert.ok(bytes > 50_000, 'and there is something in it');
});

test('it names nothing to load from elsewhere, and its own policy allows nothing', () => {
  const page = readFileSync(join(site, 'index.html'), 'utf8');
  assert.ok(page.includes(`content="${POLICY}"`));
  assert.not.match(page, /(src|href)="(https?:)?\/\//);
  assert.not.match(POLICY, /https?:|\*|unsafe/);
  const style = readFileSync(join(site, 'style.css'), 'utf8');
  assert.not.match(style, /url\(/);
});

test('the server sends the policy with every file, and nothing from outside of its folder', async () => {
  const server = await serveSite(0, site);
  try {
    for (const path of ['', 'page.js', 'worker.js', 'none.js']) {
      const { headers } = await fetch(server.url + path);
      assert.match(headers.get('content-security-policy')!, "connect-src 'self'", path);
      assert.is(headers.get('set-cookie'), null);
    }
    for (const path of ['%2e%2e/package.json', '..%2fpackage.json', '_headers']) {
      assert.is((await fetch(server.url + path)).status, 404, path);
    }
  } finally {
    server.close();
  }
});

/** Relative luminance of `#rgb` or `#rrggbb` (WCAG 2). */
function luminance(colour: string): number {
  const digits = colour.length === 4 ? [...colour.slice(1)].map((d) => d + d) : colour.slice(1).match(/../g)!;
  const [r, g, b] = digits.map((pair) => {
    const value = Number.parseInt(pair, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test('text can be read, light and dark', () => {
  const style = readFileSync(join(ROOT, 'web/style/base.css'), 'utf8');
  const blocks = [...style.matchAll(/:root \{([^}]*)\}/g)].map(
    ([, body]) => new Map([...body!.matchAll(/--([\w-]+): (#\w+)/g)].map(([, name, colour]) => [name!, colour!])),
  );
  const [light, dark] = blocks as [Map<string, string>, Map<string, string>];
  const pairs = [
    ...['ink', 'quiet', 'accent', 'good', 'bad'].flatMap((text) => [
      [text, 'ground'],
      [text, 'sheet'],
    ]),
    ...['ink', 'quiet', 'bad'].map((text) => [text, 'bad-soft']),
    ...['ink', 'quiet', 'warn'].map((text) => [text, 'warn-soft']),
    ['accent-ink', 'accent'],
  ] as [string, string][];
  for (const [name, colours] of [
    ['light', light],
    ['dark', new Map([...light, ...dark])],
  ] as const) {
    for (const [text, ground] of pairs) {
      const ratio = contrast(colours.get(text)!, colours.get(ground)!);
      assert.ok(ratio >= 4.5, `${name}: ${text} on ${ground} has a contrast of ${ratio.toFixed(2)}`);
    }
  }
});

test.run();
