import { bytes, percent, whole } from '../../words.js';
import type { RunFacts } from '../../worker/runs.js';
import { field, fill, h } from '../dom.js';
import { call } from '../engine.js';
import { errorNotice, notice } from './notice.js';
import { saveFile } from './save-file.js';

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** The runs that this browser keeps: to go on with, to download, to delete; and checkpoints of the command line to take in. */
export interface RunList {
  readonly element: HTMLElement;
  refresh(): Promise<void>;
}

/** More epochs for a run that has ended; as `--resume --set epochs=` of the command line. */
function trainOn({ name, recipe }: RunFacts, onStart: (changes: string[]) => void): HTMLElement {
  const { epochs, schedule } = recipe;
  const wanted = h('input', { type: 'number', min: String(epochs + 1), step: '1', value: String(2 * epochs) });
  const changes = (): string[] => {
    const list = [`epochs=${wanted.value}`];
    // A course of the rate that ended with the last epoch ends with the new one.
    if ('end' in schedule && schedule.end === epochs) list.push(`schedule.end=${wanted.value}`);
    return list;
  };
  return h(
    'details',
    {},
    h('summary', { 'aria-label': `Train ${name} on` }, 'Train on'),
    h(
      'form',
      {
        class: 'row ends',
        onsubmit: (event: Event) => {
          event.preventDefault();
          onStart(changes());
        },
      },
      field(`Epochs in all (${epochs} so far)`, wanted),
      h('button', { type: 'submit' }, 'Train on'),
    ),
  );
}

/** @param onGoOn told which run goes on, and what of its recipe is changed from here on */
export function runList(onGoOn: (run: RunFacts, changes: readonly string[]) => void): RunList {
  const list = h('div', { class: 'stack' });
  const said = h('div', { class: 'stack', 'aria-live': 'polite' });
  const room = h('p', { class: 'hint figures' });

  const download = async (run: string, file: string): Promise<void> => {
    try {
      saveFile(await call('runDownload', { run, file }), file);
    } catch (error) {
      fill(said, errorNotice(error));
    }
  };

  const remove = async ({ name }: RunFacts): Promise<void> => {
    if (!confirm(`Delete the run ${name} from this browser? Its checkpoint cannot be brought back.`)) return;
    await call('deleteRun', { run: name });
    await refresh();
  };

  const row = (run: RunFacts): HTMLElement => {
    const { name, recipe, data, epoch, step, finished, figures, saved, bytes: size } = run;
    const state =
      finished && figures
        ? `finished, mAP ${percent(figures.mAP)}`
        : `after epoch ${epoch} of ${recipe.epochs}, step ${whole(step)}`;
    return h(
      'li',
      { class: 'stack run' },
      h(
        'div',
        {},
        h('strong', {}, name),
        h('p', { class: 'quiet figures' }, `${recipe.name} on ${data}; ${state}`),
        h('p', { class: 'quiet figures' }, `${saved > 0 ? DATE.format(saved) : 'no checkpoint yet'}, ${bytes(size)}`),
      ),
      h(
        'div',
        { class: 'row' },
        finished
          ? undefined
          : h(
              'button',
              { type: 'button', 'aria-label': `Go on with ${name}`, onclick: () => onGoOn(run, []) },
              'Go on',
            ),
        saved > 0 &&
          h(
            'button',
            {
              type: 'button',
              class: 'plain',
              'aria-label': `Download the checkpoint of ${name}`,
              onclick: () => void download(name, 'checkpoint.safetensors'),
            },
            'Checkpoint',
          ),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            'aria-label': `Download the log of ${name}`,
            onclick: () => void download(name, 'log.jsonl'),
          },
          'Log',
        ),
        h(
          'button',
          { type: 'button', class: 'plain', 'aria-label': `Delete ${name}`, onclick: () => void remove(run) },
          'Delete',
        ),
      ),
      finished && saved > 0 && trainOn(run, (changes) => onGoOn(run, changes)),
    );
  };

  const refresh = async (): Promise<void> => {
    try {
      const [runs, kept] = [await call('listRuns', undefined), await call('kept', undefined)];
      fill(
        list,
        runs.length > 0
          ? h('ul', { class: 'plain-list stack' }, runs.map(row))
          : h('p', { class: 'hint' }, 'None yet.'),
      );
      fill(
        room,
        `Runs take ${bytes(kept.runs)}, small copies of pictures ${bytes(kept.pictures)}. `,
        kept.pictures > 0 &&
          h(
            'button',
            {
              type: 'button',
              class: 'plain',
              onclick: async () => {
                await call('deletePictures', undefined);
                await refresh();
              },
            },
            'Delete the copies',
          ),
      );
    } catch (error) {
      fill(list, errorNotice(error));
    }
  };

  const input = h('input', {
    type: 'file',
    accept: '.safetensors',
    onchange: async () => {
      const file = input.files?.[0];
      input.value = '';
      if (!file) return;
      try {
        const { name } = await call('importRun', { file });
        fill(
          said,
          notice(
            'note',
            `${file.name} is now the run ${name}. Choose its pictures to go on with it, or look at it under Evaluate.`,
          ),
        );
      } catch (error) {
        fill(said, errorNotice(error));
      }
      await refresh();
    },
  });
  void refresh();
  return {
    element: h(
      'div',
      { class: 'sheet' },
      h('header', {}, h('h2', {}, 'Runs in this browser')),
      list,
      said,
      field(
        'Take in a checkpoint',
        input,
        'checkpoint.safetensors of node cli/train.js, or of this page in another browser.',
      ),
      room,
    ),
    refresh,
  };
}
