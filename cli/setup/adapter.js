import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, setupError, since } from './command.js';
import { unpackMesa } from './mesa.js';
import { unpackSwiftShader } from './swiftshader.js';

/** Where a software driver goes; engine/dawn-driver.node.ts looks there. */
const FOLDER = join(ROOT, '.vulkan');
const DESCRIPTION = join(FOLDER, 'driver.json');

const PROBE = fileURLToPath(new URL('probe.js', import.meta.url));
const PROBE_LIMIT = 60_000;

/** In order of preference: Mesa is the faster one, and has f16 and subgroups. */
const SOURCES = [
  { name: 'Mesa (Debian packages)', unpack: unpackMesa },
  { name: 'SwiftShader (from an npm package)', unpack: unpackSwiftShader },
];

/** What Dawn finds: `{ adapter }`, `{}` for none, or `{ broken }` where Dawn itself does not start. */
function probe(...args) {
  const { stdout, stderr, signal, error } = spawnSync(process.execPath, [PROBE, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: PROBE_LIMIT,
  });
  if (error?.code === 'ETIMEDOUT') return { log: `The probe gave no answer in ${PROBE_LIMIT / 1000} s.` };
  const log = `${stderr ?? ''}${signal ? `\nThe probe was ended by ${signal}.` : ''}`.trim();
  try {
    return { ...JSON.parse(stdout.trim().split('\n').at(-1)), log };
  } catch {
    return { log };
  }
}

/** Dawn refuses to load: says why, as far as that is known. */
function explainBroken(reason) {
  const hints = {
    linux: /GLIBC|ld-linux|musl/.test(reason)
      ? 'Its binary needs glibc as new as in Debian 12 or Ubuntu 22.04; Alpine and other musl systems can not load it.'
      : `It has binaries for linux-x64 and linux-arm64; this is linux-${process.arch}.`,
    darwin: 'If macOS blocks it: xattr -dr com.apple.quarantine node_modules/webgpu/dist',
    win32: 'It may need the Microsoft Visual C++ Redistributable.',
  };
  const hint = hints[process.platform] ?? `It has no binary for ${process.platform}.`;
  return setupError(`Dawn (the package "webgpu") does not start: ${reason}\n${hint}`);
}

/**
 * Step 3: makes sure that an adapter answers, and returns its name. The machine's own drivers come first; a driver of ours
 * is installed only where none of them answers, and goes away once one does.
 */
export function ensureAdapter(say) {
  const own = probe();
  if (own.broken) throw explainBroken(own.broken);
  if (own.adapter) {
    // Chosen by hand for this one run says nothing about the machine.
    const chosen = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
    if (!chosen && existsSync(FOLDER)) {
      rmSync(FOLDER, { recursive: true, force: true });
      say('a GPU adapter of the system answers now: removed the software driver in .vulkan/');
    }
    return own.adapter;
  }
  if (process.platform !== 'linux') {
    throw setupError(
      `no GPU adapter answers on this machine.${own.log && `\n    ${own.log}`}\n` +
        'Update the graphics driver (Windows: Direct3D 12 or Vulkan; macOS: Metal). A software driver can be installed only on Linux.',
    );
  }
  const installed = existsSync(DESCRIPTION) && probe('--installed').adapter;
  return installed || installDriver(say, own.log);
}

/** Tries each source until an adapter answers. */
function installDriver(say, log) {
  say('no GPU adapter answers; getting a software Vulkan driver (about 65 MB, into .vulkan/, no root needed) ...');
  const reasons = [];
  for (const { name, unpack } of SOURCES) {
    const start = performance.now();
    // Unpacked beside and renamed, so that .vulkan/ is whole or absent.
    const work = `${FOLDER}.${process.pid}`;
    try {
      mkdirSync(work, { recursive: true });
      const description = unpack(work);
      writeFileSync(join(work, 'driver.json'), `${JSON.stringify(description, null, 2)}\n`);
      rmSync(FOLDER, { recursive: true, force: true });
      renameSync(work, FOLDER);
      const { adapter, broken, log } = probe('--installed');
      if (adapter) {
        say(`installed ${name} in ${since(start)}`);
        return adapter;
      }
      rmSync(FOLDER, { recursive: true, force: true });
      reasons.push(`${name}: Dawn finds no adapter with it.\n    ${broken ?? log}`);
    } catch (error) {
      if (!error.expected) throw error;
      reasons.push(`${name}: ${error.message}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  throw setupError(
    `no GPU adapter answers, and no software Vulkan driver could be installed.\n${log && `    ${log}\n`}` +
      `${reasons.map((reason) => `  - ${reason}\n`).join('')}` +
      'Install a Vulkan driver yourself, then run this again. Mesa 25 or newer has a software one: on Debian and Ubuntu the\n' +
      'packages libvulkan1 and mesa-vulkan-drivers (on Debian 12 from bookworm-backports), on Fedora vulkan-loader and\n' +
      'mesa-vulkan-drivers, on Arch vulkan-icd-loader and vulkan-swrast.',
  );
}
