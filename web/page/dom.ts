type Child = Node | string | number | undefined | null | false;

type Properties = Readonly<Record<string, unknown>>;

/**
 * Makes an element. Names that begin with `on` listen, `class` and names with a hyphen are attributes, all others are properties;
 * what is undefined is left out.
 *
 * @example
 *   h('button', { type: 'button', onclick: start }, 'Train');
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'class' || name === 'role' || name === 'for' || name === 'list' || name.includes('-')) {
      element.setAttribute(name, String(value));
    } else Object.assign(element, { [name]: value });
  }
  fill(element, ...children);
  return element;
}

/** Puts children in place of what an element holds. */
export function fill(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  const nodes = (children.flat() as readonly Child[]).filter(
    (child): child is Node | string | number => child !== undefined && child !== null && child !== false,
  );
  element.replaceChildren(...nodes.map((child) => (typeof child === 'number' ? String(child) : child)));
}

let ids = 0;

/** A name for an element's `id` that no other element has. */
export const newId = (what: string): string => `${what}-${++ids}`;

/** A labelled control of a form: label, control, and a line of help. */
export function field(label: string, control: HTMLElement, help?: string): HTMLElement {
  control.id ||= newId('field');
  const hint = help === undefined ? undefined : h('p', { class: 'hint', id: newId('hint') }, help);
  if (hint) control.setAttribute('aria-describedby', hint.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, hint);
}

/** A select of values with their words. */
export function select<T extends string>(
  choices: readonly (readonly [value: T, words: string])[],
  value: T,
  onChoose: (value: T) => void,
): HTMLSelectElement {
  const element = h(
    'select',
    { onchange: () => onChoose(element.value as T) },
    choices.map(([choice, words]) => h('option', { value: choice, selected: choice === value }, words)),
  );
  return element;
}
