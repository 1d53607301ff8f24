import { counted, whole } from '../../words.js';
import { fill, h } from '../dom.js';
import { wordsOf } from '../engine.js';
import { ThumbImages } from './gallery-thumbs.js';
import { freeNumber, type Group, GroupHistory, type Groups, groupsOf, LOOSE, merged, moved } from './group-edits.js';
import { walk } from './picture-grid.js';

/** Groups as contact sheets, to be merged and split by hand. */
export interface GroupSheets {
  readonly element: HTMLElement;
  /** @param labels what to call each picture, by its number */
  set(gallery: string, groups: Groups, labels: ReadonlyMap<number, string>): void;
  clear(): void;
}

/** Groups on the page at a time, and pictures of each before one asks for more. */
const GROUPS = 20;
const PICTURES = 24;

const nameOf = (number: number): string => (number === LOOSE ? 'In no group' : `Group ${number}`);

/** @param onChange whenever somebody has changed the groups */
export function groupSheets(onChange: (groups: Groups) => void): GroupSheets {
  let history = new GroupHistory(new Map());
  let names: ReadonlyMap<number, string> = new Map();
  let gallery = '';
  let from = 0;
  let thumbs: ThumbImages | undefined;
  const picked = new Set<number>();
  const pickedGroups = new Set<number>();
  const wide = new Set<number>();

  const list = h('div', { class: 'stack' });
  const foot = h('div', { class: 'row' });
  const said = h('p', { class: 'figures', role: 'status' });
  const target = h('select', { 'aria-label': 'Where to' });
  const move = h('button', { type: 'button', onclick: () => moveTo(target.value) }, 'Move');
  const merge = h('button', { type: 'button', onclick: () => mergeGroups() }, 'Merge groups');
  const undo = h('button', { type: 'button', onclick: () => takeBack() }, 'Undo');
  const none = h(
    'button',
    {
      type: 'button',
      onclick: () => {
        picked.clear();
        pickedGroups.clear();
        show();
      },
    },
    'Choose none',
  );
  const bar = h(
    'div',
    { class: 'bar', role: 'group', 'aria-label': 'Change groups' },
    said,
    target,
    move,
    merge,
    none,
    undo,
  );

  const changed = (groups: Groups, what: string): void => {
    history.change(groups, what);
    picked.clear();
    pickedGroups.clear();
    onChange(groups);
    show();
    said.textContent = `Done: ${what}.`;
  };

  const moveTo = (value: string): void => {
    if (picked.size === 0) return;
    const to = value === 'new' ? freeNumber(history.groups) : Number(value);
    const place = value === 'new' ? `the new group ${to}` : to === LOOSE ? 'no group' : `group ${to}`;
    changed(moved(history.groups, picked, to), `${counted(picked.size, 'picture')} moved to ${place}`);
  };

  const mergeGroups = (): void => {
    const numbers = [...pickedGroups];
    if (numbers.length < 2) return;
    changed(merged(history.groups, numbers), `${numbers.map((number) => nameOf(number)).join(', ')} merged`);
  };

  const takeBack = (): void => {
    const what = history.last;
    history.undo();
    onChange(history.groups);
    show();
    said.textContent = what === undefined ? '' : `Taken back: ${what}.`;
  };

  const showBar = (): void => {
    const parts = [
      picked.size > 0 && `${counted(picked.size, 'picture')} chosen`,
      pickedGroups.size > 0 && `${counted(pickedGroups.size, 'group')} ticked`,
    ].filter(Boolean);
    said.textContent =
      parts.length > 0 ? parts.join(', ') : 'Press pictures to choose them; tick groups to merge them.';
    target.disabled = picked.size === 0;
    move.disabled = picked.size === 0;
    merge.disabled = pickedGroups.size < 2;
    none.disabled = parts.length === 0;
    undo.disabled = history.last === undefined;
    undo.title = history.last ?? '';
  };

  const tile = (id: number): HTMLElement => {
    const label = names.get(id) ?? String(id);
    const button = h(
      'button',
      {
        type: 'button',
        class: 'tile',
        title: label,
        'aria-label': label,
        'aria-pressed': String(picked.has(id)),
        onclick: () => {
          if (picked.has(id)) picked.delete(id);
          else picked.add(id);
          button.setAttribute('aria-pressed', String(picked.has(id)));
          showBar();
        },
      },
      thumbs!.image(id, ''),
    );
    return h('li', {}, button);
  };

  /** Something of a group that has just been filled anew. */
  const partOf = (number: number, selector: string): HTMLElement | null =>
    list.querySelector<HTMLElement>(`[data-group="${number}"] ${selector}`);

  const showAll = (number: number): void => {
    wide.add(number);
    show();
    partOf(number, '.tile')?.focus();
  };

  const sheet = ({ number, ids }: Group): HTMLElement => {
    const title = nameOf(number);
    const tick = h('input', {
      type: 'checkbox',
      checked: pickedGroups.has(number),
      onchange: () => {
        if (tick.checked) pickedGroups.add(number);
        else pickedGroups.delete(number);
        showBar();
      },
    });
    const all = wide.has(number) ? ids : ids.slice(0, PICTURES);
    return h(
      'section',
      { class: 'group', 'data-group': number, 'aria-label': `${title}, ${counted(ids.length, 'picture')}` },
      h(
        'header',
        { class: 'row' },
        number === LOOSE ? h('h3', {}, title) : h('label', { class: 'check' }, tick, h('strong', {}, title)),
        h('span', { class: 'quiet figures' }, counted(ids.length, 'picture')),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            onclick: () => {
              const every = ids.every((id) => picked.has(id));
              for (const id of ids) {
                if (every) picked.delete(id);
                else picked.add(id);
              }
              show();
              partOf(number, 'button.plain')?.focus();
            },
          },
          ids.every((id) => picked.has(id)) ? 'Choose none of it' : 'Choose all of it',
        ),
        ids.length > PICTURES &&
          !wide.has(number) &&
          h(
            'button',
            { type: 'button', class: 'plain', onclick: () => showAll(number) },
            `Show all ${whole(ids.length)}`,
          ),
      ),
      h('ul', { class: 'grid small', onkeydown: walk }, all.map(tile)),
    );
  };

  const show = (): void => {
    const groups = groupsOf(history.groups);
    from = Math.min(from, Math.max(0, groups.length - 1));
    const value = target.value;
    fill(
      target,
      h('option', { value: 'new' }, 'a new group'),
      groups
        .filter(({ number }) => number !== LOOSE)
        .map(({ number }) => h('option', { value: String(number) }, nameOf(number).toLowerCase())),
      h('option', { value: String(LOOSE) }, 'no group'),
    );
    target.value = [...target.options].some((option) => option.value === value) ? value : 'new';
    const before = thumbs;
    thumbs = new ThumbImages(gallery);
    fill(list, groups.slice(from, from + GROUPS).map(sheet));
    before?.close();
    const turn = (words: string, to: number) =>
      h(
        'button',
        {
          type: 'button',
          disabled: to < 0 || to >= groups.length,
          onclick: () => {
            from = to;
            show();
            bar.scrollIntoView({ block: 'start' });
          },
        },
        words,
      );
    fill(
      foot,
      groups.length > GROUPS && [
        turn('Earlier', from - GROUPS),
        turn('Later', from + GROUPS),
        h(
          'span',
          { class: 'quiet' },
          `${from + 1} to ${Math.min(from + GROUPS, groups.length)} of ${whole(groups.length)}`,
        ),
      ],
    );
    showBar();
    thumbs.load().catch((error: unknown) => fill(foot, h('p', { class: 'quiet' }, wordsOf(error))));
  };

  return {
    element: h('div', { class: 'stack' }, bar, list, foot),
    set(name, groups, labels) {
      gallery = name;
      names = labels;
      from = 0;
      picked.clear();
      pickedGroups.clear();
      wide.clear();
      history = new GroupHistory(groups);
      show();
    },
    clear() {
      thumbs?.close();
      fill(list);
      fill(foot);
    },
  };
}
