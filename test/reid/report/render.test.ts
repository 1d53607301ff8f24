import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { base64, escapeText, html } from '../../../reid/report/page/html.js';
import { embed, imageElement } from '../../../reid/report/page/picture.js';
import { flattened } from '../../../reid/report/page/tables.js';
import { renderReport } from '../../../reid/report/render.js';
import type { ReportData } from '../../../reid/report/report-data.js';

/** What a name could try. */
const HOSTILE = `</title></style></svg><script>alert(1)</script><img src=x onerror="alert(2)">' onload='a\` \u0000\u202e\ud800&amp;`;

const picture = { type: 'image/png' as const, bytes: Uint8Array.of(1, 2, 3), width: 4, height: 8, alt: HOSTILE };
const ranked = { picture, identity: HOSTILE, camera: HOSTILE, distance: 0.5 };
const line = {
  title: HOSTILE,
  x: { label: HOSTILE },
  y: { label: HOSTILE },
  series: [
    { name: HOSTILE, x: [1, 2], y: [3, 4] },
    { name: 'b', x: [1, 2], y: [3, 5] },
  ],
  note: HOSTILE,
};

/** Every field of every section, with the hostile text wherever a text goes. */
const FULL: ReportData = {
  title: HOSTILE,
  subtitle: HOSTILE,
  date: HOSTILE,
  figures: { rows: [{ name: HOSTILE, mAP: 0.5, cmc: { '1': 0.25, [HOSTILE]: 0.5 }, mINP: 0.125 }], note: HOSTILE },
  conventions: { rows: [{ name: HOSTILE, mAP: 0.5, cmc: { '1': 0.25 } }], note: HOSTILE },
  dataset: {
    name: HOSTILE,
    splits: [{ name: HOSTILE, images: 1234, identities: 2, cameras: 3, distractors: 0, junk: 5 }],
    notes: [HOSTILE],
  },
  training: [line],
  retrieval: [line],
  verification: {
    histogram: {
      title: HOSTILE,
      label: HOSTILE,
      groups: [{ name: HOSTILE, bins: { low: 0, width: 1, counts: [1, 2] } }],
      marks: [{ value: 1, text: HOSTILE }],
      note: HOSTILE,
    },
    roc: line,
    facts: [[HOSTILE, HOSTILE]],
  },
  cameras: [
    { title: HOSTILE, sides: [HOSTILE, HOSTILE], rows: [HOSTILE], columns: [HOSTILE], values: [[0.5]], note: HOSTILE },
  ],
  ranked: [
    {
      title: HOSTILE,
      note: HOSTILE,
      lists: [{ query: ranked, ap: 0.5, firstMatch: 2, length: 9, nearest: [{ ...ranked, match: true }] }],
    },
  ],
  looks: [
    {
      title: HOSTILE,
      note: HOSTILE,
      columns: [HOSTILE],
      rows: [{ caption: [HOSTILE, HOSTILE], picture, maps: [picture, null] }],
      ends: [HOSTILE, HOSTILE],
    },
  ],
  maps: [{ title: HOSTILE, labels: [HOSTILE, HOSTILE], points: [{ x: 1, y: 1, caption: HOSTILE, group: HOSTILE }] }],
  plates: [{ title: HOSTILE, note: HOSTILE, picture }],
  recipe: { [HOSTILE]: HOSTILE, inner: { [HOSTILE]: [HOSTILE] } },
  environment: [[HOSTILE, HOSTILE]],
};

/** The tags of a page, without what is between them. */
const tags = (page: string) => page.match(/<[^>]*>/g)!;

