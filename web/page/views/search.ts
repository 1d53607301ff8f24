import { counted } from '../../words.js';
import type { SearchFor } from '../../worker/search.js';
import { field, fill, h } from '../dom.js';
import { call } from '../engine.js';
import { cropPicture } from '../parts/crop-picture.js';
import { dropBox } from '../parts/gallery-adder.js';
import { galleryBench } from '../parts/gallery-bench.js';
import { openedGallery } from '../parts/gallery-session.js';
import { errorNotice, notice } from '../parts/notice.js';
import { pictureGrid } from '../parts/picture-grid.js';
import { searchResults } from '../parts/search-results.js';
import { openedModel } from '../session.js';
import type { View } from '../view.js';

let bench: ReturnType<typeof galleryBench> | undefined;

/** Search: a gallery in the browser's storage, looked through by a picture or a part of one. */
export const search: View = {
  name: 'search',
  title: 'Search',
  shown: () => bench?.refresh(),
  build() {
    bench = galleryBench();
    const said = h('div', { class: 'stack', role: 'status' });
    /** What is looked for; without the part. */
    let query: { readonly id: number } | { readonly file: File } | undefined;
    let turn = 0;

    const results = searchResults((id) => void lookFor({ id }));
    const go = h('button', { type: 'button', class: 'first', hidden: true, onclick: () => void run() }, 'Search');
    const picture = cropPicture(() => void run());

    const run = async (): Promise<void> => {
      const gallery = openedGallery.get();
      if (!query) return;
      if (!gallery || gallery.pictures.length === 0) {
        fill(said, notice('warning', 'There is no gallery with pictures to look through yet: add some first.'));
        return;
      }
      const mine = ++turn;
      const wanted: SearchFor = { ...query, crop: picture.crop };
      fill(said, h('p', { class: 'quiet' }, 'Searching …'));
      try {
        const model = gallery.model.key === 'pixels' ? 'pixels' : openedModel.get()?.id;
        const found = await call('search', { gallery: gallery.name, query: wanted, model });
        if (mine !== turn) return;
        fill(said);
        results.set(found);
      } catch (error) {
        if (mine === turn) fill(said, errorNotice(error));
      }
    };

    const lookFor = async (wanted: { readonly id: number } | { readonly file: File }): Promise<void> => {
      query = wanted;
      fill(said);
      try {
        if ('file' in wanted) {
          picture.set(await createImageBitmap(wanted.file), wanted.file.name);
        } else {
          const gallery = openedGallery.get()!;
          const { bitmap } = await call('galleryPicture', { gallery: gallery.name, id: wanted.id });
          picture.set(bitmap, gallery.pictures.find(({ id }) => id === wanted.id)?.path ?? '');
        }
      } catch (error) {
        picture.set(undefined, '');
        query = undefined;
        go.hidden = true;
        const name = 'file' in wanted ? wanted.file.name : 'This picture';
        fill(
          said,
          error instanceof DOMException
            ? notice(
                'error',
                `${name} cannot be read as a picture. Choose a JPEG or PNG file that other programs can open.`,
              )
            : errorNotice(error),
        );
        return;
      }
      go.hidden = false;
      head.scrollIntoView({ block: 'nearest' });
      await run();
    };

    const file = h('input', {
      type: 'file',
      accept: '.jpg,.jpeg,.png,image/jpeg,image/png',
      onchange: () => {
        const chosen = file.files?.[0];
        file.value = '';
        if (chosen) void lookFor({ file: chosen });
      },
    });
    const head = h(
      'div',
      { class: 'sheet' },
      h('header', {}, h('h2', {}, 'Look for')),
      dropBox(
        (transfer) => transfer.files[0] && void lookFor({ file: transfer.files[0] }),
        field(
          'A picture',
          file,
          'Choose it or drop it here, or press a picture of the gallery below. Then draw the part that matters.',
        ),
      ),
      picture.element,
      go,
      said,
    );

    const chosen = new Set<number>();
    const remove = h('button', { type: 'button', disabled: true }, 'Remove');
    const held = h('p', { class: 'quiet' });
    const grid = pictureGrid({
      action: 'Look for pictures like',
      onPress: (id) => void lookFor({ id }),
      onChoose: (ids) => {
        chosen.clear();
        for (const id of ids) chosen.add(id);
        remove.disabled = chosen.size === 0;
        remove.textContent = chosen.size === 0 ? 'Remove' : `Remove ${counted(chosen.size, 'picture')}`;
      },
    });
    remove.addEventListener('click', async () => {
      const gallery = openedGallery.get()!;
      remove.disabled = true;
      try {
        openedGallery.set(await call('removeFromGallery', { gallery: gallery.name, ids: [...chosen] }));
      } catch (error) {
        fill(said, errorNotice(error));
      }
    });
    const content = h(
      'div',
      { class: 'sheet', hidden: true },
      h('header', {}, h('h2', {}, 'In the gallery'), held),
      h(
        'div',
        { class: 'row' },
        remove,
        h('span', { class: 'hint' }, 'Tick pictures to remove them. Your own files stay.'),
      ),
      grid.element,
    );
    let shown: string | undefined;
    openedGallery.watch((gallery) => {
      content.hidden = !gallery || gallery.pictures.length === 0;
      if (gallery?.name !== shown) {
        shown = gallery?.name;
        query = query && 'file' in query ? query : undefined;
        if (!query) picture.set(undefined, '');
        go.hidden = query === undefined;
        results.set(undefined);
      }
      if (!gallery) return grid.clear();
      held.textContent = counted(gallery.pictures.length, 'picture');
      grid.set(
        gallery.name,
        gallery.pictures.map(({ id }) => id),
        (_, place) => {
          const { path, camera, identity } = gallery.pictures[place]!;
          const name = identity ?? path.slice(path.lastIndexOf('/') + 1);
          return { label: path, caption: [name, camera === undefined ? '' : `camera ${camera}`] };
        },
      );
    });

    return h('div', { class: 'bench' }, bench.element, h('div', { class: 'stack' }, head, results.element, content));
  },
};
