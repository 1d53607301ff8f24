import { h, newId } from '../dom.js';

/** How far some work is: a bar, and words that a screen reader is told now and then. */
export interface ProgressPart {
  readonly element: HTMLElement;
  /** @param words what is done now: `412 of 1,900 pictures`; of `total` 0 it is not known how far it is */
  show(done: number, total: number, words: string): void;
  hide(): void;
}

/** Milliseconds between two tellings of a screen reader. */
const SAY_EVERY = 10_000;

/** @param onStop what gives the work up: with it there is a button, which is pressed once */
export function progressPart(label: string, onStop?: () => void): ProgressPart {
  const bar = h('progress', { max: 1, id: newId('progress'), 'aria-label': label });
  const words = h('span', { class: 'figures' });
  const said = h('span', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  const press = (): void => {
    stop.disabled = true;
    words.textContent = 'Stopping …';
    onStop?.();
  };
  const stop = h('button', { type: 'button', 'aria-label': `Stop ${label.toLowerCase()}`, onclick: press }, 'Stop');
  const element = h('div', { class: 'progress', hidden: true }, bar, words, onStop && stop, said);
  let last = 0;
  return {
    element,
    show(done, total, text) {
      if (element.hidden) stop.disabled = false;
      element.hidden = false;
      if (total > 0) bar.value = done / total;
      else bar.removeAttribute('value');
      if (stop.disabled) return;
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
