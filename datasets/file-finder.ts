import { basename, dirname, join, listFolder } from '#files';
import type { FolderEntry } from './file-system.js';
import { exists } from './files.js';

interface Listing {
  /** The folder as it is spelt on disk. */
  readonly folder: string;
  readonly names: ReadonlySet<string>;
  /** Names by `looseKey`; null where two share it. */
  readonly loose: ReadonlyMap<string, string | null>;
}

/** The same for names that people take for the same: other case, accents composed or not (macOS writes them apart). */
const looseKey = (name: string): string => name.normalize('NFC').toLowerCase();

/**
 * Finds files by names that somebody wrote down: exactly, or, where there is no such file, the one whose name differs in case or in
 * the Unicode form of its accents only. Each folder is listed once.
 */
export class FileFinder {
  readonly #listings = new Map<string, Promise<Listing | undefined>>();

  /** The file as it is spelt on disk, or undefined when there is none. */
  async find(path: string): Promise<string | undefined> {
    const listing = await this.#list(dirname(path));
    if (!listing) return (await exists(path)) ? path : undefined;
    const name = basename(path);
    if (listing.names.has(name)) return join(listing.folder, name);
    const other = listing.loose.get(looseKey(name));
    return other ? join(listing.folder, other) : undefined;
  }

  #list(folder: string): Promise<Listing | undefined> {
    let listing = this.#listings.get(folder);
    if (!listing) {
      listing = this.#read(folder);
      this.#listings.set(folder, listing);
    }
    return listing;
  }

  async #read(folder: string): Promise<Listing | undefined> {
    let actual: string | undefined = folder;
    let entries: FolderEntry[];
    try {
      entries = await listFolder(folder);
    } catch {
      actual = dirname(folder) === folder ? undefined : await this.find(folder);
      if (actual === undefined || actual === folder) return undefined;
      entries = await listFolder(actual).catch(() => []);
    }
    const names = entries.map(({ name }) => name);
    const loose = new Map<string, string | null>();
    for (const name of names) loose.set(looseKey(name), loose.has(looseKey(name)) ? null : name);
    return { folder: actual, names: new Set(names), loose };
  }
}
