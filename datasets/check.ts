import { checkTracklets } from './check-tracklets.js';
import { DISTRACTOR, type ImageRecord, JUNK, type ReidDataset, SPLITS } from './dataset.js';
import { counted, type Finding, percent } from './finding.js';

const isPerson = ({ identity }: ImageRecord): boolean => identity !== JUNK && identity !== DISTRACTOR;

const pathsOf = (records: readonly ImageRecord[]): string[] => records.map(({ path }) => path);

function checkTraining({ train, identities }: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  const images = new Map<number, ImageRecord[]>();
  for (const record of train) {
    const group = images.get(record.identity);
    if (group) group.push(record);
    else images.set(record.identity, [record]);
  }
  const labels = [...images.keys()].sort((a, b) => a - b);
  if (labels.length !== identities || labels.some((label, i) => label !== i)) {
    findings.push({
      level: 'error',
      code: 'labels',
      message: `training identities are not numbered 0..${identities - 1}: they run ${labels[0]}..${labels.at(-1)}, ${labels.length} of them`,
      advice: 'Number them from 0 without gaps.',
    });
  }
  if (labels.length === 1) {
    findings.push({
      level: 'error',
      code: 'one-identity',
      message: `all ${train.length} training images show one identity; at least two are needed`,
      advice: 'Check how identities are read from the names.',
    });
  }
  const single = [...images.values()].filter((list) => list.length === 1).map(([record]) => record!);
  if (single.length > 0) {
    findings.push({
      level: 'warning',
      code: 'single-image',
      message: `${single.length} of ${labels.length} training identities ${single.length === 1 ? 'has' : 'have'} one image, first ${single[0]!.path}: it is repeated in a batch`,
      advice: 'Add pictures of them, or leave them out.',
      items: pathsOf(single),
    });
  }
  return findings;
}

/** Queries that nothing in the gallery matches, by the reason. */
function checkMatches({ train, query, gallery }: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  const cameras = new Map<number, Set<number>>();
  for (const { identity, camera } of gallery) cameras.set(identity, (cameras.get(identity) ?? new Set()).add(camera));
  const absent = query.filter((record) => !cameras.has(record.identity));
  const trained = new Set(train.map(({ identityName }) => identityName));
  const exchanged = absent.length === query.length && absent.every(({ identityName }) => trained.has(identityName));
  if (absent.length > 0) {
    findings.push({
      level: 'warning',
      code: 'query-absent',
      message: `${counted(absent.length, 'query shows an identity', 'queries show identities')} that the gallery lacks, first ${absent[0]!.path}`,
      advice: exchanged
        ? 'All of them are in train: are train and gallery exchanged?'
        : 'Put pictures of them from another camera into the gallery, or take these queries away.',
      items: pathsOf(absent),
    });
  }
  const alone = query.filter(({ identity, camera }) => {
    const seen = cameras.get(identity);
    return seen?.size === 1 && seen.has(camera);
  });
  if (alone.length > 0) {
    findings.push({
      level: 'warning',
      code: 'query-one-camera',
      message: `${counted(alone.length, 'query has matches from its', 'queries have matches from their')} own camera only, which evaluation leaves out, first ${alone[0]!.path}`,
      advice:
        'Check how cameras are read from the names; without cameras, give every picture one of its own (camera=each).',
      items: pathsOf(alone),
    });
  }
  const invalid = absent.length + alone.length;
  if (invalid > 0) {
    findings.push({
      level: invalid === query.length ? 'error' : 'warning',
      code: 'query-no-match',
      message: `${invalid} of ${query.length} queries (${percent(invalid, query.length)}) have no match in another camera, first ${(absent[0] ?? alone[0])!.path}`,
      advice:
        invalid === query.length ? 'Nothing can be evaluated like this.' : 'Figures are averages over the others.',
    });
  }
  const strange = query.filter((record) => !isPerson(record));
  if (strange.length > 0) {
    findings.push({
      level: 'error',
      code: 'query-special',
      message: `${strange.length} queries have identity ${JUNK} or ${DISTRACTOR}, first ${strange[0]!.path}`,
      advice: 'These numbers mean junk and distractors: number people from 1.',
      items: pathsOf(strange),
    });
  }
  return findings;
}

