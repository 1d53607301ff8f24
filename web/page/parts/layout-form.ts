import type { MountedFacts } from '../../worker/data.js';
import { field, fill, h, select } from '../dom.js';

type Layout = 'folder' | 'tracklets' | 'pattern' | 'table' | 'market1501' | 'duke' | 'msmt17' | 'veri' | 'market';

const LAYOUTS: readonly (readonly [Layout, string])[] = [
  ['folder', 'A folder for each identity'],
  ['tracklets', 'A folder for each identity, in it one for each tracklet'],
  ['pattern', 'File names say who it is'],
  ['table', 'A table (CSV or JSON lines)'],
  ['market', 'Market-1501’s folders, my own pictures'],
  ['market1501', 'Market-1501'],
  ['duke', 'DukeMTMC-reID'],
  ['msmt17', 'MSMT17'],
  ['veri', 'VeRi-776'],
];

/** The options of a line, `folder:photos?name=a&camera=b`. */
function optionsOf(spec: string): {
  readonly kind: string;
  readonly place: string;
  readonly values: Map<string, string>;
} {
  const [, kind = '', place = '', query = ''] = /^([^:]*):([^?]*)\??(.*)$/s.exec(spec) ?? [];
  const pairs = query.split('&').filter((pair) => pair !== '');
  return {
    kind,
    place,
    values: new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  };
}

/** A form of how a chosen folder is to be read: what was guessed, to be corrected. */
export function layoutForm(mounted: MountedFacts, onChange: (spec: string) => void): HTMLElement {
  const { name, guess, pattern = '', tables, unread } = mounted;
  const guessed = optionsOf(guess ?? `folder:${name}`);
  const fallback = unread?.pattern ? 'pattern' : 'folder';
  const isTracked = guessed.kind === 'folder' && guessed.values.get('tracklets') === 'yes';
  let layout = (
    isTracked ? 'tracklets' : guess && LAYOUTS.some(([kind]) => kind === guessed.kind) ? guessed.kind : fallback
  ) as Layout;
  const text = (value: string, placeholder: string) => h('input', { value, placeholder, spellcheck: false });
  const known = (key: string) => guessed.values.get(key) ?? '';
  const names = text(known('name') || (layout === 'pattern' ? pattern : ''), '{id}_c{camera}_*');
  const [train, test] = [text('', '1-20 or anna,bert'), text('', 'the others')];
  const camera = text(known('camera'), 'camera, or each');
  const file = h(
    'select',
    {},
    tables.map((table) => h('option', { value: table }, table)),
  );
  const columns = { path: text('', 'guessed'), id: text('', 'guessed'), camera: text('', 'guessed') };
  const inputs = h('div', { class: 'stack' });

  const query = (pairs: readonly (readonly [string, string])[]): string => {
    const given = pairs.filter(([, value]) => value.trim() !== '').map(([key, value]) => `${key}=${value.trim()}`);
    return given.length > 0 ? `?${given.join('&')}` : '';
  };
  const choice = [
    ['train', train],
    ['test', test],
  ] as const;
  const chosen = () => choice.map(([key, input]) => [key, input.value] as const);
  const pairsOf = (pairs: readonly (readonly [string, HTMLInputElement])[]) =>
    query(pairs.map(([key, input]) => [key, input.value] as const));
  const spec = (): string => {
    // The place that was guessed may be a folder further down.
    const place = guessed.kind === layout && guessed.place ? guessed.place : name;
    if (layout === 'folder') return `folder:${place}${pairsOf([['name', names], ...choice])}`;
    if (layout === 'tracklets') {
      return `folder:${place}${query([['tracklets', 'yes'], ['name', names.value], ...chosen()])}`;
    }
    if (layout === 'pattern') return `pattern:${place}${pairsOf([['name', names], ['camera', camera], ...choice])}`;
    if (layout === 'table') {
      const { path, id, camera: column } = columns;
      return `table:${name}/${file.value}${pairsOf([['path', path], ['id', id], ['camera', column], ...choice])}`;
    }
    return `${layout}:${place}`;
  };

  const trainTest = () => [
    field('Identities to train on', train, 'Empty: the first half in natural order.'),
    field('Identities to test on', test, '* is all of them: for a model that was trained on other pictures.'),
  ];
  const show = (): void => {
    if (layout === 'folder' || layout === 'tracklets') {
      fill(
        inputs,
        field(
          'Pattern of the file names',
          names,
          '{camera} stands for the camera, * for anything. Empty: every picture counts as taken by a camera of its own.',
        ),
        trainTest(),
      );
    } else if (layout === 'pattern') {
      if (names.value === '') names.value = pattern;
      fill(
        inputs,
        field('Pattern of the names', names, '{id} stands for the identity, {camera} for the camera, * for anything.'),
        field('Camera', camera, 'A part of the pattern, or one over a number: angle/90.'),
        trainTest(),
      );
    } else if (layout === 'table') {
      fill(
        inputs,
        tables.length > 0
          ? field('Table', file)
          : h('p', { class: 'hint' }, 'There is no table at the top of this folder.'),
        h(
          'div',
          { class: 'fields' },
          field('Column of the path', columns.path),
          field('Column of the identity', columns.id),
          field('Column of the camera', columns.camera),
        ),
        trainTest(),
      );
    } else fill(inputs);
  };
  show();
  return h(
    'form',
    {
      class: 'stack',
      onsubmit: (event: Event) => {
        event.preventDefault();
        onChange(spec());
      },
    },
    field(
      'How it is laid out',
      select(LAYOUTS, layout, (value) => {
        layout = value;
        show();
      }),
    ),
    inputs,
    h('div', {}, h('button', { type: 'submit' }, 'Read it this way')),
  );
}
