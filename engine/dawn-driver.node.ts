import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What cli/setup/ leaves beside the driver; paths are relative to its folder. */
interface InstalledDriver {
  /** The manifest by which the Vulkan loader finds the driver. */
  readonly icd: string;
  /** Libraries that are on no library path, each after those that it needs. */
  readonly libraries: readonly string[];
}

/** `.vulkan/` at the package's root, seen from dist/engine/. */
const FOLDER = new URL('../../.vulkan/', import.meta.url);

/** glibc's flag to keep a library when it is closed; `os.constants.dlopen` lacks it. */
const RTLD_NODELETE = 0x1000;

/**
 * Makes the software Vulkan driver that `npm run setup` installed visible to Dawn; does nothing where there is none, or where
 * the environment already names a driver. Call it before Dawn starts.
 *
 * The driver joins those of the system (`VK_ADD_DRIVER_FILES`), so that a real GPU is still preferred.
 */
export function useInstalledDriver(): void {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (VK_DRIVER_FILES || VK_ICD_FILENAMES) return;
  const driver = installedDriver();
  if (!driver) return;
  for (const library of driver.libraries) preload(fileURLToPath(new URL(library, FOLDER)));
  process.env.VK_ADD_DRIVER_FILES ??= fileURLToPath(new URL(driver.icd, FOLDER));
}

function installedDriver(): InstalledDriver | undefined {
  try {
    return JSON.parse(readFileSync(new URL('driver.json', FOLDER), 'utf8')) as InstalledDriver;
  } catch {
    return undefined;
  }
}

/**
 * Loads a shared library by its path; whoever asks for it by its bare name later gets this one. Node loads it, sees that it is
 * no addon, closes it and throws: NODELETE keeps it. A library that can not be loaded shows as an adapter that does not answer.
 */
function preload(path: string): void {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
  } catch {}
}
