import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoldenText } from './plan.js';

/** The golden files (*.json) in a folder and its folders, in the order of their names. */
export function readGoldenFiles(dir: string): GoldenText[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => ({
    file: name.replace(/\.json$/, '').replaceAll('\\', '/'),
    text: readFileSync(join(dir, name), 'utf8'),
  }));
}
