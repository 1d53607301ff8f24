import { basename, extname, join } from '#files';
import { type ReidDataset, type SkippedFile, SPLITS } from './dataset.js';
import { isPicture, walkFolders } from './files.js';
import { counted, type Finding } from './finding.js';

/** Pictures of kinds that are not decoded here. */
const OTHER_PICTURE = /\.(bmp|webp|gif|tiff?|avif|heic|ppm|pgm|jp2|jfif)$/i;

/** Left out pictures, a finding for each reason. */
function findSkipped({ skipped = [] }: ReidDataset): Finding[] {
  const reasons = new Map<string, SkippedFile[]>();
  for (const file of skipped) {
    const those = reasons.get(file.reason);
    if (those) those.push(file);
    else reasons.set(file.reason, [file]);
  }
  return [...reasons].map(([reason, files]) => {
    // Whoever wrote train= and test= knows that others are left out.
    const wanted = reason.includes('train=');
    const advice = files[0]!.advice ?? 'Rename them if they belong to the data set; otherwise delete them.';
    return {
      level: wanted ? 'note' : 'warning',
      code: 'skipped',
      message: `${counted(files.length, 'picture')} left out: ${reason}; first ${files[0]!.path}`,
      advice: wanted ? undefined : advice,
      items: files.map(({ path }) => path),
    };
  });
}

/**
 * Looks at what lies in a dataset's folders beside its pictures: empty folders, pictures that were left out or that no reader
 * goes to, and files of other kinds. Of a joined dataset, those of its sources.
 */
export async function checkFolders(dataset: ReidDataset): Promise<Finding[]> {
  if (dataset.sources) {
    const findings: Finding[] = [];
    for (const source of dataset.sources) findings.push(...(await checkFolders(source)));
    return findings;
  }
  const known = new Set<string>();
  for (const split of SPLITS) for (const { path } of dataset[split]) known.add(path);
  for (const { path } of dataset.skipped ?? []) known.add(path);
  const empty: string[] = [];
  const stray: string[] = [];
  const otherPictures: string[] = [];
  const others: string[] = [];
  for (const root of dataset.folders ?? []) {
    for await (const { folder, files, folders } of walkFolders(root)) {
      if (files.length === 0 && folders.length === 0) empty.push(join(root, folder));
      for (const file of files) {
        const path = join(root, file);
        if (isPicture(file)) {
          if (!known.has(path)) stray.push(path);
        } else if (OTHER_PICTURE.test(file)) otherPictures.push(path);
        else others.push(path);
      }
    }
  }
  const findings = findSkipped(dataset);
  const add = (level: Finding['level'], code: string, items: string[], message: string, advice?: string): void => {
    if (items.length > 0) findings.push({ level, code, message: `${message}, first ${items[0]}`, advice, items });
  };
  add(
    'warning',
    'empty-folder',
    empty,
    counted(empty.length, 'empty folder'),
    'Delete them, or put their pictures back.',
  );
  add(
    'warning',
    'stray-picture',
    stray,
    `${counted(stray.length, 'picture')} in the data set's folders that no list names and no split takes`,
    'Are they nested one folder too deep? Move them to where the others are, or delete them.',
  );
  const kinds = [...new Set(otherPictures.map((path) => extname(path).toLowerCase()))].sort().join(', ');
  add(
    'warning',
    'other-format',
    otherPictures,
    `${counted(otherPictures.length, 'picture')} of a kind that is not read (${kinds})`,
    'Convert them to JPEG or PNG.',
  );
  const names = [...new Set(others.map((path) => basename(path)))].slice(0, 3).join(', ');
  const what = counted(others.length, 'file that is no picture', 'files that are no pictures');
  add('note', 'other-file', others, `${what} (${names})`);
  return findings;
}
