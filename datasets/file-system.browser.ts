import type { FileFacts, FolderEntry } from './file-system.js';

/** A file that somebody chose: a `File`, or what can be asked for one. */
export type MountedFile = Blob | (() => Promise<Blob>);

type Folder = Map<string, Folder | MountedFile>;

const top: Folder = new Map();

const isFolder = (node: Folder | MountedFile | undefined): node is Folder => node instanceof Map;

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

function missing(path: string): Error {
  return Object.assign(new Error('there is no such file'), { code: 'ENOENT', path });
}

function find(path: string): Folder | MountedFile {
  let node: Folder | MountedFile = top;
  for (const part of partsOf(resolve(path))) {
    const inner: Folder | MountedFile | undefined = isFolder(node) ? node.get(part) : undefined;
    if (inner === undefined) throw missing(path);
    node = inner;
  }
  return node;
}

/**
 * Makes files readable by the readers of data sets, below a folder of that name; in place of what was there.
 *
 * @param files by their paths in the folder, with `/`
 */
export function mountFolder(name: string, files: Iterable<readonly [string, MountedFile]>): void {
  const root: Folder = new Map();
  for (const [path, file] of files) {
    const parts = partsOf(path);
    let folder = root;
    for (const part of parts.slice(0, -1)) {
      let inner = folder.get(part);
      if (!isFolder(inner)) {
        inner = new Map();
        folder.set(part, inner);
      }
      folder = inner;
    }
    folder.set(parts.at(-1)!, file);
  }
  top.set(name, root);
}

/** Forgets a folder. */
export function unmountFolder(name: string): void {
  top.delete(name);
}

/** The file at a path below a mounted folder; undefined when there is none. */
export async function mountedFile(path: string): Promise<Blob | undefined> {
  try {
    const node = find(path);
    if (isFolder(node)) return undefined;
    return node instanceof Blob ? node : await node();
  } catch {
    return undefined;
  }
}

export async function listFolder(path: string): Promise<FolderEntry[]> {
  const node = find(path);
  if (!isFolder(node)) throw missing(path);
  return [...node].map(([name, inner]) => ({
    name,
    isFile: () => !isFolder(inner),
    isDirectory: () => isFolder(inner),
    isSymbolicLink: () => false,
  }));
}

export async function factsOf(path: string): Promise<FileFacts> {
  const node = find(path);
  return { isFile: () => !isFolder(node), isDirectory: () => isFolder(node) };
}

export async function readBytesOf(path: string): Promise<Uint8Array> {
  const node = find(path);
  if (isFolder(node)) throw missing(path);
  const blob = node instanceof Blob ? node : await node();
  return new Uint8Array(await blob.arrayBuffer());
}

export const sep = '/';

/** Folders begin at the top, which has no name: `photos/anna/1.jpg`. */
export function resolve(...parts: string[]): string {
  const out: string[] = [];
  for (const path of parts) {
    if (path.startsWith('/')) out.length = 0;
    for (const part of partsOf(path)) {
      if (part === '..') out.pop();
      else out.push(part);
    }
  }
  return out.join('/');
}

export const join = (...parts: string[]): string => resolve(parts.filter((part) => part !== '').join('/'));

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const dirname = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');

export function extname(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}
