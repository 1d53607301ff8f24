import { h } from '../dom.js';

/** Hands a file to the browser's downloads. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken the address over by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
