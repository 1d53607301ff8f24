import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'] as const;
const before = VARIABLES.map((name) => process.env[name]);
const folders: string[] = [];

test.before.each(() => {
  for (const name of VARIABLES) delete process.env[name];
});

test.after(() => {
  VARIABLES.forEach((name, i) => {
    if (before[i] === undefined) delete process.env[name];
    else process.env[name] = before[i];
  });
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A package of its own, with or without an installed driver; calls its useInstalledDriver() and returns its folder. */
async function callIn(description?: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'driver-'));
  folders.push(folder);
  mkdirSync(join(folder, 'dist/engine'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const copy = join(folder, 'dist/engine/dawn-driver.node.js');
  copyFileSync(fileURLToPath(new URL('../../engine/dawn-driver.node.js', import.meta.url)), copy);
  if (description !== undefined) {
    mkdirSync(join(folder, '.vulkan'));
    writeFileSync(join(folder, '.vulkan/driver.json'), description);
  }
  const { useInstalledDriver } = await import(pathToFileURL(copy).href);
  useInstalledDriver();
  return folder;
}

const DESCRIPTION = JSON.stringify({ icd: 'icd.json', libraries: ['lib/libnone.so.1'] });

test('without an installed driver nothing happens', async () => {
  await callIn();
  assert.is(process.env.VK_ADD_DRIVER_FILES, undefined);
});

test('a description that is cut off counts as none', async () => {
  await callIn('{ "icd":');
  assert.is(process.env.VK_ADD_DRIVER_FILES, undefined);
});

test('an installed driver joins those of the system, also when a library of it is gone', async () => {
  const folder = await callIn(DESCRIPTION);
  assert.is(process.env.VK_ADD_DRIVER_FILES, join(folder, '.vulkan/icd.json'));
});

for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const) {
  test(`a driver chosen with ${name} stays alone`, async () => {
    process.env[name] = '/somewhere/icd.json';
    await callIn(DESCRIPTION);
    assert.is(process.env.VK_ADD_DRIVER_FILES, undefined);
  });
}

test.run();
