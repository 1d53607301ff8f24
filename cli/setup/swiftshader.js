import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { npm, setupError } from './command.js';

/** A build of Chromium for servers; its SwiftShader and Vulkan loader are all that is used of it. */
const PACKAGE = '@sparticuz/chromium@147.0.0';
const ARCHIVE = 'package/bin/swiftshader.tar.br';

/**
 * SwiftShader, a software Vulkan driver, for systems without apt: out of an npm package, so that it needs no root either.
 * Returns the description that engine/dawn-driver.node.ts reads.
 */
export function unpackSwiftShader(folder) {
  if (process.arch !== 'x64') throw setupError(`there is a build for x64 only; this is ${process.arch}.`);
  const work = join(folder, 'npm');
  mkdirSync(work);
  npm(
    [
      'pack',
      PACKAGE,
      '--pack-destination',
      work,
      '--ignore-scripts',
      '--fetch-retries=1',
      '--fetch-retry-mintimeout=2000',
    ],
    { what: 'Downloading the driver' },
  );
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw setupError(`npm pack ${PACKAGE} left no file.`);
  const inner = tarFiles(gunzipSync(readFileSync(join(work, tarball)))).get(ARCHIVE);
  if (!inner) throw setupError(`${PACKAGE} has no ${ARCHIVE}.`);
  const files = tarFiles(brotliDecompressSync(inner));
  mkdirSync(join(folder, 'lib'));
  for (const name of ['libvk_swiftshader.so', 'libvulkan.so.1']) {
    const data = files.get(name);
    if (!data) throw setupError(`${PACKAGE} has no ${name}.`);
    writeFileSync(join(folder, 'lib', name), data, { mode: 0o755 });
  }
  const icd = {
    file_format_version: '1.0.0',
    ICD: { library_path: './lib/libvk_swiftshader.so', api_version: '1.1.0' },
  };
  writeFileSync(join(folder, 'icd.json'), JSON.stringify(icd));
  rmSync(work, { recursive: true });
  return { icd: 'icd.json', libraries: ['lib/libvulkan.so.1'] };
}

/** The plain files of a tar archive, by name. */
function tarFiles(tar) {
  const files = new Map();
  const text = (at, length) => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at]; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const type = text(at + 156, 1);
    if (type === '' || type === '0')
      files.set(text(at, 100).replace(/^\.\//, ''), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
