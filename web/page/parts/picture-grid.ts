import { counted, whole } from '../../words.js';
import { fill, h } from '../dom.js';
import { wordsOf } from '../engine.js';
import { ThumbImages } from './gallery-thumbs.js';

/** What is said of a picture in a grid. */
export interface GridWords {
  /** By screen readers. */
  readonly label: string;
  /** Below it. */
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
  /** @param words asked for the pictures of one page only: there may be ten thousand */
  set(gallery: string, ids: readonly number[], words: (id: number, place: number) => GridWords): void;
  clear(): void;
}

/** Pictures that are put on the page at a time: fewer on a phone, where a page of them is many screens long. */
const PAGE = { phone: 24, else: 60 } as const;

/** Small pictures of a gallery with words, page by page. Arrow keys move from one to the next. */
export function pictureGrid({ action, onPress, onChoose }: GridOptions): PictureGrid {
  const list = h('ul', { class: 'grid', onkeydown: walk });
  const foot = h('div', { class: 'row' });
  const element = h('div', { class: 'stack' }, list, foot);
  let thumbs: ThumbImages | undefined;
  let current = '';
  let all: readonly number[] = [];
  let wordsAt: (id: number, place: number) => GridWords;
  /** What is on the page, to leave it there when it would be the same. */
  let shown = '';
  let from = 0;
  const chosen = new Set<number>();
  const most = PAGE[matchMedia('(max-width: 40rem)').matches ? 'phone' : 'else'];

  const cell = (id: number, { label, caption }: GridWords): HTMLElement => {
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
    const ids = all.slice(from, from + most);
    const words = ids.map((id, i) => wordsAt(id, from + i));
    const now = JSON.stringify([current, ids, words]);
    const isSame = now === shown;
    shown = now;
    if (!isSame) {
      thumbs?.close();
      thumbs = new ThumbImages(current);
      fill(
        list,
        ids.map((id, i) => cell(id, words[i]!)),
      );
    }
    const turn = (words: string, to: number) =>
      h(
        'button',
        {
          type: 'button',
          disabled: to < 0 || to >= all.length,
          onclick: () => {
            from = to;
            page();
            list.querySelector<HTMLElement>('.tile')?.focus();
          },
        },
        words,
      );
    fill(
      foot,
      all.length > most && [
        turn('Earlier', from - most),
        turn('Later', from + most),
        h(
          'span',
          { class: 'quiet', role: 'status' },
          `${whole(from + 1)} to ${whole(from + ids.length)} of ${counted(all.length, 'picture')}`,
        ),
      ],
    );
    if (!isSame) thumbs!.load().catch((error: unknown) => fill(foot, h('p', { class: 'quiet' }, wordsOf(error))));
  };

  return {
    element,
    set(gallery, ids, words) {
      all = ids;
      wordsAt = words;
      const there = new Set(ids);
      for (const id of chosen) if (!there.has(id) || gallery !== current) chosen.delete(id);
      if (gallery !== current || from >= ids.length) from = 0;
      current = gallery;
      page();
      onChoose?.(chosen);
    },
    clear() {
      thumbs?.close();
      all = [];
      shown = '';
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
