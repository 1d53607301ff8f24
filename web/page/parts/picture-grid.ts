import { counted } from '../../words.js';
import { fill, h } from '../dom.js';
import { wordsOf } from '../engine.js';
import { ThumbImages } from './gallery-thumbs.js';

/** A picture in a grid. */
export interface GridPicture {
  readonly id: number;
  /** Said by screen readers. */
  readonly label: string;
  /** Words below it. */
  readonly caption: readonly string[];
}

export interface GridOptions {
  /** What a press on a picture does, in words: `Look for pictures like` */
  readonly action: string;
  onPress(id: number): void;
  /** Where pictures can be chosen, several at a time. */
  readonly onChoose?: (ids: ReadonlySet<number>) => void;
}

export interface PictureGrid {
  readonly element: HTMLElement;
  set(gallery: string, pictures: readonly GridPicture[]): void;
  clear(): void;
}

/** Pictures that are put on the page at a time. */
const PAGE = 60;

/** Small pictures of a gallery with words, page by page. Arrow keys move from one to the next. */
export function pictureGrid({ action, onPress, onChoose }: GridOptions): PictureGrid {
  const list = h('ul', { class: 'grid', onkeydown: walk });
  const foot = h('div', { class: 'row' });
  const element = h('div', { class: 'stack' }, list, foot);
  let thumbs: ThumbImages | undefined;
  let all: readonly GridPicture[] = [];
  let from = 0;
  const chosen = new Set<number>();

  const cell = ({ id, label, caption }: GridPicture): HTMLElement => {
    const box =
      onChoose &&
      h('input', {
        type: 'checkbox',
        class: 'pick',
        checked: chosen.has(id),
        'aria-label': `Choose ${label}`,
        onchange: () => {
          if (box!.checked) chosen.add(id);
          else chosen.delete(id);
          onChoose(chosen);
        },
      });
    return h(
      'li',
      {},
      h(
        'button',
        { type: 'button', class: 'tile', title: label, 'aria-label': `${action} ${label}`, onclick: () => onPress(id) },
        thumbs!.image(id, ''),
      ),
      box,
      h(
        'p',
        { class: 'under figures' },
        caption.map((line) => h('span', {}, line)),
      ),
    );
  };

  const page = (): void => {
    const shown = all.slice(from, from + PAGE);
    fill(list, shown.map(cell));
    const turn = (words: string, to: number) =>
      h(
        'button',
        {
          type: 'button',
          disabled: to < 0 || to >= all.length,
          onclick: () => {
            from = to;
            refresh();
            list.querySelector<HTMLElement>('.tile')?.focus();
          },
        },
        words,
      );
    fill(
      foot,
      all.length > PAGE && [
        turn('Earlier', from - PAGE),
        turn('Later', from + PAGE),
        h(
          'span',
          { class: 'quiet', role: 'status' },
          `${from + 1} to ${from + shown.length} of ${counted(all.length, 'picture')}`,
        ),
      ],
    );
    thumbs!.load().catch((error: unknown) => fill(foot, h('p', { class: 'quiet' }, wordsOf(error))));
  };

  const refresh = (gallery?: string): void => {
    const name = gallery ?? current;
    thumbs?.close();
    thumbs = new ThumbImages(name);
    current = name;
    page();
  };
  let current = '';

  return {
    element,
    set(gallery, pictures) {
      all = pictures;
      const there = new Set(pictures.map(({ id }) => id));
      for (const id of chosen) if (!there.has(id) || gallery !== current) chosen.delete(id);
      if (gallery !== current || from >= pictures.length) from = 0;
      refresh(gallery);
      onChoose?.(chosen);
    },
    clear() {
      thumbs?.close();
      all = [];
      chosen.clear();
      fill(list);
      fill(foot);
      onChoose?.(chosen);
    },
  };
}

/** Arrow keys go from tile to tile. */
export function walk(event: KeyboardEvent): void {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: 0, End: 0 }[event.key];
  const list = event.currentTarget as HTMLElement;
  if (step === undefined || !(event.target instanceof HTMLElement) || !event.target.matches('.tile')) return;
  const tiles = [...list.querySelectorAll<HTMLElement>('.tile')];
  const at = tiles.indexOf(event.target);
  const row = tiles.filter(({ offsetTop }) => offsetTop === tiles[0]!.offsetTop).length;
  const far = event.key === 'ArrowUp' || event.key === 'ArrowDown' ? row : 1;
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? tiles.length - 1 : at + step * far;
  const next = tiles[Math.min(Math.max(to, 0), tiles.length - 1)];
  if (!next || next === event.target) return;
  event.preventDefault();
  next.focus();
}