test('texts stay texts, whatever they hold', () => {
  const page = renderReport(FULL);
  assert.not.match(page, /<script/i);
  assert.is(page.match(/<\/style>/g)!.length, 1);
  assert.is(page.match(/<\/title><\/circle>|<\/title>\n/g)!.length, 2, 'one title of the page, one of the point');
  for (const tag of tags(page)) {
    assert.not.match(tag.replace(/="[^"]*"/g, ''), /\son\w+\s*=?/i, tag);
    assert.ok((tag.match(/"/g)?.length ?? 0) % 2 === 0, tag);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.not.match(page, /[\u0000-\u0008]/);
  assert.not.match(page, /\p{Surrogate}/u);
});

test('nothing is fetched: no address but those of pictures inside and places in the page', () => {
  const page = renderReport(FULL);
  for (const [, address] of page.matchAll(/(?:src|href|srcset|action|data|poster)="([^"]*)"/g)) {
    assert.ok(/^(data:image\/png;base64,AQID|#[a-z]+)$/.test(address!), address);
  }
  assert.not.match(page.replaceAll('&', ''), /https?:|url\(|@import|<link|<iframe|<object|<embed/i);
  assert.match(page, /default-src 'none'/);
  assert.throws(() => imageElement({ ...picture, type: 'image/svg+xml"' as 'image/png' }), /should be JPEG or PNG/);
});

test('elements are closed in the order in which they were opened', () => {
  const empty = /^(meta|img|br|path|rect)$/;
  const open: string[] = [];
  for (const tag of tags(renderReport(FULL).replace(/^<!doctype html>/, ''))) {
    const name = /^<\/?([a-z\d]+)/.exec(tag)![1]!;
    if (tag.startsWith('</')) assert.is(open.pop(), name, tag);
    else if (!empty.test(name)) open.push(name);
  }
  assert.equal(open, []);
});

test('each section is there with its data and gone without it', () => {
  const headings = (data: ReportData) => [...renderReport(data).matchAll(/<h2>([^<]*)</g)].map((match) => match[1]);
  assert.equal(headings({ title: 'x' }), []);
  assert.equal(headings(FULL), [
    'Figures',
    'Training',
    'Queries',
    'What it looked at',
    'Features',
    'Cameras',
    'Verification',
    'Pictures',
    'Data',
    'Recipe',
    'Environment',
  ]);
  const parts: [keyof ReportData, string][] = [
    ['training', 'Training'],
    ['ranked', 'Queries'],
    ['looks', 'What it looked at'],
    ['maps', 'Features'],
    ['cameras', 'Cameras'],
    ['verification', 'Verification'],
    ['plates', 'Pictures'],
    ['dataset', 'Data'],
    ['recipe', 'Recipe'],
    ['environment', 'Environment'],
  ];
  for (const [part, heading] of parts) {
    assert.not.ok(headings({ ...FULL, [part]: undefined }).includes(heading), part);
    assert.equal(headings({ title: 'x', [part]: FULL[part] }), [heading], part);
  }
  const nothing: ReportData = {
    title: 'x',
    figures: { rows: [] },
    conventions: { rows: [] },
    training: [],
    verification: {},
    ranked: [{ title: 'x', lists: [] }],
    looks: [{ title: 'x', columns: [], rows: [] }],
    maps: [{ title: 'x', labels: ['', ''], points: [] }],
    recipe: {},
    environment: [],
  };
  assert.equal(headings(nothing), [], 'empty lists leave no heading');
});

test('figures in per cent, the first row set off and large; tables have headers, pictures a text', () => {
  const page = renderReport({ title: 'Run', figures: { rows: [{ name: 'trained', mAP: 0.4321, cmc: { '1': 0.6 } }] } });
  assert.match(page, /<dd>43\.2<small>%<\/small><\/dd>/);
  assert.match(page, /<tr class="own"><th scope="row">trained<\/th><td>43\.2<\/td><td>60\.0<\/td><\/tr>/);
  assert.match(page, /<html lang="en">/);
  assert.not.match(page, /mINP/);
  for (const tag of tags(renderReport(FULL))) {
    if (tag.startsWith('<img')) assert.match(tag, / alt="[^"]+"/);
    if (tag.startsWith('<svg')) assert.match(tag, / role="img" aria-label="[^"]+"/);
  }
});

test('escaping, templates and base64', () => {
  assert.is(escapeText(`<a href="b">'&\``), '&lt;a href=&quot;b&quot;&gt;&#39;&amp;&#96;');
  assert.is(escapeText('a\u0007b\ud83dc😀\n'), 'a\ufffdb\ufffdc😀\n');
  assert.is(html`<b>${['<', html`<i>${1}</i>`, undefined, false]}</b>`.text, '<b>&lt;<i>1</i></b>');
  assert.is(base64(Uint8Array.from({ length: 256 }, (_, i) => i)).slice(-12), '+fr7/P3+/w==');
  assert.is(base64(new Uint8Array(20_000)), `${'A'.repeat(26_667)}=`);
});

test('settings become dotted names; a value that refers to itself ends', () => {
  assert.equal(flattened({ a: 1, b: { c: 'x', d: [1, 2], e: undefined, f: null, g: false } }), [
    ['a', '1'],
    ['b.c', 'x'],
    ['b.d', '[1,2]'],
    ['b.f', 'null'],
    ['b.g', 'false'],
  ]);
  const loop: Record<string, unknown> = { a: 1 };
  loop.self = loop;
  assert.ok(flattened(loop).some(([name]) => name === 'self.a'));
});

test('a picture is shrunk to what is shown, and encoded', async () => {
  const image = { width: 200, height: 100, data: new Uint8Array(60_000).fill(90) };
  const jpeg = await embed(image, 'grey', { maxWidth: 50 });
  assert.equal([jpeg.type, jpeg.width, jpeg.height, jpeg.alt], ['image/jpeg', 50, 25, 'grey']);
  assert.equal([...jpeg.bytes.subarray(0, 2)], [0xff, 0xd8]);
  const png = await embed(image, 'grey', { maxWidth: 500, png: true });
  assert.equal([png.type, png.width, png.height, png.bytes[1]], ['image/png', 200, 100, 0x50]);
});

test.run();
