/** A folder that somebody chose or dropped, as the worker takes it. */
export interface ChosenFolder {
  readonly name: string;
  readonly files: readonly (readonly [string, File])[] | FileSystemDirectoryHandle;
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
