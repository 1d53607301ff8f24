import { h } from '../dom.js';

/** Figures with their names, as an instrument shows them. */
export interface Readings {
  readonly element: HTMLElement;
  set(name: string, value: string): void;
}

export function readings(names: readonly string[], large = false): Readings {
  const places = new Map(names.map((name) => [name, h('dd', {}, '–')]));
  return {
    element: h(
      'dl',
      { class: large ? 'readings large' : 'readings' },
      names.map((name) => h('div', {}, h('dt', {}, name), places.get(name)!)),
    ),
    set: (name, value) => {
      places.get(name)!.textContent = value;
    },
  };
}
