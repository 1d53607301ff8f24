import { counted, whole } from '../words.js';
import type { ChosenFile, HandedFolder } from '../worker/handed-files.js';
import { call } from './engine.js';

/** A folder that somebody chose or dropped. */
export interface ChosenFolder {
  readonly name: string;
  readonly files: readonly ChosenFile[];
}

let numbers = 0;

/** Files of the first piece, and milliseconds that a piece should take. */
const FIRST_PIECE = 8;
const PIECE_TIME = 40;

/**
 * Hands the files of a folder over to the worker, piece by piece: the browser looks each one up on the disk when it is handed over, which
 * holds the page up, for seconds where there are ten thousand.
 *
 * @param tell how far it is, in words as well
 * @throws what `signal` was aborted for; the worker then forgets what it has
 */
export async function handOver(
  { name, files }: ChosenFolder,
  tell: (done: number, total: number, words: string) => void,
  signal?: AbortSignal,
): Promise<HandedFolder> {
  const handed = ++numbers;
  let piece = FIRST_PIECE;
  for (let done = 0; done < files.length; ) {
    tell(done, files.length, `${whole(done)} of ${counted(files.length, 'file')} listed`);
    const start = performance.now();
    const taken = call('handFiles', { to: handed, files: files.slice(done, done + piece) });
    const took = performance.now() - start;
    await taken;
    done += piece;
    piece = Math.max(1, Math.round(piece * Math.min(2, PIECE_TIME / Math.max(took, 1))));
    if (signal?.aborted) {
      await call('dropFiles', { to: handed });
      throw signal.reason;
    }
  }
  return { name, handed };
}

/** A word that may begin a data set's path: what `?`, `+` and `;` stand for in a line would be misread. */
const plainName = (name: string): string => name.replace(/[?+;:&]/g, '_') || 'pictures';

/** The files of an `<input type="file" webkitdirectory>`. */
export function filesOfInput(list: FileList): ChosenFolder {
  const files = [...list];
  const name = plainName(files[0]?.webkitRelativePath.split('/')[0] ?? 'pictures');
  return {
    name,
    files: files.map((file) => [file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file] as const),
  };
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function* entriesBelow(entry: FileSystemEntry, path: string): AsyncGenerator<readonly [string, File]> {
  if (entry.isFile) yield [path, await fileOf(entry as FileSystemFileEntry)];
  if (!entry.isDirectory) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const more = (): Promise<FileSystemEntry[]> => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  // A reader hands out a hundred at a time.
  for (let entries = await more(); entries.length > 0; entries = await more()) {
    for (const inner of entries) yield* entriesBelow(inner, path === '' ? inner.name : `${path}/${inner.name}`);
  }
}

/**
 * What was dropped: a folder, or some files.
 *
 * @throws Error when there is no file in it
 */
export async function filesOfDrop(transfer: DataTransfer): Promise<ChosenFolder> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const [first] = entries;
  if (!first) throw new Error('No file or folder was dropped.');
  const files: (readonly [string, File])[] = [];
  if (entries.length === 1 && first.isDirectory) {
    for await (const file of entriesBelow(first, '')) files.push(file);
    return { name: plainName(first.name), files };
  }
  for (const entry of entries) for await (const file of entriesBelow(entry, entry.name)) files.push(file);
  return { name: 'pictures', files };
}
