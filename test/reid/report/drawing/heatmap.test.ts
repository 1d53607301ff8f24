import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { colourOf, cssColour, HEAT, lightnessOf, oklch } from '../../../../reid/report/drawing/colour-map.js';
import { heatRange, overlayHeatmap, upsample } from '../../../../reid/report/drawing/heatmap.js';
import { drawHeatmapGrid } from '../../../../reid/report/drawing/heatmap-grid.js';

const plain = (width: number, height: number, level: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(level),
});
const pixel = ({ width, data }: { width: number; data: Uint8Array }, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

test('lightness of the colours rises evenly from dark to light', () => {
  const lightness = HEAT.map(lightnessOf);
  assert.ok(lightness[0]! < 0.2 && lightness.at(-1)! > 0.94, `${lightness[0]} to ${lightness.at(-1)}`);
  const step = (lightness.at(-1)! - lightness[0]!) / 255;
  for (let i = 16; i < 256; i += 16) {
    // Eight bits a channel round by up to about half a step in the darks.
    assert.ok(Math.abs(lightness[i]! - lightness[i - 16]! - 16 * step) < 1.5 * step, `at ${i}`);
  }
  assert.equal(colourOf(HEAT, -1), HEAT[0]);
  assert.equal(colourOf(HEAT, 2), HEAT[255]);
});

test('known colours in Oklab: white, black, and a grey of middle lightness', () => {
  assert.is(cssColour(oklch(1, 0, 0)), '#ffffff');
  assert.is(cssColour(oklch(0, 0, 0)), '#000000');
  // L³ is the linear grey: 0.5³ = 0.125, encoded 1.055·0.125^(1/2.4) − 0.055 = 0.3886.
  assert.is(cssColour(oklch(0.5, 0, 0)), '#636363');
  assert.ok(Math.abs(lightnessOf([255, 0, 0]) - 0.6279554) < 1e-4, 'red');
  const [red, green, blue] = oklch(0.6, 0.5, 150);
  assert.ok(Math.abs(lightnessOf([red, green, blue]) - 0.6) < 0.005, 'what can not be shown keeps its lightness');
});

test('upsampling is that of PyTorch without aligned corners', () => {
  const map = { data: [0, 1, 2, 3], height: 2, width: 2 };
  // interpolate(scale_factor=2): rows at −0.25, 0.25, 0.75, 1.25 of the old ones, ends held.
  const share = [0, 0.25, 0.75, 1];
  const want = share.flatMap((v) => share.map((u) => u + 2 * v));
  assert.equal([...upsample(map, 4, 4)], want);
  assert.equal([...upsample({ data: [7], height: 1, width: 1 }, 2, 3)], Array(6).fill(7));
  assert.equal([...upsample({ data: [0, 4], height: 1, width: 2 }, 1, 4)], [0, 1, 3, 4]);
  assert.equal([...upsample({ data: [0, 4], height: 2, width: 1 }, 4, 1)], [0, 1, 3, 4]);
  assert.equal([...upsample(map, 2, 2)], [0, 1, 2, 3], 'the same size');
});

test('the largest value has the last colour, the smallest the first; a range clips', () => {
  const map = { data: [1, 3], height: 1, width: 2 };
  const bare = overlayHeatmap(plain(2, 1, 128), map, { opacity: 1 });
  assert.equal([pixel(bare, 0, 0), pixel(bare, 1, 0)], [[...HEAT[0]!], [...HEAT[255]!]]);
  const ranged = overlayHeatmap(plain(2, 1, 128), map, { opacity: 1, range: [2, 4] });
  assert.equal([pixel(ranged, 0, 0), pixel(ranged, 1, 0)], [[...HEAT[0]!], [...colourOf(HEAT, 0.5)]]);
  const none = overlayHeatmap(plain(2, 1, 128), map, { opacity: 0 });
  assert.equal(pixel(none, 1, 0), [128, 128, 128]);
  const half = overlayHeatmap(plain(2, 1, 200), map, { opacity: 0.5 });
  assert.equal(
    pixel(half, 1, 0),
    HEAT[255]!.map((level) => Math.round((level + 200) / 2)),
  );
  const flat = overlayHeatmap(plain(2, 1, 128), { ...map, data: [5, 5] }, { opacity: 1 });
  assert.equal(pixel(flat, 1, 0), [...HEAT[0]!], 'a map of one value is the first colour');
});

test('an overlay may be larger than the picture, with a legend below it', () => {
  const map = { data: Float32Array.of(0, 1, 2, 3, 4, 5), height: 3, width: 2 };
  const overlay = overlayHeatmap(plain(8, 16, 90), map, { width: 32, legend: true });
  assert.is(overlay.width, 32);
  assert.is(overlay.height, 64 + 24);
  assert.equal(pixel(overlay, 31, 68), [...HEAT[255]!]);
  assert.equal(pixel(overlay, 0, 68), [...HEAT[0]!]);
});

test('maps and options that make no sense are refused by name', () => {
  const image = plain(2, 2, 0);
  const map = { data: [1, 2, Number.NaN, 4], height: 2, width: 2 };
  assert.throws(() => overlayHeatmap(image, map), /row 1, column 0 is NaN/);
  assert.throws(() => overlayHeatmap(image, { ...map, data: [1, 2] }), /2 values are no map of 2 × 2/);
  assert.throws(() => overlayHeatmap(image, { ...map, height: 0 }), /size is 0 × 2/);
  const good = { ...map, data: [1, 2, 3, 4] };
  assert.throws(() => overlayHeatmap(image, good, { range: [1, 1] }), /range is 1 to 1/);
  assert.throws(() => overlayHeatmap(image, good, { opacity: 2 }), /opacity is 2/);
  assert.throws(() => overlayHeatmap(image, good, { width: 1.5 }), /width is 1.5/);
  assert.equal(heatRange(good), [1, 4]);
});

test('a grid: the picture, then its maps, one range for all or for each', () => {
  const image = plain(8, 16, 128);
  const map = (level: number) => ({ data: [0, level], height: 2, width: 1 });
  const rows = [
    { image, caption: ['0001', 'camera 2'], maps: [map(1), undefined] },
    { image, maps: [map(2), map(4)] },
  ];
  const at = (options: object) => {
    const grid = drawHeatmapGrid(rows, { cellWidth: 10, opacity: 1, ...options });
    // Rows of 20 pixels with 34 below, from 16; columns of 10 from 16, 42 and 60.
    return [pixel(grid, 47, 35), pixel(grid, 65, 35), pixel(grid, 47, 89), pixel(grid, 65, 89)];
  };
  const of = (value: number) => [...colourOf(HEAT, value)];
  const paper = [255, 255, 255];
  assert.equal(at({}), [of(1), paper, of(1), of(1)]);
  assert.equal(at({ range: 'shared' }), [of(0.25), paper, of(0.5), of(1)]);
  assert.equal(at({ range: 'column' }), [of(0.5), paper, of(1), of(1)]);
  assert.equal(at({ range: [0, 8] }), [of(0.125), paper, of(0.25), of(0.5)]);
  const titled = drawHeatmapGrid(rows, { title: 'Attention', columns: ['stage 1', 'stage 2'] });
  assert.ok(titled.height > drawHeatmapGrid(rows).height);
  assert.throws(() => drawHeatmapGrid([]), /no row/);
  assert.throws(() => drawHeatmapGrid([rows[0]!, { image, maps: [] }]), /row 1 has 0 maps, row 0 has 2/);
  assert.throws(() => drawHeatmapGrid(rows, { cellWidth: 0 }), /cellWidth is 0/);
});

test.run();
