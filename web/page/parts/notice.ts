import { h } from '../dom.js';
import { wordsOf } from '../engine.js';

export type NoticeKind = 'error' | 'warning' | 'note';

const HEADINGS: Readonly<Record<NoticeKind, string>> = { error: 'Problem', warning: 'Warning', note: 'Note' };

/** A box of words: what is the matter, and what to do. */
export function notice(kind: NoticeKind, message: string, advice?: string, ...more: readonly Node[]): HTMLElement {
  return h(
    'div',
    { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'note' },
    h('strong', {}, HEADINGS[kind]),
    h('div', { class: 'words' }, h('p', {}, message), advice && h('p', { class: 'advice' }, advice), more),
  );
}

/** The same for an error that was thrown. */
export const errorNotice = (error: unknown, advice?: string): HTMLElement => notice('error', wordsOf(error), advice);
