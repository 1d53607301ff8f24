import { readFixture } from '#fixtures';

/**
 * The bytes of test/fixtures/NAME, in Node and in the browser.
 *
 * @example
 *   const bytes = await loadBytes('io/tiny.safetensors');
 */
export function loadBytes(name: string): Promise<Uint8Array> {
  return readFixture(name);
}

/** The value of test/fixtures/NAME, a JSON file. */
export async function loadJson(name: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readFixture(name)));
}
