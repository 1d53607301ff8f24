/** The page: its views, one at a time, and what there is to compute with. */

import { bytes } from '../words.js';
import { fill, h } from './dom.js';
import { call } from './engine.js';
import { errorNotice, notice } from './parts/notice.js';
import { views } from './views/index.js';

const built = new Map<string, HTMLElement>();
const status = h('p', { class: 'machine', role: 'status' }, 'Looking for a GPU …');
const banner = h('div', { class: 'banner' });
const main = h('main', { id: 'main', tabIndex: -1 });

const tabs = views.map(({ name, title }) => h('a', { href: `#${name}` }, title));

function show(): void {
  const name = location.hash.slice(1);
  const view = views.find((one) => one.name === name) ?? views[0]!;
  for (const [i, tab] of tabs.entries()) {
    if (views[i] === view) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  if (!built.has(view.name)) {
    const section = h('section', { class: 'view', 'aria-label': view.title }, view.build());
    built.set(view.name, section);
    main.append(section);
  }
  for (const [key, section] of built) section.hidden = key !== view.name;
  document.title = `${view.title} · reid-webgpu`;
  view.shown?.();
}

async function showMachine(): Promise<void> {
  try {
    const { adapter, software } = await call('machine', undefined);
    status.textContent = software ? `${adapter} (software)` : adapter;
    if (software) {
      fill(
        banner,
        notice(
          'note',
          'The browser computes on the processor: it found no graphics card that it may use. Everything works, slowly.',
          'If the machine has one, switch on hardware acceleration in the browser’s settings.',
        ),
      );
    }
  } catch (error) {
    status.textContent = 'No GPU';
    fill(
      banner,
      errorNotice(error, 'Data sets can be looked at and checked without one; training and evaluating need it.'),
    );
  }
}

async function showUse(): Promise<void> {
  const { storage } = await call('machineUse', undefined);
  storageWords.textContent = `${bytes(storage.used)} kept in this browser${storage.kept ? '' : ' (it may delete them when space is short)'}`;
}

const storageWords = h('span', { class: 'figures' });

/** A link to a fragment would be taken for a view. */
function toContent(event: Event): void {
  event.preventDefault();
  main.focus();
}

document.body.append(
  h('a', { class: 'skip', href: '#main', onclick: toContent }, 'To the content'),
  h('header', {}, h('h1', {}, 'reid-webgpu'), h('nav', { 'aria-label': 'Views' }, tabs), status),
  banner,
  main,
  h(
    'footer',
    {},
    h('p', {}, 'Pictures and models stay on this machine: this page connects to nothing but its own address.'),
    h('p', {}, storageWords),
  ),
);
addEventListener('hashchange', show);
show();
void showMachine();
void showUse();
setInterval(() => void showUse().catch(() => undefined), 15_000);
