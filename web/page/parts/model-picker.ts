import { counted, whole } from '../../words.js';
import { field, fill, h, newId } from '../dom.js';
import { call } from '../engine.js';
import { openedData, openedModel } from '../session.js';
import { errorNotice, notice } from './notice.js';

/** What opens as a model. */
type From = { readonly run: string } | { readonly file: File; readonly recipe?: string };

/** The picker, and what brings its list of runs up to date. */
export interface ModelPicker {
  readonly element: HTMLElement;
  refresh(): Promise<void>;
}

/**
 * Chooses a model for all views: a run of this browser, or a file with a checkpoint.
 *
 * @param recipes names of the recipes that a file of an original system may belong to
 */
export function modelPicker(): ModelPicker {
  const said = h('div', { class: 'stack', 'aria-live': 'polite' });
  const runs = h('select', { 'aria-label': 'Run' });
  const recipe = h('select', {}, h('option', { value: '' }, 'this project’s, which says so itself'));

  const open = async (from: From): Promise<void> => {
    openedModel.set(undefined);
    fill(said, h('p', { class: 'quiet' }, 'Opening …'));
    try {
      openedModel.set(await call('openModel', from));
    } catch (error) {
      fill(said, errorNotice(error));
    }
  };

  openedModel.watch((facts) => {
    if (!facts) return fill(said);
    const { title, recipe: of, identities, data, unmatched, run } = facts;
    fill(
      said,
      h('p', {}, h('strong', {}, title)),
      h(
        'p',
        { class: 'quiet' },
        `${of.model.kind ?? 'baseline'}, ${of.input.width} × ${of.input.height} pixels${identities > 0 ? `, ${counted(identities, 'identity', 'identities')}` : ''}${data ? `, trained on ${data}` : ''}`,
      ),
      unmatched.length > 0 &&
        notice(
          'warning',
          `${whole(unmatched.length)} names of the file and the model do not match: ${unmatched.slice(0, 4).join('; ')}${unmatched.length > 4 ? ' …' : ''}`,
        ),
      run !== undefined &&
        !openedData.get() &&
        h(
          'div',
          {},
          h('button', { type: 'button', onclick: () => void openData(run) }, 'Use the pictures it was trained with'),
        ),
    );
  });

  const openData = async (run: string): Promise<void> => {
    try {
      openedData.set(await call('openRunData', { run }));
    } catch (error) {
      said.append(errorNotice(error));
    }
  };

  const file = h('input', {
    type: 'file',
    accept: '.safetensors,.pth,.pt,.tar,.bin',
    onchange: () => file.files?.[0] && void open({ file: file.files[0], recipe: recipe.value || undefined }),
  });
  const useRun = h('button', { type: 'button', disabled: true, onclick: () => void open({ run: runs.value }) }, 'Open');
  const ofRuns = h('div', { class: 'row' }, runs, useRun);
  const ofFile = h(
    'div',
    { class: 'stack', hidden: true },
    field(
      'Checkpoint',
      file,
      'checkpoint.safetensors of node cli/train.js; or the weights of an original system (.pth).',
    ),
    field('The weights are', recipe),
  );
  const group = newId('model');
  const radio = (value: string, words: string, shown: HTMLElement, other: HTMLElement, checked: boolean) =>
    h(
      'label',
      {},
      h('input', {
        type: 'radio',
        name: group,
        value,
        checked,
        onchange: () => {
          shown.hidden = false;
          other.hidden = true;
        },
      }),
      words,
    );

  const refresh = async (): Promise<void> => {
    const list = (await call('listRuns', undefined).catch(() => [])).filter(({ saved }) => saved > 0);
    const before = runs.value;
    fill(
      runs,
      list.map(({ name }) => h('option', { value: name, selected: name === before }, name)),
    );
    useRun.disabled = list.length === 0;
    if (list.length === 0) fill(runs, h('option', { value: '' }, 'no run yet'));
  };
  call('modelRecipes', undefined)
    .then((names) => recipe.append(...names.map((name) => h('option', { value: name }, `those of ${name}`))))
    .catch(() => undefined);
  return {
    refresh,
    element: h(
      'div',
      { class: 'sheet' },
      h('header', {}, h('h2', {}, 'Model')),
      h(
        'fieldset',
        {},
        h('legend', { class: 'unseen' }, 'Where the model comes from'),
        h(
          'div',
          { class: 'choices' },
          radio('run', 'A run in this browser', ofRuns, ofFile, true),
          radio('file', 'A file', ofFile, ofRuns, false),
        ),
      ),
      ofRuns,
      ofFile,
      said,
    ),
  };
}
