import { bytes, counted, whole } from '../../words.js';
import { field, fill, h } from '../dom.js';
import { call } from '../engine.js';
import { type ChosenFolder, filesOfInput, handOver } from '../folder-files.js';
import { openedModel } from '../session.js';
import { progressWords } from './gallery-adder.js';
import { describerId, featuresBy, openedGallery, rememberedGallery } from './gallery-session.js';
import { errorNotice, notice } from './notice.js';
import { progressPart } from './progress.js';
import { saveFile } from './save-file.js';

/** The picker, and what brings its list up to date. */
export interface GalleryPicker {
  readonly element: HTMLElement;
  refresh(): Promise<void>;
  /** Makes an empty gallery and opens it. */
  create(name: string): Promise<void>;
}

const NONE_LACKING = { lacking: 0, folders: [] as readonly string[] };

/** Files that were chosen one by one, by the name that they have in a gallery. */
const LOOSE = 'pictures';

/** What is chosen again so that a gallery can be computed anew: the page keeps small pictures only. */
function chooseAgain(
  lacking: number,
  pictures: number,
  folders: readonly string[],
  onChosen: (from: ChosenFolder) => void,
): HTMLElement[] {
  const of = lacking === pictures ? 'the pictures themselves' : `${counted(lacking, 'picture')} of ${whole(pictures)}`;
  const input = (properties: object, from: (files: FileList) => ChosenFolder): HTMLInputElement => {
    const element = h('input', {
      type: 'file',
      multiple: true,
      ...properties,
      onchange: () => element.files && element.files.length > 0 && onChosen(from(element.files)),
    });
    return element;
  };
  const named = folders.filter((name) => name !== LOOSE);
  const loose = (files: FileList): ChosenFolder => ({
    name: LOOSE,
    files: [...files].map((file) => [file.name, file] as const),
  });
  return [
    h(
      'p',
      {},
      `For that the page needs ${of} once more: it keeps small ones, and forgets where the others lie when it is closed or reloaded. Choose what is asked for here, and computing begins.`,
    ),
    ...named.map((name) => field(`The folder ${name}, again`, input({ webkitdirectory: true }, filesOfInput))),
    ...(named.length < folders.length
      ? [field('The pictures that were chosen one by one, again', input({}, loose))]
      : []),
  ];
}

