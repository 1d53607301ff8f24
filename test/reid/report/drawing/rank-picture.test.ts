import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { charactersOf, glyphOf, textWidth } from '../../../../reid/report/drawing/bitmap-font.js';
import { Canvas } from '../../../../reid/report/drawing/canvas.js';
import { drawRanks, type RankPictureRow } from '../../../../reid/report/drawing/rank-picture.js';

const plain = (width: number, height: number, level: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(level),
});
const item = (level: number, match: boolean) => ({
  image: plain(8, 16, level),
  identity: 1,
  camera: 2,
  distance: 0.5,
  match,
});
const row: RankPictureRow = {
  query: { image: plain(8, 16, 90), identity: '0001', camera: 3 },
  note: 'AP 1.000',
  nearest: [item(40, true), item(200, false)],
};
const pixel = ({ width, data }: { width: number; data: Uint8Array }, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

test('names with accents are drawn without them, composed or not', () => {
  for (const form of ['NFC', 'NFD'])
    assert.is(charactersOf('Wölfin Łucja ß'.normalize(form)).join(''), 'Wolfin Lucja ss');
  assert.is(textWidth('Wölfin'), textWidth('Wolfin'));
  assert.is(glyphOf('狼'), glyphOf('?'));
});

test('the query first, then right ones framed green and wrong ones red', () => {
  const picture = drawRanks([row, row], { columns: 3, cellWidth: 16 });
  assert.is(picture.data.length, picture.width * picture.height * 3);
  const middle = 16 + 12 + 2 + 3 + 16;
  const across = Array.from({ length: picture.width }, (_, x) => pixel(picture, x, middle));
  const runs = across.filter((colour, x) => x === 0 || String(colour) !== String(across[x - 1])).map((c) => c.join());
  const [white, blue, green, red] = ['255,255,255', '84,110,145', '26,147,66', '214,40,48'];
  const grey = (level: number) => `${level},${level},${level}`;
  assert.equal(runs, [
    ...[white, blue, grey(90), blue],
    ...[white, green, grey(40), green],
    ...[white, red, grey(200), red, white],
  ]);
});

test('title and caption make the picture taller, and a long caption is wrapped', () => {
  const height = (options: object) => drawRanks([row], { cellWidth: 16, ...options }).height;
  assert.is(height({ title: 'A' }), height({}) + 28);
  assert.is(height({ caption: 'A' }), height({}) + 12);
  assert.is(
    height({ caption: 'a word '.repeat(40) }),
    height({}) + 12 * Math.ceil(textWidth('a word '.repeat(40)) / 310),
  );
});

test('pictures keep their proportions, enlarged or shrunk', () => {
  for (const [width, height] of [
    [4, 4],
    [5, 5],
    [301, 301],
  ]) {
    const canvas = new Canvas(9, 21, [1, 2, 3]);
    canvas.image(plain(width, height, 77), { x: 1, y: 1, width: 7, height: 19 });
    assert.equal(pixel(canvas, 1, 7), [77, 77, 77]);
    assert.equal(pixel(canvas, 7, 13), [77, 77, 77]);
    assert.equal(pixel(canvas, 1, 6), [1, 2, 3]);
    assert.equal(pixel(canvas, 1, 14), [1, 2, 3]);
    assert.equal(pixel(canvas, 0, 10), [1, 2, 3]);
    assert.equal(pixel(canvas, 8, 10), [1, 2, 3]);
  }
});

test('the font has every printable ASCII character, all different', () => {
  const seen = new Map<string, string>();
  for (let code = 32; code < 127; code++) {
    const character = String.fromCharCode(code);
    const { rows, width } = glyphOf(character);
    const art = rows.map((line) => line.map((dot) => (dot ? '#' : '.')).join('')).join('\n');
    assert.not.ok(seen.has(art), `${character} looks like ${seen.get(art)}`);
    assert.ok(rows.length === 9 && width > 0 && rows.every((line) => line.length === width), character);
    seen.set(art, character);
  }
  assert.is(glyphOf('ß'), glyphOf('?'));
  assert.is(glyphOf('°').width, 3);
});

test('nothing to draw and sizes that are none are errors', () => {
  assert.throws(() => drawRanks([]), /no row/);
  assert.throws(() => drawRanks([row], { cellWidth: 0 }), /cellWidth is 0/);
  assert.throws(() => drawRanks([row], { columns: 2.5 }), /columns is 2.5/);
});

test.run();