/** Files that are listed where they should not be, and people on both sides. */
function checkSeparation({ train, query, gallery, protocol }: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  const trained = new Set(pathsOf(train));
  const shown = new Set(pathsOf(gallery));
  const both = [...query, ...gallery].filter(({ path }) => trained.has(path));
  if (both.length > 0) {
    findings.push({
      level: 'error',
      code: 'file-train-test',
      message: `${counted(both.length, 'file is', 'files are')} in train and test, first ${both[0]!.path}`,
      advice: 'Take them out of one: a net that was trained on them knows the answer.',
      items: pathsOf(both),
    });
  }
  const twice = protocol === 'cuhk03-single-gallery-shot' ? [] : query.filter(({ path }) => shown.has(path));
  if (twice.length > 0) {
    findings.push({
      level: 'error',
      code: 'file-query-gallery',
      message: `${counted(twice.length, 'file is', 'files are')} in query and gallery, first ${twice[0]!.path}`,
      advice: 'Take them out of the gallery: a query should not find itself.',
      items: pathsOf(twice),
    });
  }
  for (const [split, records] of [
    ['train', train],
    ['query', query],
    ['gallery', gallery],
  ] as const) {
    const seen = new Set<string>();
    const repeated = records.filter(({ path }) => seen.size === seen.add(path).size);
    if (repeated.length === 0) continue;
    findings.push({
      level: 'error',
      code: 'file-listed-twice',
      message: `${counted(repeated.length, 'file is', 'files are')} listed more than once in ${split}, first ${repeated[0]!.path}`,
      advice: 'Keep one line for each file.',
      items: pathsOf(repeated),
    });
  }
  const people = new Set(train.map(({ identityName }) => identityName));
  const leaked = new Map<string, ImageRecord>();
  for (const record of [...query, ...gallery]) {
    if (isPerson(record) && people.has(record.identityName) && !leaked.has(record.identityName))
      leaked.set(record.identityName, record);
  }
  const [first] = leaked;
  if (first) {
    findings.push({
      level: 'error',
      code: 'identity-train-test',
      message: `${counted(leaked.size, 'identity is', 'identities are')} in train and test, first ${first[0]} (${first[1].path})`,
      advice:
        'Take them out of one side: figures would be too good. If the same number means other people there, write another.',
      items: [...leaked.keys()],
    });
  }
  return findings;
}

/** What the reader found wrong; of a joined dataset, what the readers of its sources did. */
export const problemsOf = ({ problems = [], sources }: ReidDataset): readonly Finding[] =>
  sources ? sources.flatMap(problemsOf) : problems;

function checkCameras(dataset: ReidDataset): Finding[] {
  const all = SPLITS.flatMap((split) => dataset[split]);
  const findings: Finding[] = [];
  const outside = all.find(({ camera }) => !(camera >= 0 && camera < dataset.cameras));
  if (outside) {
    findings.push({
      level: 'error',
      code: 'camera-range',
      message: `${outside.path} has camera ${outside.camera} of ${dataset.cameras}`,
      advice: 'Number cameras from 0.',
    });
  }
  const first = all[0];
  if (first && all.every(({ camera }) => camera === first.camera)) {
    findings.push({
      level: 'error',
      code: 'one-camera',
      message: `all images have camera ${first.camera}, so every match counts as "same camera" and is left out; without cameras give each image one of its own`,
      advice: 'Check how cameras are read from the names, or write camera=each.',
    });
  }
  return findings;
}

/**
 * Looks for what makes training or evaluation impossible, wrong or doubtful, without opening a picture.
 *
 * @example
 *   for (const { level, message } of checkDataset(dataset)) console.log(`${level}: ${message}`);
 */
export function checkDataset(dataset: ReidDataset): Finding[] {
  const findings: Finding[] = [];
  for (const split of SPLITS) {
    if (dataset[split].length > 0 || dataset.facts?.[split][0]?.images === 0) continue;
    const advice = split === 'train' ? 'It can be tested on, not trained on.' : 'Without it nothing can be evaluated.';
    findings.push({ level: 'error', code: `empty-${split}`, message: `${split} is empty`, advice });
  }
  findings.push(...problemsOf(dataset), ...checkCameras(dataset));
  if (dataset.train.length > 0) findings.push(...checkTraining(dataset));
  if (dataset.query.length > 0 && dataset.gallery.length > 0) findings.push(...checkMatches(dataset));
  findings.push(...checkSeparation(dataset), ...checkTracklets(dataset));
  return findings;
}
