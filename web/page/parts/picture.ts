import { h } from '../dom.js';
import { call } from '../engine.js';

/** Draws a bitmap into a canvas so many pixels of the page high. */
export function drawBitmap(canvas: HTMLCanvasElement, bitmap: ImageBitmap, height: number): void {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.style.height = `${height}px`;
  canvas.style.width = `${Math.round((height * bitmap.width) / bitmap.height)}px`;
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
  bitmap.close();
}

/** An empty place for a picture, of the usual shape. */
export function pictureCanvas(label: string, height: number): HTMLCanvasElement {
  const canvas = h('canvas', { class: 'picture', role: 'img', 'aria-label': label, width: 1, height: 1 });
  canvas.style.height = `${height}px`;
  canvas.style.width = `${height / 2}px`;
  return canvas;
}

/** A picture of a data set, drawn once the worker has made it small. */
export function picturePart(data: string, path: string, label: string, height = 96): HTMLCanvasElement {
  const canvas = pictureCanvas(label, height);
  const pixels = Math.round(height * Math.min(devicePixelRatio, 2));
  call('picture', { data, path, height: pixels })
    .then((bitmap) => drawBitmap(canvas, bitmap, height))
    .catch((error: Error) => {
      canvas.title = error.message;
      canvas.setAttribute('aria-label', `${label}: cannot be shown, ${error.message}`);
    });
  return canvas;
}