/** Chooses, makes, exports, imports and deletes galleries; says what is in the open one, and whose features. */
export function galleryPicker(): GalleryPicker {
  const said = h('div', { class: 'stack', role: 'status' });
  const facts = h('div', { class: 'stack' });
  const list = h('select', { onchange: () => void open(list.value) });
  const name = h('input', { type: 'text', maxLength: 61, autocomplete: 'off', required: true });

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    fill(said);
    try {
      await work();
    } catch (error) {
      fill(said, errorNotice(error));
    }
  };

  const open = (gallery: string): Promise<void> =>
    attempt(async () => {
      if (gallery !== '') openedGallery.set(await call('openGallery', { gallery }));
    });

  const create = async (wanted: string): Promise<void> => {
    const made = await call('createGallery', { name: wanted });
    await refresh();
    openedGallery.set(made);
  };

  const refresh = async (): Promise<void> => {
    const names = await call('listGalleries', undefined).catch(() => [] as string[]);
    const now = openedGallery.get()?.name;
    fill(
      list,
      names.length === 0 && h('option', { value: '' }, 'none yet'),
      names.map((one) => h('option', { value: one, selected: one === now }, one)),
    );
    list.disabled = names.length === 0;
    if (now !== undefined && names.includes(now)) return;
    const last = rememberedGallery();
    const first = last !== undefined && names.includes(last) ? last : names[0];
    openedGallery.set(undefined);
    if (first !== undefined) {
      list.value = first;
      await open(first);
    }
  };

  const renewing = progressPart('Computing anew');
  let abort = new AbortController();
  const renew = (chosen?: ChosenFolder): Promise<void> =>
    attempt(async () => {
      const gallery = openedGallery.get()!.name;
      abort = new AbortController();
      stop.hidden = false;
      try {
        const { done } = await call(
          'renewGallery',
          { gallery, model: describerId()!, from: chosen && (await handOver(chosen, renewing.show)) },
          { signal: abort.signal, onEvent: (event) => renewing.show(event.done, event.total, progressWords(event)) },
        );
        if (!done) fill(said, h('p', { class: 'quiet' }, 'Stopped: the gallery is as it was.'));
      } finally {
        stop.hidden = true;
        renewing.hide();
        // Of several folders the others are still to be chosen.
        void compare();
      }
      openedGallery.set(await call('openGallery', { gallery }));
    });
  const stop = h('button', { type: 'button', hidden: true, onclick: () => abort.abort() }, 'Stop');

  const mismatch = h('div', { class: 'stack' });
  let asked = 0;
  /** Compares the gallery's model with the one that is open. */
  const compare = async (): Promise<void> => {
    const turn = ++asked;
    const gallery = openedGallery.get();
    const model = describerId();
    if (!gallery || gallery.pictures.length === 0) return fill(mismatch);
    if (model === undefined) {
      const words =
        gallery.model.key === 'pixels'
          ? 'Its features are the pictures’ colours: choose “Colours alone” below to add more.'
          : `To add pictures, or to look for one from outside, open the model ${gallery.model.title} below.`;
      return fill(mismatch, h('p', { class: 'hint' }, words));
    }
    const key = await call('modelKey', { model }).catch(() => undefined);
    const { lacking, folders } = await call('galleryLacking', { gallery: gallery.name }).catch(() => NONE_LACKING);
    if (turn !== asked) return;
    if (!key || key.key === gallery.model.key) return fill(mismatch);
    fill(
      mismatch,
      notice(
        'warning',
        `These features were made by ${gallery.model.title}. What is chosen below (${key.title}) makes others, which cannot be compared with them.`,
        'Go back to that model, make another gallery, or compute this one anew from its pictures.',
        ...(lacking === 0
          ? [h('button', { type: 'button', onclick: () => void renew() }, `Compute anew with ${key.title}`)]
          : chooseAgain(lacking, gallery.pictures.length, folders, (from) => void renew(from))),
      ),
    );
  };
  openedGallery.watch(() => void compare());
  openedModel.watch(() => void compare());
  featuresBy.watch(() => void compare());

  openedGallery.watch((gallery) => {
    if (!gallery)
      return fill(
        facts,
        h(
          'p',
          { class: 'quiet' },
          'A gallery holds pictures that can be searched and grouped. It is kept in this browser, on this machine.',
        ),
      );
    list.value = gallery.name;
    const { used, allowed, kept } = gallery.storage;
    fill(
      facts,
      h(
        'p',
        { class: 'figures' },
        h('strong', {}, counted(gallery.pictures.length, 'picture')),
        `, ${bytes(gallery.bytes)} · room for ${bytes(Math.max(0, allowed - used))} more`,
      ),
      gallery.pictures.length > 0 && h('p', { class: 'quiet' }, `Compared by ${gallery.model.title}`),
      !kept &&
        h(
          'p',
          { class: 'hint' },
          'The browser may delete it when space is short: export what you want to keep for good.',
        ),
    );
  });

  const save = (what: 'exportGallery' | 'exportTable', ending: string): Promise<void> =>
    attempt(async () => {
      const gallery = openedGallery.get();
      if (!gallery || gallery.pictures.length === 0) {
        fill(said, h('p', { class: 'quiet' }, 'There is nothing in the gallery to export.'));
        return;
      }
      saveFile(await call(what, { gallery: gallery.name }), `${gallery.name}${ending}`);
    });

  const imported = h('input', {
    type: 'file',
    accept: '.safetensors',
    onchange: () => {
      const file = imported.files?.[0];
      imported.value = '';
      if (!file) return;
      void attempt(async () => {
        const taken = await call('importGallery', { file });
        openedGallery.set(taken);
        await refresh();
        fill(said, h('p', {}, `${counted(taken.pictures.length, 'picture')} imported as ${taken.name}.`));
      });
    },
  });
  const sure = h('dialog', { 'aria-label': 'Delete the gallery' });
  const askDelete = (): void => {
    const gallery = openedGallery.get();
    if (!gallery) return;
    fill(
      sure,
      h(
        'p',
        {},
        `Delete ${gallery.name} with its ${counted(gallery.pictures.length, 'picture')}? Your own files stay.`,
      ),
      h(
        'div',
        { class: 'row' },
        h(
          'button',
          {
            type: 'button',
            class: 'first',
            onclick: () => {
              sure.close();
              void attempt(async () => {
                await call('removeGallery', { gallery: gallery.name });
                openedGallery.set(undefined);
                await refresh();
              });
            },
          },
          'Delete',
        ),
        h('button', { type: 'button', onclick: () => sure.close() }, 'Keep'),
      ),
    );
    sure.showModal();
  };

  const element = h(
    'div',
    { class: 'sheet' },
    h('header', {}, h('h2', {}, 'Gallery')),
    field('Open', list),
    facts,
    mismatch,
    renewing.element,
    stop,
    h(
      'details',
      {},
      h('summary', {}, 'New, export, import, delete'),
      h(
        'div',
        { class: 'stack' },
        h(
          'form',
          {
            class: 'row ends',
            onsubmit: (event: Event) => {
              event.preventDefault();
              void attempt(async () => {
                await create(name.value);
                name.value = '';
              });
            },
          },
          field('New gallery', name),
          h('button', { type: 'submit' }, 'Make it'),
        ),
        h(
          'div',
          { class: 'row' },
          h('button', { type: 'button', onclick: () => void save('exportGallery', '.safetensors') }, 'Export'),
          h('button', { type: 'button', onclick: () => void save('exportTable', '.csv') }, 'Export its table (CSV)'),
          h('button', { type: 'button', onclick: askDelete }, 'Delete'),
        ),
        h(
          'p',
          { class: 'hint' },
          'One file holds features and small pictures. With its table beside it, node cli/cluster.js reads it, too.',
        ),
        field('Import', imported, 'A file that Export wrote.'),
      ),
    ),
    said,
    sure,
  );
  return { element, refresh, create };
}
