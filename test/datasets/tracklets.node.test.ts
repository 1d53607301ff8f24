import { basename } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openMended } from '../../cli/command.js';
import {
  ClipLoader,
  checkDataset,
  describeDataset,
  encodePng,
  groupTracklets,
  type ImageRecord,
  type ReidDataset,
  SPLITS,
  testTransform,
} from '../../datasets/index.js';
import { openDataset } from '../../datasets/open.node.js';
import { failsWith } from './fails-with.js';
import { pseudoPicture } from './pseudo-picture.js';
import { pictures, withFiles } from './temporary.node.js';

/** Tracklets as `identity camera: frames`. */
const brief = (records: readonly ImageRecord[]): string[] =>
  groupTracklets(records).map(
    ({ identityName, camera, frames }) =>
      `${identityName} ${camera}: ${frames.map(({ path }) => basename(path)).join(' ')}`,
  );

const numbers = (dataset: ReidDataset): (number | undefined)[] =>
  SPLITS.flatMap((split) => groupTracklets(dataset[split]).map(({ number }) => number));

const codes = (dataset: ReidDataset): string[] => checkDataset(dataset).map(({ code }) => code);

const FRAMES = pictures(
  'train/anna/walk1/f10_c1.jpg',
  'train/anna/walk1/f9_c1.jpg',
  'train/anna/walk2/f1_c2.jpg',
  'train/bob/walk1/f1_c1.jpg',
  'train/bob/walk1/f2_c1.jpg',
  'train/bob/walk1/f3_c1.jpg',
  'train/bob/walk1/f7_c1.jpg',
  'test/cleo/walk1/f1_c1.jpg',
  'test/cleo/walk1/f2_c1.jpg',
  'test/cleo/walk2/f1_c2.jpg',
  'test/cleo/walk3/f1_c1.jpg',
);

test('a folder per tracklet: frames as they count, whole tracklets in query and gallery', () =>
  withFiles(FRAMES, async (folder) => {
    const dataset = await openDataset(`folder:${folder}?tracklets=yes&name=*_c{camera}.jpg`);
    assert.equal(brief(dataset.train), [
      'anna 0: f9_c1.jpg f10_c1.jpg',
      'anna 1: f1_c2.jpg',
      'bob 0: f1_c1.jpg f2_c1.jpg f3_c1.jpg f7_c1.jpg',
    ]);
    assert.equal(brief(dataset.query), ['cleo 0: f1_c1.jpg f2_c1.jpg']);
    assert.equal(brief(dataset.gallery), ['cleo 1: f1_c2.jpg', 'cleo 0: f1_c1.jpg']);
    assert.equal(numbers(dataset), [0, 1, 2, 3, 4, 5]);
    assert.match(describeDataset(dataset), /split +identities +tracklets +images[\s\S]*train +2 +3 +7 +2/);
    // The camera's digit ends every name, and counts no frames.
    assert.is(dataset.train[0]!.frame, undefined);
  }));

test('frame numbers order frames, and a gap is said', () =>
  withFiles(FRAMES, async (folder) => {
    const dataset = await openDataset(`folder:${folder}?tracklets=yes&name=f{frame}_c{camera}.jpg`);
    assert.equal(
      dataset.train.map(({ frame }) => frame),
      [9, 10, 1, 1, 2, 3, 7],
    );
    const findings = checkDataset(dataset);
    assert.match(
      findings.find(({ code }) => code === 'frame-gap')!.message,
      /walk1.f1_c1\.jpg \(between frames 3 and 7\)/,
    );
    assert.match(findings.find(({ code }) => code === 'one-frame')!.message, /^3 tracklets of one frame/);
    assert.not(findings.some(({ level }) => level === 'error'));
  }));

