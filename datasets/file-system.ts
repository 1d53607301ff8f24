/** What a folder holds, one by one. */
export interface FolderEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** What is at a path, links followed. */
export interface FileFacts {
  isFile(): boolean;
  isDirectory(): boolean;
  /** The same for the same folder by whatever path; undefined where a folder has one path only. */
  readonly place?: string;
}

/**
 * The little of a file system that readers of data sets need, reached as `#files`: the disk in Node, and in a browser the folders that
 * somebody chose (`mountFolder`). What is not there is an error with the code `ENOENT`.
 */
export interface FileSystem {
  /** @throws Error when there is no such folder */
  listFolder(path: string): Promise<FolderEntry[]>;
  /** @throws Error when there is nothing */
  factsOf(path: string): Promise<FileFacts>;
  /** @throws Error when there is no such file, or it cannot be read */
  readBytesOf(path: string): Promise<Uint8Array>;
  join(...parts: string[]): string;
  resolve(...parts: string[]): string;
  basename(path: string): string;
  dirname(path: string): string;
  extname(path: string): string;
  /** What stands between folders. */
  readonly sep: string;
}
