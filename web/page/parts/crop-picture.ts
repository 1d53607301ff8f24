import type { Crop } from '../../worker/search.js';
import { fill, h } from '../dom.js';

/** A picture of which a part may be chosen: by mouse, finger or keys. */
export interface CropPicture {
  readonly element: HTMLElement;
  /** Takes the bitmap over. */
  set(bitmap: ImageBitmap | undefined, label: string): void;
  /** The part; undefined: the whole. */
  readonly crop: Crop | undefined;
}

/** Least side of a part, as a fraction: less is a press and no part. */
const LEAST = 0.02;
/** What an arrow key moves. */
const STEP = 0.02;
/** Where a part begins that keys make. */
const MIDDLE: Crop = { left: 0.25, top: 0.25, width: 0.5, height: 0.5 };

/** It is shown so high, in rem, where there is room. */
const HEIGHT = 18;

const clamp = (value: number, most = 1): number => Math.min(Math.max(value, 0), most);
const share = (value: number): string => `${Math.round(100 * value)} %`;

/** The part between two points. */
const between = (a: readonly [number, number], b: readonly [number, number]): Crop => ({
  left: Math.min(a[0], b[0]),
  top: Math.min(a[1], b[1]),
  width: Math.abs(a[0] - b[0]),
  height: Math.abs(a[1] - b[1]),
});

/** A part after a key: arrows move it, with Shift they change its size. Undefined for keys that mean nothing here. */
export function cropAfterKey(crop: Crop | undefined, key: string, shift: boolean): Crop | undefined {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!way) return undefined;
  if (!crop) return MIDDLE;
  const [x, y] = [way[0]! * STEP, way[1]! * STEP];
  const { left, top, width, height } = crop;
  if (shift) {
    return {
      left,
      top,
      width: Math.max(LEAST, clamp(width + x, 1 - left)),
      height: Math.max(LEAST, clamp(height + y, 1 - top)),
    };
  }
  return { left: clamp(left + x, 1 - width), top: clamp(top + y, 1 - height), width, height };
}

export function cropPicture(onChange: () => void): CropPicture {
  const canvas = h('canvas', { class: 'crop', tabIndex: 0, role: 'img', 'aria-label': 'Picture to look for' });
  const said = h('p', { class: 'hint', role: 'status' });
  const whole = h('button', { type: 'button', class: 'plain', onclick: () => choose(undefined) }, 'The whole picture');
  const element = h('div', { class: 'stack', hidden: true }, canvas, h('div', { class: 'row' }, said, whole));
  let bitmap: ImageBitmap | undefined;
  let crop: Crop | undefined;
  let start: readonly [number, number] | undefined;

  const draw = (): void => {
    if (!bitmap) return;
    const { width, height } = bitmap;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    if (!crop) return;
    const x = crop.left * width;
    const y = crop.top * height;
    const line = Math.max(1, width / Math.max(canvas.clientWidth, 1));
    context.fillStyle = 'rgb(0 0 0 / 55%)';
    context.beginPath();
    context.rect(0, 0, width, height);
    context.rect(x, y, crop.width * width, crop.height * height);
    context.fill('evenodd');
    for (const [colour, wide] of [
      ['#000', 4],
      ['#fff', 2],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = wide * line;
      context.strokeRect(x, y, crop.width * width, crop.height * height);
    }
  };

  const choose = (chosen: Crop | undefined, ended = true): void => {
    crop = chosen && chosen.width >= LEAST && chosen.height >= LEAST ? chosen : undefined;
    whole.hidden = crop === undefined;
    fill(
      said,
      crop
        ? `A part: ${share(crop.width)} of the width from ${share(crop.left)} on, ${share(crop.height)} of the height from ${share(crop.top)} on.`
        : 'Draw a part with mouse or finger; or with arrow keys, Shift changes its size, Escape is the whole picture.',
    );
    draw();
    if (ended) onChange();
  };

  const pointOf = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    start = pointOf(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (start) choose(between(start, pointOf(event)), false);
  });
  canvas.addEventListener('pointerup', (event) => {
    if (!start) return;
    const part = between(start, pointOf(event));
    start = undefined;
    choose(part);
  });
  canvas.addEventListener('pointercancel', () => {
    start = undefined;
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && crop) return choose(undefined);
    const after = cropAfterKey(crop, event.key, event.shiftKey);
    if (!after) return;
    event.preventDefault();
    choose(after);
  });

  return {
    element,
    get crop() {
      return crop;
    },
    set(taken, label) {
      bitmap?.close();
      bitmap = taken;
      element.hidden = !taken;
      if (taken) canvas.style.width = `min(100%, ${((HEIGHT * taken.width) / taken.height).toFixed(2)}rem)`;
      canvas.setAttribute('aria-label', `${label}: draw the part to look for`);
      choose(undefined, false);
    },
  };
}