test('without a camera each tracklet has one of its own; without splits half of the identities are trained on', () =>
  withFiles(
    pictures('a/1/1.jpg', 'a/1/2.jpg', 'a/2/1.jpg', 'b/1/1.jpg', 'b/1/2.jpg', 'c/1/1.jpg', 'c/1/2.jpg', 'c/2/1.jpg'),
    async (folder) => {
      const dataset = await openDataset(`folder:${folder}?tracklets=yes`);
      assert.equal(brief(dataset.train), ['a 0: 1.jpg 2.jpg', 'a 1: 1.jpg', 'b 2: 1.jpg 2.jpg']);
      assert.equal([brief(dataset.query), brief(dataset.gallery)], [['c 3: 1.jpg 2.jpg'], ['c 4: 1.jpg']]);
      assert.is(dataset.cameras, 5);
    },
  ));

test('an empty folder of a tracklet is named, or left out', () =>
  withFiles({ ...FRAMES, 'train/bob/walk9/': '' }, async (folder) => {
    const spec = `folder:${folder}?tracklets=yes&name=*_c{camera}.jpg`;
    const [problem] = (await openDataset(spec)).problems!;
    assert.match(problem!.message, /1 tracklet without a frame.*walk9/);
    const skipped = await openDataset(`${spec}&missing=skip`);
    assert.equal([skipped.problems!.length, codes(skipped).includes('empty-tracklet')], [0, false]);
    assert.match(skipped.notes!.join(), /1 tracklet without a frame left out.*walk9/);
  }));

test('tracklets that nobody said are tracklets', () =>
  withFiles(pictures('a/1/1.jpg', 'b/1/1.jpg'), (folder) =>
    failsWith(() => openDataset(`folder:${folder}`), 'tracklets=yes', 'a/1/1.jpg'),
  ));

test('any names: {tracklet} and {frame}', () =>
  withFiles(
    pictures(
      'x/7_c1_t2_00010.jpg',
      'x/7_c1_t2_2.jpg',
      'x/7_c1_t3_1.jpg',
      'x/8_c1_t2_1.jpg',
      'x/9_c1_t2_1.jpg',
      'x/9_c2_t2_1.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`pattern:${folder}?name={id}_c{camera}_t{tracklet}_{frame}.jpg&train=7,8`);
      assert.equal(brief(dataset.train), [
        '7 0: 7_c1_t2_2.jpg 7_c1_t2_00010.jpg',
        '7 0: 7_c1_t3_1.jpg',
        '8 0: 8_c1_t2_1.jpg',
      ]);
      assert.equal(brief(dataset.query), ['9 0: 9_c1_t2_1.jpg']);
    },
  ));

const ROWS = [
  ['a/3.jpg', 'anna', 'c1', 'train', 't1', '30'],
  ['a/1.jpg', 'anna', 'c1', 'train', 't1', '200'],
  ['a/2.jpg', 'anna', 'c1', 'train', 't1', '7'],
  ['a/4.jpg', 'anna', 'c2', 'train', 't2', '1'],
  // The same name for another identity is another tracklet.
  ['b/1.jpg', 'bob', 'c1', 'train', 't1', '1'],
  ['b/2.jpg', 'bob', 'c1', 'train', 't1', '2'],
  ['c/1.jpg', 'cleo', 'c1', 'query', 't7', '5'],
  ['c/2.jpg', 'cleo', 'c1', 'query', 't7', '4'],
  ['c/3.jpg', 'cleo', 'c2', 'gallery', 't8', '1'],
  ['c/4.jpg', 'cleo', 'c2', 'gallery', '', ''],
];

const table = (rows: readonly (readonly string[])[], header = 'path,identity,camera,split,tracklet,frame'): string =>
  [header, ...rows.map((row) => row.join(','))].join('\n');

const tableFiles = { ...pictures(...ROWS.map(([path]) => path!)), 'tracks.csv': table(ROWS) };

test('a table with columns tracklet and frame', () =>
  withFiles(tableFiles, async (folder) => {
    const dataset = await openDataset(`table:${folder}/tracks.csv`);
    assert.equal(brief(dataset.train), ['anna 0: 2.jpg 3.jpg 1.jpg', 'anna 1: 4.jpg', 'bob 0: 1.jpg 2.jpg']);
    assert.equal(
      [brief(dataset.query), brief(dataset.gallery)],
      [['cleo 0: 2.jpg 1.jpg'], ['cleo 1: 3.jpg', 'cleo 1: 4.jpg']],
    );
    assert.match(dataset.notes!.join('; '), '1 picture without a tracklet: each stands for itself');
    assert.equal(
      dataset.problems!.map(({ level, message }) => [level, / first (t\d)/.exec(message)![1]]),
      [['warning', 't1']],
    );
    const loader = new ClipLoader(dataset, dataset.train, {
      frames: 3,
      transform: testTransform({ height: 8, width: 4 }),
      workers: 0,
    });
    const shapes = [];
    for await (const { shape } of loader) shapes.push(shape[0]);
    assert.equal(shapes, [1, 1, 1]);
    await loader.close();
  }));

