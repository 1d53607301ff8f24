import { counted, whole } from '../../words.js';
import type { DataFacts, MountedFacts } from '../../worker/data.js';
import { field, fill, h, newId } from '../dom.js';
import { call } from '../engine.js';
import { type ChosenFolder, filesOfDrop, filesOfInput, handOver } from '../folder-files.js';
import { openedData } from '../session.js';
import { dataSummary } from './data-summary.js';
import { layoutForm } from './layout-form.js';
import { errorNotice, notice } from './notice.js';
import { progressPart } from './progress.js';

/** Sizes of the drawn set. */
const DRAWN = [
  ['identities', 'Identities to train on', 64],
  ['testIdentities', 'Identities to test on', 48],
  ['images', 'Pictures for each camera', 2],
  ['cameras', 'Cameras', 6],
  ['distractors', 'Passers-by in the gallery', 48],
  ['seed', 'Seed', 1],
] as const;

/** Chooses a data set for all views: the drawn one, or a folder of one's own; then tells what is in it and what is doubtful. */
export function dataPicker(): HTMLElement {
  const said = h('div', { class: 'stack', 'aria-live': 'polite' });
  const looking = progressPart('Looking at the pictures');
  let abort = new AbortController();

  /** Runs one thing at a time; what was under way is given up. */
  const fresh = (): AbortSignal => {
    abort.abort();
    abort = new AbortController();
    looking.hide();
    return abort.signal;
  };

  /** Number of the data set that is told of here. */
  let shown = '';
  const show = (facts: DataFacts, ...more: readonly Node[]): void => {
    shown = facts.id;
    fill(said, more, dataSummary(facts));
  };

  /** Opens and shows; then looks at every file, and leaves out what cannot be read. */
  const open = async (spec: string): Promise<void> => {
    const signal = fresh();
    try {
      openedData.set(undefined);
      fill(said, h('p', { class: 'quiet' }, 'Reading …'));
      const facts = await call('openData', { spec });
      if (signal.aborted) return;
      show(facts);
      if (!facts.onDisk) return openedData.set(facts);
      const { findings, broken, looked } = await call(
        'inspectData',
        { data: facts.id },
        {
          signal,
          onEvent: ({ done, total }) =>
            looking.show(done, total, `${whole(done)} of ${counted(total, 'picture')} looked at`),
        },
      );
      looking.hide();
      if (signal.aborted) return;
      const kept = broken.length > 0 ? await call('leaveOut', { data: facts.id, paths: broken }) : facts;
      const found = [...findings, ...kept.findings];
      show({ ...kept, findings: found }, ...checked(looked, broken.length));
      openedData.set({ ...kept, findings: found });
    } catch (error) {
      looking.hide();
      if (!signal.aborted) fill(said, errorNotice(error));
    }
  };

  const checked = (looked: number, broken: number): Node[] =>
    broken > 0 ? [] : [h('p', { class: 'quiet' }, `${counted(looked, 'picture')} looked at: every file is whole.`)];

  const ownSaid = h('div', { class: 'stack' });
  const take = async (chosen: ChosenFolder | Promise<ChosenFolder>): Promise<void> => {
    const signal = fresh();
    openedData.set(undefined);
    fill(ownSaid);
    fill(said);
    looking.show(0, 0, 'Listing the files …');
    try {
      const files = await chosen;
      if (signal.aborted) return;
      const handed = await handOver(files, looking.show, signal);
      const mounted = await call('mount', handed);
      if (signal.aborted) return;
      looking.hide();
      showMounted(mounted);
      if (mounted.guess) await open(mounted.guess);
    } catch (error) {
      if (signal.aborted) return;
      looking.hide();
      fill(ownSaid, errorNotice(error));
    }
  };

  const showMounted = (mounted: MountedFacts): void => {
    const { name, pictures, others, guess, contents, sample, unread } = mounted;
    if (pictures === 0) {
      fill(
        ownSaid,
        notice(
          'error',
          `There is no JPEG or PNG picture here: ${contents}.`,
          'Choose another folder, or convert the pictures.',
        ),
      );
      return;
    }
    const form = layoutForm(mounted, (spec) => void open(spec));
    fill(
      ownSaid,
      h(
        'p',
        {},
        h('strong', {}, name),
        `: ${counted(pictures, 'picture')}${others > 0 ? `, ${counted(others, 'other file')}` : ''}`,
      ),
      unread && notice(guess ? 'note' : 'warning', unread.what, unread.advice),
      !guess &&
        !unread &&
        notice(
          'warning',
          `How this folder says who is on its pictures is not clear: ${sample.join(', ')}, …`,
          'Say below how it is laid out.',
        ),
      guess ? h('details', {}, h('summary', {}, 'Read otherwise'), form) : form,
    );
  };

  const input = h('input', {
    type: 'file',
    multiple: true,
    webkitdirectory: true,
    onchange: () => input.files && input.files.length > 0 && void take(filesOfInput(input.files)),
  });
  const drop = h(
    'div',
    {
      class: 'drop',
      ondragover: (event: DragEvent) => {
        event.preventDefault();
        drop.classList.add('over');
      },
      ondragleave: () => drop.classList.remove('over'),
      ondrop: (event: DragEvent) => {
        event.preventDefault();
        drop.classList.remove('over');
        if (event.dataTransfer) void take(filesOfDrop(event.dataTransfer));
      },
    },
    field(
      'Folder of pictures',
      input,
      'Choose it, or drop it here. A browser may ask whether to “upload” the files: they are opened on this machine and sent nowhere.',
    ),
  );
  const own = h('div', { class: 'stack', hidden: true }, drop, ownSaid);

  const numbers = DRAWN.map(([key, label, value]) => {
    const box = h('input', { type: 'number', value: String(value), min: '0', name: key });
    return { key, box, element: field(label, box) };
  });
  const drawn = h(
    'form',
    {
      class: 'stack',
      onsubmit: (event: Event) => {
        event.preventDefault();
        void open(`synthetic:${numbers.map(({ key, box }) => `${key}=${box.value}`).join(',')}`);
      },
    },
    h('p', { class: 'hint' }, 'People drawn by this page, seen by several cameras: for a first try, and for teaching.'),
    h(
      'details',
      {},
      h('summary', {}, 'How many'),
      h(
        'div',
        { class: 'fields' },
        numbers.map(({ element }) => element),
      ),
    ),
    h('div', {}, h('button', { type: 'submit' }, 'Draw them')),
  );

  const group = newId('source');
  const radio = (value: 'drawn' | 'own', words: string) =>
    h(
      'label',
      {},
      h('input', {
        type: 'radio',
        name: group,
        value,
        checked: value === 'drawn',
        onchange: () => {
          drawn.hidden = value !== 'drawn';
          own.hidden = value !== 'own';
        },
      }),
      words,
    );
  // Another view may have chosen.
  openedData.watch((facts) => {
    if (facts && facts.id !== shown) show(facts);
  });
  return h(
    'div',
    { class: 'sheet' },
    h('header', {}, h('h2', {}, 'Pictures')),
    h(
      'fieldset',
      {},
      h('legend', { class: 'unseen' }, 'Where the pictures come from'),
      h('div', { class: 'choices' }, radio('drawn', 'Drawn people'), radio('own', 'My own pictures')),
    ),
    drawn,
    own,
    looking.element,
    said,
  );
}
