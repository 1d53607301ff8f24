import { type Html, html, markup } from './html.js';
import { STYLE } from './style.js';

/** A part of a page: its name in the address, its heading, and what is in it; undefined leaves it out. */
export type Section = readonly [id: string, heading: string, content: Html | undefined];

/** A page: what stands above and below its sections. */
export interface PageParts {
  readonly title: string;
  readonly subtitle?: string;
  readonly date?: string;
  /** Large figures under the title. */
  readonly keys?: Html;
  readonly sections: readonly Section[];
}

/** Nothing is loaded from anywhere, and nothing runs. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** A whole page in the project's style, complete in itself, with links to its sections. */
export function documentOf({ title, subtitle, date, keys, sections: all }: PageParts): string {
  const sections = all.filter(([, , content]) => content !== undefined);
  return html`${markup('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${markup(POLICY)}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${markup(STYLE)}</style>
</head>
<body>
<div class="page">
<header>
<h1><bdi>${title}</bdi></h1>
${subtitle !== undefined && html`<p class="subtitle"><bdi>${subtitle}</bdi></p>`}
${keys}
${sections.length > 1 && html`<nav aria-label="Sections"><ul>${sections.map(([id, heading]) => html`<li><a href="#${id}">${heading}</a></li>`)}</ul></nav>`}
</header>
<main>
${sections.map(([id, heading, content]) => html`<section id="${id}"><h2>${heading}</h2>${content}</section>\n`)}</main>
${date !== undefined && html`<footer>${date}</footer>`}
</div>
</body>
</html>
`.text;
}
