import { type ImageRecord, type ReidDataset, SPLITS, type Split } from './dataset.js';
import { counted, type Finding } from './finding.js';

interface Member {
  readonly split: Split;
  readonly record: ImageRecord;
}

function membersOf(dataset: ReidDataset): Map<number, Member[]> {
  const tracklets = new Map<number, Member[]>();
  for (const split of SPLITS) {
    for (const record of dataset[split]) {
      if (record.tracklet === undefined) continue;
      const members = tracklets.get(record.tracklet);
      if (members) members.push({ split, record });
      else tracklets.set(record.tracklet, [{ split, record }]);
    }
  }
  return tracklets;
}

/** The first place where more frames are missing than between the tracklet's nearest ones: `between 12 and 31`. */
function gapOf(members: readonly Member[]): string | undefined {
  const frames = members.map(({ record }) => record.frame);
  if (frames.length < 3 || frames.includes(undefined)) return undefined;
  const steps = frames.slice(1).map((frame, i) => frame! - frames[i]!);
  const usual = Math.min(...steps);
  const at = usual > 0 ? steps.findIndex((step) => step > usual) : -1;
  return at < 0 ? undefined : `between frames ${frames[at]} and ${frames[at + 1]}`;
}

/** The first two frames of a tracklet with one number. */
function sameFrame(members: readonly Member[]): string | undefined {
  const seen = new Map<number, string>();
  for (const { record } of members) {
    if (record.frame === undefined) continue;
    const other = seen.get(record.frame);
    if (other !== undefined) return `frame ${record.frame} (${other} and ${record.path})`;
    seen.set(record.frame, record.path);
  }
  return undefined;
}

/** Looks at tracklets: what is no tracklet, and what may be a broken one. Nothing is said of datasets without. */
export function checkTracklets(dataset: ReidDataset): Finding[] {
  const mixed: string[] = [];
  const single: string[] = [];
  const gaps: string[] = [];
  const repeated: string[] = [];
  for (const members of membersOf(dataset).values()) {
    const [first, ...rest] = members as [Member, ...Member[]];
    const { path } = first.record;
    const differs = ({ split, record }: Member): boolean =>
      split !== first.split || record.identity !== first.record.identity || record.camera !== first.record.camera;
    const other = rest.find(differs);
    if (other) mixed.push(`${path} and ${other.record.path}`);
    if (rest.length === 0) single.push(path);
    const gap = gapOf(members);
    if (gap !== undefined) gaps.push(`${path} (${gap})`);
    const twice = sameFrame(members);
    if (twice !== undefined) repeated.push(twice);
  }
  const findings: Finding[] = [];
  const add = (level: Finding['level'], code: string, items: string[], message: string, advice: string): void => {
    if (items.length > 0) findings.push({ level, code, message: `${message}, first ${items[0]}`, advice, items });
  };
  add(
    'error',
    'tracklet-mixed',
    mixed,
    counted(
      mixed.length,
      'tracklet has frames of two identities, cameras or splits',
      'tracklets have frames of two identities, cameras or splits',
    ),
    'A tracklet shows one identity in one camera, and belongs to one split: number them apart.',
  );
  add(
    'warning',
    'frame-twice',
    repeated,
    counted(repeated.length, 'tracklet has two pictures of one frame', 'tracklets have two pictures of one frame'),
    'Number the frames apart; if two individuals are in it, number the tracklets apart.',
  );
  add(
    'note',
    'one-frame',
    single,
    `${counted(single.length, 'tracklet')} of one frame`,
    'It works: the frame is repeated to fill a clip.',
  );
  add(
    'note',
    'frame-gap',
    gaps,
    counted(gaps.length, 'tracklet misses frames', 'tracklets miss frames'),
    'It works: clips are made of the frames that are there. Were some not copied?',
  );
  return findings;
}