test('a table without frame numbers orders frames as their names count; columns may be named', () => {
  const rows = ROWS.map((row) => row.slice(0, 5));
  const files = { ...tableFiles, 'tracks.csv': table(rows, 'path,identity,camera,split,walk') };
  return withFiles(files, async (folder) => {
    const dataset = await openDataset(`table:${folder}/tracks.csv?tracklet=walk`);
    assert.equal(brief(dataset.train)[0], 'anna 0: 1.jpg 2.jpg 3.jpg');
    assert.is(groupTracklets((await openDataset(`table:${folder}/tracks.csv`)).train).length, 6);
    await failsWith(() => openDataset(`table:${folder}/tracks.csv?tracklet=walks`), 'no such column', 'walk');
  });
});

test('a table that names missing frames: said by check, or left out when allowed', () => {
  const { 'a/1.jpg': _, 'c/3.jpg': _all, ...less } = tableFiles as Record<string, string | undefined>;
  return withFiles(less, async (folder) => {
    const dataset = await openDataset(`table:${folder}/tracks.csv`);
    assert.match(dataset.problems![0]!.message, /2 pictures of 10 not found, first .*1\.jpg/);
    assert.ok(codes(dataset).includes('missing-file'));
    const skipping = await openDataset(`table:${folder}/tracks.csv?missing=skip`);
    assert.is(brief(skipping.train)[0], 'anna 0: 2.jpg 3.jpg');
    assert.match(skipping.notes!.join(), 'left out: 2 pictures of 10 not found, first ');
    assert.not(codes(skipping).includes('missing-file'));
  });
});

test('frames of mixed sizes become one clip; a frame that is no picture is named', async () =>
  withFiles(
    { ...tableFiles, 'a/2.jpg': await encodePng(pseudoPicture(31, 17)), 'b/2.jpg': 'no picture' },
    async (folder) => {
      const dataset = await openDataset(`table:${folder}/tracks.csv`);
      const transform = testTransform({ height: 8, width: 4 });
      const loader = new ClipLoader(dataset, dataset.train, { frames: 3, transform, workers: 0 });
      const seen: number[] = [];
      await failsWith(
        async () => {
          for await (const { shape } of loader) seen.push(shape[1]);
        },
        '2.jpg',
        'b',
      );
      assert.equal(seen, [3, 3]);
      await loader.close();
    },
  ));

test('a frame that is no number is refused by its row', () => {
  const rows = ROWS.map((row, i) => (i === 2 ? [...row.slice(0, 5), 'x'] : row));
  return withFiles({ ...tableFiles, 'tracks.csv': table(rows) }, (folder) =>
    failsWith(() => openDataset(`table:${folder}/tracks.csv`), 'row 4', 'the frame is x'),
  );
});

/** Eight tracklets of four people in two cameras, and changes to some rows. */
function eight(
  change: (row: string[], i: number) => readonly string[],
  header?: string,
): Record<string, string | Uint8Array> {
  const rows = Array.from({ length: 24 }, (_, i) => {
    const [person, camera, frame] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
    return [`${person}/${camera}_${frame}.jpg`, `p${person}`, `c${camera}`, `t${person}${camera}`, `${frame}`];
  });
  const files = pictures(...rows.map(([path]) => path!));
  const lines = rows.map((row, i) => change([...row], i));
  return { ...files, 'tracks.csv': table(lines, header ?? 'path,id,camera,tracklet,frame') };
}

