import { h, newId } from '../dom.js';

/** How far some work is: a bar, and words that a screen reader is told now and then. */
export interface ProgressPart {
  readonly element: HTMLElement;
  /** @param words what is done now: `412 of 1,900 pictures` */
  show(done: number, total: number, words: string): void;
  hide(): void;
}

/** Milliseconds between two tellings of a screen reader. */
const SAY_EVERY = 10_000;

export function progressPart(label: string): ProgressPart {
  const bar = h('progress', { max: 1, id: newId('progress'), 'aria-label': label });
  const words = h('span', { class: 'figures' });
  const said = h('span', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  const element = h('div', { class: 'progress', hidden: true }, bar, words, said);
  let last = 0;
  return {
    element,
    show(done, total, text) {
      element.hidden = false;
      bar.value = total > 0 ? done / total : 0;
      words.textContent = text;
      const now = performance.now();
      if (now - last < SAY_EVERY && done < total) return;
      last = now;
      said.textContent = `${label}: ${text}`;
    },
    hide() {
      element.hidden = true;
      said.textContent = '';
    },
  };
}
