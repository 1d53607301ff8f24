import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkDataset,
  checkPictures,
  compareCounts,
  type DatasetFacts,
  type Finding,
  type Inspection,
  type ReidDataset,
  rangeOfSizes,
} from '../../datasets/index.js';
import { type Line, memoryDataset } from './memory-dataset.js';

const TRAIN: Line[] = ['a1 0 0', 'a2 0 1', 'b1 1 0', 'b2 1 2'];
const QUERY: Line[] = ['p1 5 0', 'q1 6 1'];
const GALLERY: Line[] = ['p2 5 1', 'q2 6 0', 'd 0 2', 'j -1 0'];

const good = memoryDataset('good', { train: TRAIN, query: QUERY, gallery: GALLERY });

const codes = (findings: readonly Finding[]): string[] => findings.map(({ level, code }) => `${level} ${code}`);

/** `good` with something changed, and what it should be found guilty of. */
const CASES: readonly (readonly [string, Partial<ReidDataset>, readonly string[]])[] = [
  ['nothing', {}, []],
  ['an empty training set', { train: [] }, ['error empty-train']],
  ['an empty gallery', { gallery: [] }, ['error empty-gallery']],
  [
    'labels with a gap',
    { train: [...good.train, { ...good.train[0]!, path: 'c', identity: 3 }] },
    ['error labels', 'warning single-image'],
  ],
  ['one identity', { train: good.train.slice(0, 2), identities: 1 }, ['error one-identity']],
  ['one image of one', { train: good.train.slice(0, 3) }, ['warning single-image']],
  ['a camera beyond the last', { cameras: 2 }, ['error camera-range']],
  ['an absent identity', { gallery: good.gallery.slice(1) }, ['warning query-absent', 'warning query-no-match']],
  [
    'matches of the same camera only',
    { gallery: [{ ...good.gallery[0]!, camera: 0 }, ...good.gallery.slice(1)] },
    ['warning query-one-camera', 'warning query-no-match'],
  ],
  ['no match at all', { gallery: good.gallery.slice(2) }, ['warning query-absent', 'error query-no-match']],
  [
    'a distractor as a query',
    { query: [...good.query, { ...good.query[0]!, path: 'r', identity: 0 }] },
    ['error query-special'],
  ],
  ['a file in query and gallery', { gallery: [...good.gallery, { ...good.query[0]! }] }, ['error file-query-gallery']],
  [
    'a file in train and test',
    { gallery: [...good.gallery, { ...good.gallery[0]!, path: 'a1' }] },
    ['error file-train-test'],
  ],
  ['a file that is listed twice', { gallery: [...good.gallery, good.gallery[0]!] }, ['error file-listed-twice']],
  [
    'a person in train and test',
    { gallery: [...good.gallery, { ...good.gallery[0]!, path: 'x', identityName: 't1' }] },
    ['error identity-train-test'],
  ],
];

for (const [title, change, expected] of CASES) {
  test(`check: ${title}`, () => {
    const findings = checkDataset({ ...good, ...change });
    assert.equal(codes(findings), expected);
    for (const { message, advice } of findings) assert.ok(message.length > 10 && advice, message);
  });
}

test('check: one camera', () => {
  const one = (records: ReidDataset['train']) => records.map((record) => ({ ...record, camera: 2 }));
  const found = codes(
    checkDataset({ ...good, train: one(good.train), query: one(good.query), gallery: one(good.gallery) }),
  );
  assert.ok(found.includes('error one-camera') && found.includes('error query-no-match'), found.join());
});

test('check: junk and distractors that share a name with a person to train on are nobody', () => {
  const gallery = good.gallery.map((record) => (record.identity < 1 ? { ...record, identityName: 't0' } : record));
  assert.equal(checkDataset({ ...good, gallery }), []);
});

const FACTS: DatasetFacts = {
  title: 'a set',
  train: [
    { trust: 'loaders', images: 4, identities: 2, edition: 'as most have it' },
    { trust: 'loaders', images: 5, identities: 3, edition: 'as some have it' },
  ],
  query: [{ trust: 'paper', images: 2, identities: 2 }],
  gallery: [
    {
      trust: 'measured',
      images: 4,
      identities: 2,
      junk: 1,
      distractors: 1,
      perCamera: { trust: 'measured', images: [2, 1, 1] },
    },
  ],
};

