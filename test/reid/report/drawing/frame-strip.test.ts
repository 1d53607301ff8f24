import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Image } from '../../../../datasets/index.js';
import { Canvas } from '../../../../reid/report/drawing/canvas.js';
import { drawCharts } from '../../../../reid/report/drawing/chart-picture.js';
import { drawFrameStrip, drawFrames } from '../../../../reid/report/drawing/frame-strip.js';
import { JET, overlayInStyle, VIRIDIS } from '../../../../reid/report/drawing/overlay-style.js';
import { drawScatters } from '../../../../reid/report/drawing/scatter-picture.js';
import { drawLine } from '../../../../reid/report/drawing/strokes.js';

const at = ({ width, data }: Image, x: number, y: number): number[] =>
  Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));

/** Grey, from 50 at the left to 150 at the right. */
const picture: Image = {
  width: 2,
  height: 1,
  data: Uint8Array.from([50, 50, 50, 150, 150, 150]),
};
const map = { data: [0, 4], height: 1, width: 2 };

test('viridis: seven tenths of it over the picture stretched to all levels', () => {
  const drawn = overlayInStyle(picture, map, { style: 'viridis' });
  assert.equal(
    at(drawn, 0, 0),
    VIRIDIS[0]!.map((level) => Math.round(0.7 * level)),
  );
  assert.equal(
    at(drawn, 1, 0),
    VIRIDIS[255]!.map((level) => Math.round(0.7 * level + 0.3 * 255)),
  );
});

test('jet: added to the picture, over the largest value of the sum', () => {
  assert.equal(
    [JET[0], JET[255]],
    [
      [0, 0, 128],
      [128, 0, 0],
    ],
  );
  const drawn = overlayInStyle(picture, map, { style: 'jet' });
  // The sums are 50 50 178 and 278 150 150.
  assert.equal(
    [at(drawn, 0, 0), at(drawn, 1, 0)],
    [
      [50, 50, 178],
      [278, 150, 150],
    ].map((sums) => sums.map((sum) => Math.round((255 * sum) / 278))),
  );
});

test('a clip: one range of colours for all frames, in the strip and in the animation', () => {
  const frames = [0, 4, 8].map((value) => ({
    image: picture,
    map: { data: [value, value], height: 1, width: 2 },
    label: `frame ${value}`,
  }));
  const animated = drawFrames(frames, { cellWidth: 20 });
  assert.equal(
    animated.map(({ width, height }) => [width, height]),
    Array(3).fill([44, 10]),
  );
  assert.equal(at(animated[0]!, 2, 5), at(animated[2]!, 2, 5), 'the frame at the left');
  assert.not.equal(at(animated[0]!, 30, 5), at(animated[1]!, 30, 5), 'its map at the right');
  const strip = drawFrameStrip(frames, { title: 'A clip', cellWidth: 60 });
  assert.ok(strip.width >= 3 * 60 && strip.height > 2 * 30);
  assert.throws(() => drawFrameStrip([]), /no frame/);
});

test('strokes: full inside, half at the edge, nothing outside', () => {
  const canvas = new Canvas(9, 9, [255, 255, 255]);
  drawLine(canvas, [1.5, 4.5], [7.5, 4.5], [0, 0, 0], 3);
  assert.equal(
    [3, 4, 5].map((y) => at(canvas, 4, y)[0]),
    [0, 0, 0],
  );
  assert.equal(
    [2, 6].map((y) => at(canvas, 4, y)[0]),
    [255, 255],
  );
});

test('charts and maps of points become pictures', () => {
  const point = { x: 1, y: 0.5, tone: 'best', caption: 'a' } as const;
  const chart = {
    title: 'A',
    x: { label: 'x', log: true },
    y: { label: 'y' },
    points: [point],
    names: { best: 'best' },
  };
  assert.ok(drawCharts([chart, chart, chart]).height > 800, 'two rows');
  assert.throws(() => drawCharts([]), /no chart/);
  const points = [0, 1, 2].map((i) => ({ x: i, y: i, caption: '', group: 'a' }));
  assert.is(drawScatters([{ title: 'B', labels: ['', ''], points }]).width, 28 + 560 + 28);
});

test.run();
