import { counted, type Finding } from './finding.js';

/** A frame as its source names it. */
export interface NamedFrame {
  /** What names the tracklet among all others of the source: its name, or the folder and the name in it. */
  readonly tracklet: string;
  readonly identity: string;
  readonly camera: string | undefined;
  readonly split: string;
  /** Where it is said: a path, perhaps with a row. */
  readonly where: string;
}

const FIELDS = ['identity', 'camera', 'split'] as const;

/** The first two frames of a tracklet that differ in identity, camera or split, in words; nothing when none do. */
function differing(frames: readonly NamedFrame[]): string | undefined {
  const first = frames[0]!;
  for (const field of FIELDS) {
    const other = frames.find((frame) => frame[field] !== first[field]);
    if (!other) continue;
    const says = (frame: NamedFrame): string => `${field} ${frame[field] ?? 'not given'} in ${frame.where}`;
    return `${first.tracklet} (${says(first)}, ${says(other)})`;
  }
  return undefined;
}

/**
 * What to say of names of tracklets that stand for more than one identity, camera or split. Each part counts as a tracklet of its
 * own. Where most names do, they begin anew with each identity or camera, which a note says; few of them are a warning: a tracker
 * that went from one individual to another, or a wrong row.
 */
export function sharedTrackletNames(frames: readonly NamedFrame[]): {
  readonly problems: readonly Finding[];
  readonly notes: readonly string[];
} {
  const names = new Map<string, NamedFrame[]>();
  for (const frame of frames) {
    const group = names.get(frame.tracklet);
    if (group) group.push(frame);
    else names.set(frame.tracklet, [frame]);
  }
  const shared = [...names.values()].map(differing).filter((words) => words !== undefined);
  if (shared.length === 0) return { problems: [], notes: [] };
  if (shared.length * 2 > names.size) {
    const note =
      'names of tracklets begin anew with each identity, camera or split: the same name counts as several tracklets, ' +
      `first ${shared[0]}`;
    return { problems: [], notes: [note] };
  }
  const mixed: Finding = {
    level: 'warning',
    code: 'tracklet-mixed',
    message: `${counted(
      shared.length,
      'tracklet has frames of several identities, cameras or splits and counts',
      'tracklets have frames of several identities, cameras or splits and count',
    )} as several, first ${shared[0]}`,
    advice:
      'A tracklet shows one identity in one camera and belongs to one split: correct these frames, or number the parts apart.',
    items: shared,
  };
  return { problems: [mixed], notes: [] };
}

/**
 * What to say of frames without a number beside others of their tracklet that have one: such a tracklet is ordered by the names of
 * its files.
 */
export function unnumberedFrames(
  frames: readonly { readonly unit: string; readonly frame: number | undefined; readonly where: string }[],
): readonly Finding[] {
  const numbered = new Set(frames.flatMap(({ unit, frame }) => (frame === undefined ? [] : [unit])));
  const without = frames.filter(({ unit, frame }) => frame === undefined && numbered.has(unit));
  if (without.length === 0) return [];
  const tracklets = new Set(without.map(({ unit }) => unit)).size;
  const items = without.map(({ where }) => where);
  return [
    {
      level: 'warning',
      code: 'frame-unnumbered',
      message:
        `${counted(without.length, 'frame has', 'frames have')} no number though others of the tracklet do, first ${items[0]}: ` +
        `${counted(tracklets, 'tracklet is', 'tracklets are')} ordered by the names of the files`,
      advice: 'Fill in the column of frame numbers.',
      items,
    },
  ];
}
