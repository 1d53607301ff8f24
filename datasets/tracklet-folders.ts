import { join } from '#files';
import { isPicture, walkFolders } from './files.js';
import { counted, type Finding } from './finding.js';

/** Folders of tracklets in which no picture lies. Those above them, which hold folders only, are not meant. */
export async function emptyTracklets(root: string, depth: number): Promise<string[]> {
  const empty: string[] = [];
  for await (const { folder, files, folders } of walkFolders(root)) {
    const level = folder === '' ? 0 : folder.split('/').length;
    if (level === depth && folders.length === 0 && !files.some(isPicture)) empty.push(join(root, folder));
  }
  return empty;
}

/**
 * What to say of folders of tracklets without a frame.
 *
 * @param optional true: they may be left out by an option
 */
export const sayEmptyTracklets = (empty: readonly string[], optional = false): Finding => ({
  level: 'error',
  code: 'empty-tracklet',
  message: `${counted(empty.length, 'tracklet')} without a frame, first the folder ${empty[0]}`,
  advice: optional
    ? 'Put the frames back or delete the folder; or have it left out by the option missing=skip.'
    : 'Unpack the dataset again.',
  items: empty,
});
