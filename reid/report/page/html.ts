/** Finished markup: what may stand in a page as it is. Made by {@link html} and {@link markup} alone. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: markup as it is, texts and numbers escaped, lists one after the other, nothing for nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** What no document may hold: control characters besides tab and line feed, half characters, characters that are none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * A text for the inside of an element or of a quoted attribute. Control characters and halves of characters become U+FFFD;
 * whatever a file is called, it stays text.
 */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"'`]/g, (character) => ENTITIES[character]!);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return typeof value === 'number' ? String(value) : escapeText(value);
}

/**
 * Markup from a template: what is put in is escaped, unless it is markup itself. Attributes have to be quoted.
 *
 * @example
 *   html`<td title="${path}">${name}</td>`;
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? render(values[i]) : '')).join(''));
}

/** A text of the project's own as markup. Never for what comes from outside. */
export const markup = (text: string): Html => new Html(text);

/** Base64 of bytes, in Node and in a browser. */
export function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
