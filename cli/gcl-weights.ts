import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedArray } from '../engine/io/arrays.js';
import { openFile, readFileBytes } from '../engine/io/files.node.js';
import { readPth } from '../engine/io/pth.js';
import { openSafetensors } from '../engine/io/safetensors.js';
import { FormatError } from '../engine/io/source.js';
import { arraysOf } from '../reid/models/checkpoints/import.js';
import { UsageError } from './command.js';

/** Wrappers of the release's files. */
const WRAPPERS = ['gen', 'dis', 'id'] as const;

/**
 * The arrays of files with weights: runs, their checkpoints, or PyTorch files of the release (`{gen}`, `{dis}`, `{id}`) or of an encoder.
 *
 * @throws UsageError or FormatError naming the file
 */
export async function readGCLWeights(places: readonly string[]): Promise<Map<string, ReadonlyMap<string, NamedArray>>> {
  const files = new Map<string, ReadonlyMap<string, NamedArray>>();
  for (const place of places) {
    if (!existsSync(place)) throw new UsageError(`--weights: ${place} is not there. Give a run's folder or a file.`);
    const path = statSync(place).isDirectory() ? join(place, 'checkpoint.safetensors') : place;
    if (!existsSync(path))
      throw new UsageError(`--weights: ${place} holds no checkpoint.safetensors. Is it a run's folder?`);
    files.set(path, path.endsWith('.safetensors') ? await fromSafetensors(path) : await fromPth(path));
  }
  return files;
}

async function fromSafetensors(path: string): Promise<Map<string, NamedArray>> {
  const file = await openFile(path);
  try {
    const { entries, read } = await openSafetensors(file);
    const arrays = new Map<string, NamedArray>();
    for (const name of entries.keys()) if (!name.startsWith('optimiser.')) arrays.set(name, await read(name));
    return arrays;
  } finally {
    await file.close();
  }
}

async function fromPth(path: string): Promise<Map<string, NamedArray>> {
  const { value } = await readPth(await readFileBytes(path), path);
  const inside = (key: string): unknown =>
    value instanceof Map ? value.get(key) : (value as Record<string, unknown> | null)?.[key];
  const wrapped = WRAPPERS.filter((key) => inside(key) !== undefined);
  if (wrapped.length === 0) return arraysOf(value);
  const arrays = new Map<string, NamedArray>();
  for (const key of wrapped) for (const [name, array] of arraysOf(inside(key))) arrays.set(`${key}.${name}`, array);
  if (arrays.size === 0) throw new FormatError(`${path} holds no arrays`);
  return arrays;
}
