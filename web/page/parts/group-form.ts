import type { Grouping } from '../../worker/cluster.js';
import { field, h, select } from '../dom.js';
import { openedGallery } from './gallery-session.js';

type Method = Grouping['method'];

const METHODS: readonly (readonly [Method, string])[] = [
  ['dbscan', 'As many as there are (DBSCAN)'],
  ['average', 'By distance (average linkage)'],
  ['kmeans', 'A known number (k-means)'],
];

/** What is asked for, and whether what cameras have in common is taken out. */
export interface GroupWish {
  readonly choice: Grouping;
  readonly centred: boolean;
}

const number = (value: string, step: string): HTMLInputElement =>
  h('input', { type: 'number', value, min: '0', step, required: true });

/** Lengths of lists of neighbours, and pictures of a core, that suit a gallery: those of large sets need many pictures of each. */
export const suitedTo = (
  pictures: number,
): { readonly k1: number; readonly k2: number; readonly minSamples: number } =>
  pictures >= 300
    ? { k1: 30, k2: 6, minSamples: 4 }
    : pictures >= 60
      ? { k1: 10, k2: 3, minSamples: 3 }
      : { k1: 5, k2: 2, minSamples: 2 };

/** Says how pictures are grouped; what nobody has changed suits the number of pictures. */
export function groupForm(onGroup: (wish: GroupWish) => void): HTMLElement {
  let method: Method = 'dbscan';
  let distance: 'cosine' | 'euclidean' = 'cosine';
  const eps = number('0.6', 'any');
  const minSamples = number('4', '1');
  const k1 = number('30', '1');
  const k2 = number('6', '1');
  const threshold = number('0.3', 'any');
  const clusters = number('10', '1');
  const seed = number('1', '1');
  const centred = h('input', { type: 'checkbox' });

  const touched = new Set<EventTarget>();
  for (const input of [minSamples, k1, k2]) input.addEventListener('input', () => touched.add(input));
  openedGallery.watch((gallery) => {
    const suited = suitedTo(gallery?.pictures.length ?? 0);
    for (const [input, value] of [
      [minSamples, suited.minSamples],
      [k1, suited.k1],
      [k2, suited.k2],
    ] as const) {
      if (!touched.has(input)) input.value = String(value);
    }
  });

  const distances = field(
    'Distance',
    select(
      [
        ['cosine', 'cosine'],
        ['euclidean', 'Euclidean'],
      ],
      distance,
      (value) => {
        distance = value;
      },
    ),
  );
  const density = h(
    'div',
    { class: 'fields' },
    field('Neighbours are closer than', eps, 'Jaccard distance, 0 to 1. Smaller: smaller, purer groups.'),
    field('Pictures of a core', minSamples),
    field('k1', k1, 'How many neighbours are compared.'),
    field('k2', k2),
  );
  const closest = h('div', { class: 'fields' }, field('Join what is closer than', threshold));
  const known = h('div', { class: 'fields' }, field('Groups', clusters), field('Seed', seed));
  const show = (): void => {
    density.hidden = method !== 'dbscan';
    closest.hidden = method !== 'average';
    known.hidden = method !== 'kmeans';
    distances.hidden = method === 'dbscan';
    for (const part of [density, closest, known]) {
      for (const input of part.querySelectorAll('input')) input.disabled = part.hidden === true;
    }
  };
  const choice = (): Grouping => {
    if (method === 'kmeans') return { method, distance, clusters: Number(clusters.value), seed: Number(seed.value) };
    if (method === 'average') return { method, distance, threshold: Number(threshold.value) };
    const [e, m, a, b] = [eps, minSamples, k1, k2].map(({ value }) => Number(value)) as [
      number,
      number,
      number,
      number,
    ];
    return { method, distance: 'jaccard', eps: e, minSamples: m, k1: a, k2: b };
  };
  const form = h(
    'form',
    {
      class: 'sheet',
      onsubmit: (event: Event) => {
        event.preventDefault();
        onGroup({ choice: choice(), centred: centred.checked });
      },
    },
    h('header', {}, h('h2', {}, 'Group the gallery')),
    field(
      'How',
      select(METHODS, method, (value) => {
        method = value;
        show();
      }),
    ),
    density,
    closest,
    known,
    distances,
    h('label', { class: 'check' }, centred, 'Take out what the pictures of a camera have in common'),
    h('div', {}, h('button', { type: 'submit', class: 'first' }, 'Group')),
  );
  show();
  return form;
}
