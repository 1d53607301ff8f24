import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceName } from './report.js';

/** The folder of package.json, seen from dist/test/. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The compiled test files below `folder` (as `test/engine`) whose names match; the leftovers of deleted sources do not count. */
export function testFiles(folder: string, only = /(?:)/): string[] {
  const top = join(ROOT, 'dist', folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(top, name))
    .filter((file) => existsSync(join(ROOT, sourceName(ROOT, file))) && only.test(sourceName(ROOT, file)))
    .sort();
}
