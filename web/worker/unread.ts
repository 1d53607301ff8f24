/** What is in a chosen folder that this page does not open as it stands, and what to do about it. */
export interface Unread {
  /** What it is. */
  readonly what: string;
  /** What to do. */
  readonly advice: string;
  /** A pattern of names by which its pictures can be read here. */
  readonly pattern?: string;
}

interface Kind {
  readonly title: string;
  /** Why not. */
  readonly because: string;
  /** By which its pictures can be read all the same, below the folder that was found. */
  readonly pattern?: string;
}

const DRAWN = 'its splits are drawn and written beside it, which a page cannot do';
const CLIPS = 'its tracklets are for recipes of clips, which the command line trains';

/** Kinds of data sets that the command line opens and this page does not. */
const KINDS: Readonly<Record<string, Kind>> = {
  cuhk03: { title: 'CUHK03', because: 'its splits lie in files of MATLAB' },
  cuhk01: { title: 'CUHK01', because: DRAWN },
  prid2011: {
    title: 'PRID-2011, one picture a camera',
    because: DRAWN,
    pattern: 'single_shot/cam_{camera}/person_{id}.png',
  },
  'prid2011-video': {
    title: 'PRID-2011’s tracklets',
    because: CLIPS,
    pattern: 'multi_shot/cam_{camera}/person_{id}/*.png',
  },
  mars: { title: 'MARS', because: CLIPS },
  ilidsvid: { title: 'iLIDS-VID', because: CLIPS },
};

/**
 * What a guessed line (`prid2011:photos/prid`) is that this page cannot open.
 *
 * @param folder the chosen folder's name, with which paths begin
 */
export function unreadOf(guess: string, folder: string): Unread | undefined {
  const [kind = '', place = ''] = [guess.slice(0, guess.indexOf(':')), guess.slice(guess.indexOf(':') + 1)];
  const known = KINDS[kind];
  if (!known) return undefined;
  const below = place === folder ? '' : `${place.slice(folder.length + 1)}/`;
  const pattern = known.pattern && `${below}${known.pattern}`;
  const here = pattern
    ? 'Here its pictures can be read one by one, by their names: read it this way, below, with splits that are not the published ones.'
    : 'Here its pictures can be read one by one: make a folder for each identity, or a table, and say so below.';
  return {
    what: `This is ${known.title}: ${known.because}.`,
    advice: `With its own splits: node cli/train.js --data ${kind}:${place}. ${here}`,
    pattern,
  };
}

/** Pictures looked at. */
const FEW = 2000;

/** True for `anna/walk1/001.jpg`: a folder of frames for each tracklet, below that of the identity. */
export function areTracklets(pictures: readonly string[]): boolean {
  const some = pictures.slice(0, FEW).map((path) => path.split('/'));
  const deep = some.filter((parts) => parts.length === 3);
  if (deep.length === 0 || deep.length < some.length) return false;
  // Where no folder has two frames, it is another level of sorting.
  const folders = new Set(deep.map((parts) => parts.slice(0, 2).join('/')));
  return deep.length >= 2 * folders.size;
}

/** What is said of frames of tracklets. */
export const framesOf = (name: string): Unread => ({
  what: 'These look like frames of tracklets: a folder for each tracklet, below that of the identity.',
  advice: `Every frame counts as a picture of its own here. Recipes of clips are trained by the command line: node cli/train.js fgreid-video --data 'folder:${name}?tracklets=yes'.`,
});