test('published counts: equal, an edition, and differences by how sure they are', () => {
  const known = { ...good, facts: FACTS };
  assert.equal(codes(compareCounts(known)), ['note edition', 'note as-published']);
  const third = { ...good.train[0]!, path: 'c', identity: 2 };
  assert.match(compareCounts({ ...known, train: [...known.train, third] })[0]!.message, 'as some have it');
  assert.equal(codes(compareCounts({ ...known, query: known.query.slice(1) })), [
    'note edition',
    'warning count-images',
    'warning count-identities',
  ]);
  const less = compareCounts({ ...known, gallery: known.gallery.slice(1) });
  assert.equal(
    codes(less).filter((code) => code.startsWith('error')),
    ['error count-images', 'error count-identities', 'error count-per-camera'],
  );
  assert.match(less.find(({ code }) => code === 'count-per-camera')!.message, 'camera 2 has 0 (published: 1)');
  assert.match(less.find(({ code }) => code === 'count-images')!.advice!, 'missing');
});

test('published counts: splits that are exchanged are told, and nothing else of them', () => {
  const people = good.gallery.filter(({ identity }) => identity > 0);
  const facts: DatasetFacts = { ...FACTS, train: [{ trust: 'measured', images: 4, identities: 2 }] };
  const trained = good.train.map((record) => ({ ...record, identity: record.identity + 1 }));
  const found = compareCounts({ ...good, train: people, gallery: trained, facts });
  assert.equal(codes(found), ['error exchanged']);
  assert.match(found[0]!.message, 'train and gallery are exchanged');
  const lost = checkDataset({ ...good, train: good.query, gallery: good.gallery.slice(2) });
  assert.match(lost.find(({ code }) => code === 'query-absent')!.advice!, 'are train and gallery exchanged?');
});

test('published counts: nothing known is nothing said; a set of another size is another set', () => {
  assert.equal(compareCounts(good), []);
  const small: DatasetFacts = { ...FACTS, train: [{ trust: 'measured', images: 4000 }] };
  assert.equal(
    codes(compareCounts({ ...good, query: good.query.slice(1), gallery: good.gallery.slice(1), facts: small })),
    ['warning lookalike'],
  );
  assert.ok(codes(compareCounts(good, { facts: small, always: true })).includes('error count-images'));
  // One split that fits exactly, and the others are missing: it is the published set, in pieces.
  assert.ok(codes(compareCounts({ ...good, facts: small })).includes('error count-images'));
});

const seen = (path: string, more: Partial<Inspection> = {}): Inspection => ({
  path,
  hash: path,
  bytes: 100,
  width: 64,
  height: 128,
  ...more,
});

const ALL = ['a1', 'a2', 'b1', 'b2', 'p1', 'q1', 'p2', 'q2', 'd', 'j'];

/** Everything is fine with all pictures but these. */
const inspections = (...changed: readonly Inspection[]): Inspection[] =>
  ALL.map((path) => changed.find((inspection) => inspection.path === path) ?? seen(path));

const TWINS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['train and gallery', ['a1', 'p2'], ['error duplicate-train-test']],
  ['two identities', ['a1', 'b1'], ['error duplicate-identities']],
  ['query and gallery', ['p1', 'p2'], ['warning duplicate-query-gallery']],
  ['within train', ['a1', 'a2'], ['warning duplicate']],
  ['a person and a distractor', ['p2', 'd'], ['error duplicate-identities']],
  ['a person and junk, which is removed', ['p2', 'j'], ['warning duplicate']],
];

for (const [title, paths, expected] of TWINS) {
  test(`the same picture twice: ${title}`, () => {
    const findings = checkPictures(good, inspections(...paths.map((path) => seen(path, { hash: 'same' }))));
    assert.equal(codes(findings), expected);
    assert.equal(findings[0]!.items, [paths.join(' = ')]);
  });
}

test('pictures that cannot be read, and odd sizes', () => {
  const findings = checkPictures(
    good,
    inspections(
      { path: 'a1', bytes: 0, width: 0, height: 0, problem: 'a1 is empty' },
      { path: 'a2', bytes: 3, width: 0, height: 0, problem: 'a2 is cut' },
      seen('p1', { width: 7, height: 20 }),
      seen('p2', { width: 640, height: 128 }),
      seen('q1', { width: 32, height: 64 }),
    ),
  );
  assert.equal(codes(findings), ['error unreadable', 'warning odd-size']);
  assert.equal(findings[0]!.items, ['a1 is empty', 'a2 is cut']);
  assert.equal(findings[1]!.items, ['p1 (20 x 7)', 'p2 (128 x 640)']);
});

test('resized pictures of a set whose pictures have one size', () => {
  const known = { ...good, facts: { ...FACTS, size: { height: 128, width: 64 } } };
  assert.equal(codes(checkPictures(known, inspections())), []);
  const resized = inspections(seen('a1', { width: 60, height: 120 }));
  assert.equal(codes(checkPictures(known, resized)), ['warning resized']);
  assert.equal(codes(checkPictures(known, resized, false)), []);
  assert.equal(rangeOfSizes(resized), { height: [120, 128, 128], width: [60, 64, 64] });
  assert.is(rangeOfSizes([]), undefined);
});

test.run();
