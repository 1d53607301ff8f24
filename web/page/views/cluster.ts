import type { GroupingProgress } from '../../../reid/clustering/grouping.js';
import { counted, percent, whole } from '../../words.js';
import type { Grouped } from '../../worker/cluster.js';
import { fill, h } from '../dom.js';
import { call, isAbort } from '../engine.js';
import { galleryBench } from '../parts/gallery-bench.js';
import { openedGallery } from '../parts/gallery-session.js';
import { fitted, type Groups, groupsOf, LOOSE } from '../parts/group-edits.js';
import { type GroupWish, groupForm } from '../parts/group-form.js';
import { groupSheets } from '../parts/group-sheets.js';
import { errorNotice, notice } from '../parts/notice.js';
import { progressPart } from '../parts/progress.js';
import { saveFile } from '../parts/save-file.js';
import type { View } from '../view.js';

let bench: ReturnType<typeof galleryBench> | undefined;

/** Groups of one picture: of which nobody looks like them. */
const singles = (groups: Groups): number =>
  groupsOf(groups).filter(({ number, ids }) => number !== LOOSE && ids.length === 1).length;

/** Without labels: the gallery's pictures in groups, mended by hand. */
export const cluster: View = {
  name: 'groups',
  title: 'Without labels',
  shown: () => bench?.refresh(),
  build() {
    bench = galleryBench();
    const said = h('div', { class: 'stack', role: 'status' });
    const facts = h('div', { class: 'stack' });
    let groups: Groups = new Map();
    let known: Grouped['known'];
    /** Whose groups are on the page. */
    let shown: string | undefined;

    const showFacts = (): void => {
      const all = groupsOf(groups);
      const loose = all.find(({ number }) => number === LOOSE)?.ids.length ?? 0;
      const count = all.length - (loose > 0 ? 1 : 0);
      fill(
        facts,
        h(
          'p',
          { class: 'figures' },
          h('strong', {}, counted(count, 'group')),
          ` of ${counted(groups.size - loose, 'picture')}; ${whole(loose)} in no group; ${counted(singles(groups), 'group')} of one picture`,
        ),
        known &&
          h(
            'p',
            { class: 'quiet' },
            `As grouped, beside the ${counted(known.pictures, 'picture')} whose identity is known: ${percent(known.precision)} of the pairs that share a group show one identity; ${percent(known.recall)} of the pairs that show one identity share a group.`,
          ),
      );
    };

    const kept = (): (readonly [number, number])[] => [...groups];
    const keep = async (changed: Groups): Promise<void> => {
      groups = changed;
      showFacts();
      try {
        await call('keepGroups', { gallery: shown!, groups: kept() });
      } catch (error) {
        fill(said, errorNotice(error));
      }
    };
    const sheets = groupSheets((changed) => void keep(changed));

    const labels = (): Map<number, string> =>
      new Map(
        openedGallery
          .get()!
          .pictures.map(({ id, path, identity, camera }) => [
            id,
            [path, identity, camera === undefined ? undefined : `camera ${camera}`].filter(Boolean).join(', '),
          ]),
      );

    const show = (name: string, made: Groups): void => {
      shown = name;
      groups = made;
      showFacts();
      sheets.set(name, made, labels());
      result.hidden = false;
    };

    let abort: AbortController | undefined;
    const progress = progressPart('Grouping', () => abort?.abort());
    const group = async ({ choice, centred }: GroupWish): Promise<void> => {
      const gallery = openedGallery.get();
      if (!gallery || gallery.pictures.length < 2) {
        fill(said, notice('warning', 'There is nothing to group yet: add at least two pictures to a gallery.'));
        return;
      }
      abort = new AbortController();
      fill(said);
      progress.show(0, 0, `Grouping ${counted(gallery.pictures.length, 'picture')} …`);
      try {
        const found = await call(
          'cluster',
          { gallery: gallery.name, choice, centred },
          { signal: abort.signal, onEvent: (far) => progress.show(far.done, far.total, farWords(far)) },
        );
        known = found.known;
        const made = fitted(
          [...found.ids].map((id, i) => [id, found.labels[i]!] as const),
          [...found.ids],
        );
        show(gallery.name, made);
        await keep(made);
        fill(said, advice(made, choice));
      } catch (error) {
        fill(
          said,
          isAbort(error) ? h('p', { class: 'quiet' }, 'Stopped: the groups are as they were.') : errorNotice(error),
        );
      } finally {
        abort = undefined;
        progress.hide();
      }
    };

    const save = async (): Promise<void> => {
      try {
        saveFile(await call('exportGroups', { gallery: shown!, groups: kept() }), `${shown} groups.csv`);
      } catch (error) {
        fill(said, errorNotice(error));
      }
    };
    const result = h(
      'div',
      { class: 'sheet', hidden: true },
      h(
        'header',
        {},
        h('h2', {}, 'Groups'),
        h('button', { type: 'button', onclick: () => void save() }, 'Export the table (CSV)'),
      ),
      facts,
      sheets.element,
    );

    openedGallery.watch(async (gallery) => {
      if (!gallery || gallery.pictures.length === 0) {
        shown = undefined;
        result.hidden = true;
        return sheets.clear();
      }
      const ids = gallery.pictures.map(({ id }) => id);
      const same = shown === gallery.name && ids.length === groups.size && ids.every((id) => groups.has(id));
      if (same) return;
      fill(said);
      const before =
        shown === gallery.name
          ? kept()
          : (await call('keptGroups', { gallery: gallery.name }).catch(() => undefined))?.groups;
      if (openedGallery.get()?.name !== gallery.name) return;
      known = undefined;
      if (before) return show(gallery.name, fitted(before, ids));
      shown = undefined;
      result.hidden = true;
    });

    return h(
      'div',
      { class: 'bench' },
      bench.element,
      h(
        'div',
        { class: 'stack' },
        groupForm((wish) => abort === undefined && void group(wish)),
        progress.element,
        said,
        result,
      ),
    );
  },
};

/** How far grouping is, in words. */
function farWords({ unit, done, total }: GroupingProgress): string {
  if (unit === 'steps') return `step ${done} of at most ${total}`;
  return done < total ? `${percent(done / total, 0)} of all pairs compared` : 'all pairs compared; making groups …';
}

/** What to try where the result is lopsided. */
function advice(groups: Groups, choice: GroupWish['choice']): HTMLElement | undefined {
  const all = groupsOf(groups);
  const loose = all.find(({ number }) => number === LOOSE)?.ids.length ?? 0;
  const largest = all.filter(({ number }) => number !== LOOSE).reduce((most, { ids }) => Math.max(most, ids.length), 0);
  if (choice.method === 'dbscan' && loose > groups.size / 2) {
    return notice(
      'note',
      `${whole(loose)} of ${counted(groups.size, 'picture')} are in no group: neighbours that may be farther apart, or fewer pictures of a core, find more groups.`,
    );
  }
  if (largest <= groups.size / 2) return undefined;
  if (choice.method === 'dbscan' && groups.size < 10 * choice.k1) {
    return notice(
      'note',
      `One group holds ${whole(largest)} of ${counted(groups.size, 'picture')}, few for lists of ${choice.k1} neighbours: try k1 ${Math.ceil(choice.k1 / 3)} and k2 3.`,
    );
  }
  return notice(
    'note',
    `One group holds ${counted(largest, 'picture')}: a smaller distance, or more groups, takes it apart.`,
  );
}
