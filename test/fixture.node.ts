import { readFile } from 'node:fs/promises';

/** Node's twin of fixture.browser.ts; this file runs as dist/test/fixture.node.js. */
export async function readFixture(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`../../test/fixtures/${name}`, import.meta.url)));
}
