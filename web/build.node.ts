import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The folder of package.json, seen from dist/web/. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the page's files go. */
export const SITE = join(ROOT, 'dist/site');

/**
 * What the page may do: load and connect to its own origin, and nothing else. Styles that scripts set on elements are no inline
 * styles, so none are allowed.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Headers that a server should send; a host that cannot still has the policy of the page itself. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `${POLICY}; frame-ancestors 'none'`,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
};

/** Bundles the compiled page and its workers into a folder: files that any host can serve. What was in it is gone. */
export async function buildSite(site = SITE): Promise<void> {
  rmSync(site, { recursive: true, force: true });
  mkdirSync(site, { recursive: true });
  const compiled = (name: string) => join(ROOT, 'dist/web', name);
  await build({
    entryPoints: {
      page: compiled('page/main.js'),
      worker: compiled('worker/main.js'),
      decoder: compiled('worker/decoder.js'),
      style: join(ROOT, 'web/style.css'),
    },
    outdir: site,
    bundle: true,
    splitting: true,
    chunkNames: 'part-[hash]',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
    absWorkingDir: ROOT,
  });
  const page = readFileSync(join(ROOT, 'web/index.html'), 'utf8');
  writeFileSync(join(site, 'index.html'), page.replace('POLICY', POLICY));
  cpSync(join(ROOT, 'web/icon.svg'), join(site, 'icon.svg'));
  // Hosts that read such a file send these headers.
  const lines = Object.entries(HEADERS).map(([name, value]) => `  ${name}: ${value}`);
  writeFileSync(join(site, '_headers'), `/*\n${lines.join('\n')}\n`);
}
