import { basename } from '#files';

/** A pattern for `pattern:` or `folder:` that fits names, and what it would read of them. */
export interface GuessedNames {
  /** For `name=`. */
  readonly pattern: string;
  readonly camera: boolean;
}

/** What stands before the number of a camera. */
const CAMERA = /(?:^|[_\- .])(c|cam|camera)(\d{1,3})(?=$|[^0-9])/i;

const stem = (file: string): string => basename(file).replace(/\.\w+$/, '');

/** The camera's part of a pattern, where all names have one and there is more than one. */
function guessCamera(stems: readonly string[]): { readonly before: string; readonly sep: string } | undefined {
  const found = stems.map((name) => CAMERA.exec(name));
  if (!found.every((match) => match !== null)) return undefined;
  if (new Set(found.map((match) => match[1]!.toLowerCase())).size > 1) return undefined;
  const cameras = new Set(found.map((match) => match[2]!));
  if (cameras.size < 2 || cameras.size > Math.max(2, stems.length / 2)) return undefined;
  const [first] = found as [RegExpExecArray];
  // What follows ends the number: the pattern needs a character there that all names share.
  const after = new Set(found.map((match, i) => stems[i]![match.index + match[0].length]?.toLowerCase() ?? '.'));
  if (after.size !== 1) return undefined;
  return { before: first[0].replace(/\d+$/, ''), sep: [...after][0]! };
}

/** `*_c{camera}_*` where the names of pictures in folders of identities tell their cameras; else undefined. */
export function guessCameraPattern(files: readonly string[]): string | undefined {
  const camera = guessCamera(files.map(stem));
  if (!camera) return undefined;
  const start = files.every((file) => CAMERA.exec(stem(file))!.index === 0 && !/^[_\- .]/.test(stem(file)));
  return `${start ? '' : '*'}${camera.before}{camera}${camera.sep}*`;
}

/**
 * A pattern that reads identities (and cameras) of the names of pictures that lie together: the part before the first separator is the
 * identity where it repeats.
 *
 * @example
 *   guessNames(['anna_c1_001.jpg', 'anna_c2_001.jpg', 'bert_c1_001.jpg', 'bert_c2_001.jpg']);   // {id}_c{camera}_*
 */
export function guessNames(files: readonly string[]): GuessedNames | undefined {
  const stems = files.map(stem);
  for (const sep of ['__', '_', '-', ' ', '.']) {
    if (!stems.every((name) => name.indexOf(sep) > 0)) continue;
    const identities = new Set(stems.map((name) => name.slice(0, name.indexOf(sep))));
    if (identities.size < 2 || identities.size > files.length / 2) continue;
    const rests = stems.map((name) => name.slice(name.indexOf(sep) + sep.length));
    const camera = guessCamera(rests);
    if (!camera) return { pattern: `{id}${sep}*`, camera: false };
    const start = rests.every((rest) => CAMERA.exec(rest)!.index === 0 && !/^[_\- .]/.test(rest));
    return { pattern: `{id}${sep}${start ? '' : '*'}${camera.before}{camera}${camera.sep}*`, camera: true };
  }
  return undefined;
}
