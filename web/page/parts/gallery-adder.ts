import { counted, timeLeft, whole } from '../../words.js';
import type { Added, GalleryProgress } from '../../worker/gallery-add.js';
import { field, fill, h } from '../dom.js';
import { call } from '../engine.js';
import { type ChosenFolder, filesOfDrop, filesOfInput, handOver } from '../folder-files.js';
import { openedData, openedModel } from '../session.js';
import { describerId, featuresBy, openedGallery } from './gallery-session.js';
import { errorNotice, notice } from './notice.js';
import { progressPart } from './progress.js';

/** How far some work on a gallery is, in words. */
export const progressWords = ({ done, total, left }: GalleryProgress): string =>
  `${whole(done)} of ${counted(total, 'picture')}${left === undefined ? '' : `, about ${timeLeft(left)} left`}`;

/** A box that files can be dropped into. */
export function dropBox(onDrop: (transfer: DataTransfer) => void, ...children: readonly HTMLElement[]): HTMLElement {
  const box = h(
    'div',
    {
      class: 'drop',
      ondragover: (event: DragEvent) => {
        event.preventDefault();
        box.classList.add('over');
      },
      ondragleave: () => box.classList.remove('over'),
      ondrop: (event: DragEvent) => {
        event.preventDefault();
        box.classList.remove('over');
        if (event.dataTransfer) onDrop(event.dataTransfer);
      },
    },
    ...children,
  );
  return box;
}

/** What became of the pictures, in words. */
function outcome({ added, known, others, broken, notDone }: Added): HTMLElement[] {
  const parts = [
    `${counted(added, 'picture')} added`,
    known > 0 && `${whole(known)} were there already`,
    others > 0 &&
      `${counted(others, 'file')} that ${others === 1 ? 'is no picture was' : 'are no pictures were'} passed over`,
    notDone > 0 && `${whole(notDone)} not looked at, since you stopped: choose them again to go on`,
  ].filter(Boolean);
  const said = h('p', {}, `${parts.join('; ')}.`);
  if (broken.length === 0) return [said];
  return [
    said,
    notice(
      'warning',
      `${counted(broken.length, 'picture')} could not be read; the others went on.`,
      undefined,
      h(
        'details',
        {},
        h('summary', {}, 'Which'),
        h(
          'ul',
          { class: 'plain-list' },
          broken.slice(0, 100).map((words) => h('li', {}, words)),
        ),
        broken.length > 100 && h('p', { class: 'quiet' }, `and ${whole(broken.length - 100)} more`),
      ),
    ),
  ];
}

/** The name of the gallery that is made where there is none. */
const FIRST = 'My pictures';

/** Adds pictures to the open gallery: files, a folder, or the data set that is open; can be stopped. */
export function galleryAdder(onNew: (name: string) => Promise<void>): HTMLElement {
  const said = h('div', { class: 'stack', role: 'status' });
  const progress = progressPart('Adding pictures');
  let abort = new AbortController();
  const stop = h(
    'button',
    { type: 'button', hidden: true, onclick: () => abort.abort() },
    'Stop, and keep what is done',
  );
  const camera = h('input', { type: 'text', maxLength: 60, autocomplete: 'off' });
  const folders = h('input', {
    type: 'checkbox',
    onchange: () => {
      camera.disabled = folders.checked;
    },
  });
  let busy = false;

  const add = async (from: ChosenFolder | Promise<ChosenFolder> | { readonly data: string }): Promise<void> => {
    if (busy) return;
    const model = describerId();
    if (model === undefined) {
      fill(
        said,
        notice(
          'warning',
          'Features need a model. Open one above, train one first (the tab Train), or choose “Colours alone”, which is weak and needs none.',
        ),
      );
      return;
    }
    busy = true;
    abort = new AbortController();
    fill(said, h('p', { class: 'quiet' }, 'Listing the files …'));
    try {
      const chosen = await from;
      const show = (done: number, total: number, words: string): void => {
        fill(said);
        progress.show(done, total, words);
      };
      const taken = 'data' in chosen ? chosen : await handOver(chosen, show);
      if (!openedGallery.get()) await onNew(FIRST);
      const gallery = openedGallery.get()!.name;
      stop.hidden = false;
      const name = camera.value.trim();
      const cameras = folders.checked ? ({ folders: true } as const) : name === '' ? undefined : { camera: name };
      const result = await call(
        'addToGallery',
        { gallery, model, from: taken, cameras },
        {
          signal: abort.signal,
          onEvent: (event) => show(event.done, event.total, progressWords(event)),
        },
      );
      fill(said, outcome(result));
    } catch (error) {
      fill(said, errorNotice(error));
    } finally {
      busy = false;
      stop.hidden = true;
      progress.hide();
      const open = openedGallery.get();
      if (open) openedGallery.set(await call('openGallery', { gallery: open.name }).catch(() => open));
    }
  };

  const files = h('input', {
    type: 'file',
    multiple: true,
    accept: '.jpg,.jpeg,.png,image/jpeg,image/png',
    onchange: () => {
      const chosen = [...(files.files ?? [])];
      if (chosen.length > 0) void add({ name: 'pictures', files: chosen.map((file) => [file.name, file] as const) });
      files.value = '';
    },
  });
  const folder = h('input', {
    type: 'file',
    multiple: true,
    webkitdirectory: true,
    onchange: () => {
      if (folder.files && folder.files.length > 0) void add(filesOfInput(folder.files));
      folder.value = '';
    },
  });
  const ofData = h('button', { type: 'button', hidden: true }, '');
  openedData.watch((data) => {
    ofData.hidden = !data;
    if (data) ofData.textContent = `Add the pictures of ${data.name}`;
  });
  ofData.addEventListener('click', () => void add({ data: openedData.get()!.id }));
  const hint = h('p', { class: 'hint' });
  const tell = (): void => {
    const model = openedModel.get();
    hint.textContent =
      featuresBy.get() === 'pixels'
        ? 'Compared by their colours alone.'
        : model
          ? `Compared by ${model.title}.`
          : 'No model is open yet.';
  };
  openedModel.watch(tell);
  featuresBy.watch(tell);

  return h(
    'div',
    { class: 'sheet' },
    h('header', {}, h('h2', {}, 'Add pictures'), hint),
    dropBox(
      (transfer) => void add(filesOfDrop(transfer)),
      field('Pictures', files),
      field('Or a whole folder', folder, 'Choose, or drop here. They are opened on this machine and sent nowhere.'),
    ),
    ofData,
    h(
      'details',
      {},
      h('summary', {}, 'Cameras'),
      h(
        'div',
        { class: 'stack' },
        field(
          'Camera of what is added next',
          camera,
          'A place or a device, if you know it: results can be filtered by it.',
        ),
        h('label', { class: 'check' }, folders, 'The folder that a picture lies in is its camera'),
      ),
    ),
    progress.element,
    stop,
    said,
  );
}
