import type { Turned, TurnedView } from '../../worker/turn.js';
import { field, fill, h } from '../dom.js';

/** Where one stands who sees a person turned by so many degrees, in words. */
const SIDES: Readonly<Record<number, string>> = {
  0: 'as in the picture',
  90: 'a quarter round',
  180: 'from the other side',
  270: 'three quarters round',
};

const wordsOf = (degrees: number): string => `${degrees}°${SIDES[degrees] ? `, ${SIDES[degrees]}` : ''}`;

/** A bitmap on a canvas of its own size; the style sheet makes it larger. */
function canvasOf(bitmap: ImageBitmap, label: string): HTMLCanvasElement {
  const canvas = h('canvas', {
    class: 'turned',
    role: 'img',
    'aria-label': label,
    width: bitmap.width,
    height: bitmap.height,
  });
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
  return canvas;
}

/** A person on a turntable: a slider turns them, the picture and what it was drawn on beside it. */
export function turntable({ photo, views, structure }: Turned): {
  readonly element: HTMLElement;
  readonly close: () => void;
} {
  const bitmaps = [
    photo,
    ...views.flatMap(({ drawn, structure: map, truth }) => [drawn, map, ...(truth ? [truth] : [])]),
  ];
  const stage = h('div', { class: 'turn-stage' });
  const words = h('output', { class: 'figures' });
  const body = h('input', { type: 'checkbox', checked: true, onchange: () => show() });
  const slider = h('input', { type: 'range', min: '0', max: String(views.length - 1), step: '1', value: '0' });
  const pair = (bitmap: ImageBitmap, caption: string) =>
    h('figure', {}, canvasOf(bitmap, caption), h('figcaption', {}, caption));

  const strip = h(
    'div',
    { class: 'strip' },
    views.map((view, i) =>
      h(
        'button',
        {
          type: 'button',
          class: 'tile side',
          'aria-label': `Turned by ${wordsOf(view.degrees)}`,
          onclick: () => {
            slider.value = String(i);
            show();
          },
        },
        canvasOf(view.drawn, ''),
      ),
    ),
  );

  const show = (): void => {
    const view: TurnedView = views[Number(slider.value)]!;
    words.textContent = wordsOf(view.degrees);
    slider.setAttribute('aria-valuetext', wordsOf(view.degrees));
    fill(
      stage,
      pair(photo, 'The picture'),
      pair(view.drawn, `Drawn, turned by ${view.degrees}°`),
      body.checked && pair(view.structure, 'The body it was drawn on'),
      view.truth && pair(view.truth, 'How it really looks'),
    );
    for (const [i, tile] of [...strip.children].entries()) {
      if (String(i) === slider.value) tile.setAttribute('aria-current', 'true');
      else tile.removeAttribute('aria-current');
    }
  };
  slider.addEventListener('input', show);
  show();
  return {
    element: h(
      'div',
      { class: 'sheet' },
      h('header', {}, h('h2', {}, 'All around'), words),
      field('Turned by', slider),
      stage,
      strip,
      h('label', { class: 'check' }, body, 'Show the body'),
      h('p', { class: 'hint' }, `Bodies: ${structure}.`),
    ),
    close: () => {
      for (const bitmap of bitmaps) bitmap.close();
    },
  };
}
