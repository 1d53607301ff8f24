import type { QueryReport } from '../../../reid/metrics/report.js';
import { whole } from '../../words.js';
import type { Evaluated } from '../../worker/evaluate.js';
import type { Look } from '../../worker/looks.js';
import { field, fill, h, select } from '../dom.js';
import { call } from '../engine.js';
import { errorNotice } from './notice.js';
import { drawBitmap, pictureCanvas, picturePart } from './picture.js';

type Order = 'worst' | 'best' | 'listed';

const SORTS: Readonly<Record<Order, (a: QueryReport, b: QueryReport) => number>> = {
  worst: (a, b) => (a.ap?.rect ?? 2) - (b.ap?.rect ?? 2) || a.query - b.query,
  best: (a, b) => (b.ap?.rect ?? -1) - (a.ap?.rect ?? -1) || a.query - b.query,
  listed: (a, b) => a.query - b.query,
};

/** Queries on a page, and gallery pictures of each. */
const ROWS = 6;
const SHOWN = 12;

/** Names of files; with their folders where there are several, since names alone may be the same for several identities. */
function namer(paths: readonly string[]): (path?: string) => string {
  const parts = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/') + 1))).size > 1 ? 2 : 1;
  return (path = '') => path.split('/').slice(-parts).join('/');
}

/** Queries with their nearest gallery pictures, to page through, the worst first; and where the model looks. */
export function rankedLists({ id, data, report }: Evaluated): HTMLElement {
  let order: Order = 'worst';
  let page = 0;
  const nameOf = namer(report.perQuery.map(({ file = '' }) => file));
  const list = h('ol', { class: 'plain-list stack' });
  const where = h('span', { class: 'figures', role: 'status' });
  const back = h('button', { type: 'button', onclick: () => turn(-1) }, 'Back');
  const on = h('button', { type: 'button', onclick: () => turn(1) }, 'Next');

  const show = (): void => {
    const sorted = [...report.perQuery].sort(SORTS[order]);
    const pages = Math.max(1, Math.ceil(sorted.length / ROWS));
    page = Math.min(Math.max(page, 0), pages - 1);
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    where.textContent = `${whole(page * ROWS + 1)}–${whole(Math.min((page + 1) * ROWS, sorted.length))} of ${whole(sorted.length)}`;
    fill(list, sorted.slice(page * ROWS, (page + 1) * ROWS).map(row));
  };
  const turn = (by: number): void => {
    page += by;
    show();
  };

  const row = (found: QueryReport): HTMLElement => {
    const { query, file = '', identity, camera, ap, firstMatch, nearest } = found;
    const looks = h('div', { class: 'stack' });
    const verdict = ap ? `AP ${ap.rect.toFixed(3)}, first match at rank ${firstMatch}` : 'no match in the gallery';
    return h(
      'li',
      { class: 'ranked' },
      h('p', { class: 'figures' }, h('strong', {}, nameOf(file)), ` · ${verdict}`),
      h(
        'div',
        { class: 'strip' },
        h(
          'figure',
          { class: 'query' },
          picturePart(data, file, `Query, identity ${identity}`, 112),
          h('figcaption', {}, `query · camera ${(camera ?? 0) + 1}`),
        ),
        nearest.slice(0, SHOWN).map(({ gallery, file: path = '', match, distance, camera: seen }, rank) =>
          h(
            'figure',
            { class: match ? 'right' : 'wrong' },
            h(
              'button',
              {
                type: 'button',
                class: 'picture-button',
                'aria-label': `Rank ${rank + 1}, ${match ? 'right' : 'wrong'}: ${nameOf(path)}. Show what makes it like the query`,
                onclick: () => void showLooks(looks, query, gallery),
              },
              picturePart(data, path, `Rank ${rank + 1}, ${match ? 'right' : 'wrong'}`, 112),
            ),
            h('figcaption', {}, `${match ? '✓' : '✗'} ${distance.toFixed(3)} · c${(seen ?? 0) + 1}`),
          ),
        ),
      ),
      h(
        'div',
        {},
        h('button', { type: 'button', class: 'plain', onclick: () => void showLooks(looks, query) }, 'Where it looks'),
      ),
      looks,
    );
  };

  /** The look that was asked for last: one has the GPU at a time, so that the next one waits. */
  let before: Promise<unknown> = Promise.resolve();
  const showLooks = async (place: HTMLElement, query: number, gallery?: number): Promise<void> => {
    fill(place, h('p', { class: 'quiet', role: 'status' }, 'Looking …'));
    try {
      const look = before.then(() => call('look', { evaluation: id, query, gallery }));
      before = look.catch(() => undefined);
      fill(place, lookStrip(await look));
    } catch (error) {
      fill(place, errorNotice(error));
    }
  };

  show();
  return h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: 'row ends' },
      field(
        'Order',
        select(
          [
            ['worst', 'Worst queries first'],
            ['best', 'Best queries first'],
            ['listed', 'As the data set lists them'],
          ],
          order,
          (chosen) => {
            order = chosen;
            page = 0;
            show();
          },
        ),
      ),
      h('div', { class: 'row' }, back, on, where),
    ),
    h(
      'p',
      { class: 'hint' },
      '✓ the query’s identity, ✗ another one. Choose a picture to see what makes it like its query.',
    ),
    list,
  );
}

function lookStrip(looks: readonly Look[]): HTMLElement {
  if (looks.length === 0) return h('p', { class: 'hint' }, 'This model has no map to look at.');
  return h(
    'div',
    { class: 'strip looks' },
    looks.map(({ title, about, bitmap }) => {
      const canvas = pictureCanvas(`${title}: ${about}`, 176);
      drawBitmap(canvas, bitmap, 176);
      return h('figure', { title: about }, canvas, h('figcaption', {}, title));
    }),
  );
}
