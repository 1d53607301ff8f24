import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeJpeg, encodePng } from '../../datasets/index.js';
import { pseudoPicture } from './pseudo-picture.js';

/** Runs `work` with a new folder that holds the named files, and removes it afterwards. Pictures get small contents. */
export async function withFiles<T>(
  files: Readonly<Record<string, string | Uint8Array | undefined>>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'datasets-'));
  try {
    const [jpeg, png] = [await encodeJpeg(pseudoPicture(6, 12)), await encodePng(pseudoPicture(6, 12))];
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
      if (!name.endsWith('/')) await writeFile(path, content ?? (/\.png$/i.test(name) ? png : jpeg));
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A record of files with small pictures in them. */
export const pictures = (...names: string[]): Record<string, undefined> =>
  Object.fromEntries(names.map((name) => [name, undefined]));
