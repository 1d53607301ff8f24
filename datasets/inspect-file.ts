import { readBytes } from './decode-file.js';
import { DatasetError } from './error.js';
import { decodeImage, probeImage } from './image.js';
import type { Inspection } from './inspect.js';

/** A short name for some bytes, that two different ones do not share. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param decode look at every pixel; otherwise at the beginning, the end and the size */
export async function inspectFile(path: string, decode: boolean): Promise<Inspection> {
  const found = { path, bytes: 0, width: 0, height: 0 };
  try {
    const bytes = await readBytes(path);
    found.bytes = bytes.length;
    const { width, height } = probeImage(bytes, path);
    if (decode) await decodeImage(bytes, path);
    return { ...found, width, height, hash: await hashOf(bytes) };
  } catch (error) {
    if (error instanceof DatasetError) return { ...found, problem: error.message };
    throw error;
  }
}