/** What is said of the tracklets of a table, beside what is always said. */
const saidOf = (files: Record<string, string | Uint8Array>) =>
  withFiles(files, async (folder) => {
    const dataset = await openDataset(`table:${folder}/tracks.csv`);
    const findings = checkDataset(dataset).map(({ level, code, message }) => `${level} ${code}: ${message}`);
    return [...findings, ...dataset.notes!.filter((note) => !note.startsWith('no column split'))]
      .join('\n')
      .replaceAll(`${folder}/`, '');
  });

const changed = (at: number, column: number, value: string) => (row: string[], i: number) =>
  row.map((cell, k) => (i === at && k === column ? value : cell));

test('a name of two identities or cameras is a warning that names both; where all names are, they begin anew', async () => {
  assert.is(await saidOf(eight((row) => row)), '');
  const first = 'warning tracklet-mixed: 1 tracklet has frames of several identities, cameras or splits';
  assert.match(
    await saidOf(eight(changed(1, 1, 'p1'))),
    `${first} and counts as several, first t00 (identity p0 in 0/0_0.jpg (row 2), identity p1 in 0/0_1.jpg (row 3))`,
  );
  assert.match(await saidOf(eight(changed(1, 2, 'c1'))), 'first t00 (camera c0 in 0/0_0.jpg (row 2), camera c1 in');
  assert.match(
    await saidOf(eight((row, i) => (i < 3 || (i > 5 && i < 9) ? [...row.slice(0, 3), 'x', row[4]!] : row))),
    first,
  );
  const anew = await saidOf(eight((row) => [...row.slice(0, 3), 't1', row[4]!]));
  assert.match(anew, /^names of tracklets begin anew .* first t1 \(identity p0/);
});

test('frames: numbers twice, missing or written with a point; frames without tracklets', async () => {
  assert.match(
    await saidOf(eight(changed(1, 4, '0'))),
    /^warning frame-twice: .*first frame 0 \(0\/0_0\.jpg and 0\/0_1\.jpg\)/,
  );
  const unnumbered = await saidOf(eight(changed(1, 4, '')));
  assert.match(
    unnumbered,
    /^warning frame-unnumbered: 1 frame has no number .* first 0\/0_1\.jpg \(row 3\): 1 tracklet is ordered/,
  );
  assert.is(await saidOf(eight((row) => [...row.slice(0, 4), `${row[4]}.0`])), '');
  assert.match(
    await saidOf(eight((row) => row, 'path,id,camera,walk,frame')),
    /no column says tracklets.*tracklet=COLUMN/,
  );
  await withFiles(eight(changed(1, 4, '-1')), (folder) =>
    failsWith(() => openDataset(`table:${folder}/tracks.csv`), 'row 3', 'the frame is -1', 'from 0'),
  );
});

test('a tracklet of which every frame is missing is told by its name', async () => {
  const files = eight((row, i) => (i < 3 ? [`gone/${row[0]}`, ...row.slice(1)] : row));
  assert.match(await saidOf(files), /3 pictures of 24 not found.*; nothing is left of 1 tracklet, first t00/);
});

test('a folder of a tracklet with two cameras is warned of, and train may begin', () =>
  withFiles({ ...FRAMES, ...pictures('train/bob/walk1/f9_c2.jpg') }, async (folder) => {
    const dataset = await openMended(`folder:${folder}?tracklets=yes&name=*_c{camera}.jpg`);
    assert.match(
      dataset.problems!.map(({ message }) => message).join(),
      /first train\/bob\/walk1 \(camera 1 in .*f1_c1\.jpg, camera 2 in .*f9_c2\.jpg\)/,
    );
  }));

test('names that are not ASCII', () =>
  withFiles(
    pictures(
      'Wölfin Ä #1/日本 100%/1.jpg',
      'Wölfin Ä #1/日本 100%/2.jpg',
      'b/ö/1.jpg',
      'b/ö/2.jpg',
      'ç/1/1.jpg',
      'ç/2/1.jpg',
    ),
    async (folder) => {
      const dataset = await openDataset(`folder:${folder}?tracklets=yes`);
      assert.equal(dataset.train.length + dataset.query.length + dataset.gallery.length, 6);
      assert.equal(
        codes(dataset).filter((code) => code !== 'one-frame'),
        [],
      );
    },
  ));

test.run();
