import { createHash } from 'node:crypto';
import { readBytes } from './decode-file.node.js';
import { DatasetError } from './error.js';
import { decodeImage, probeImage } from './image.js';
import type { Inspection } from './inspect.js';

/** A short name for some bytes, that two different ones do not share. */
export const hashOf = (...parts: readonly (Uint8Array | string)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};

/** @param decode look at every pixel; otherwise at the beginning, the end and the size */
export async function inspectFile(path: string, decode: boolean): Promise<Inspection> {
  const found = { path, bytes: 0, width: 0, height: 0 };
  try {
    const bytes = await readBytes(path);
    found.bytes = bytes.length;
    const { width, height } = probeImage(bytes, path);
    if (decode) await decodeImage(bytes, path);
    return { ...found, width, height, hash: hashOf(bytes) };
  } catch (error) {
    if (error instanceof DatasetError) return { ...found, problem: error.message };
    throw error;
  }
}
