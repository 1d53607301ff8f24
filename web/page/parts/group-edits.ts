/** The group of each picture by its number; −1: in none. */
export type Groups = ReadonlyMap<number, number>;

/** Pictures in no group. */
export const LOOSE = -1;

/** A group as it is looked at. */
export interface Group {
  readonly number: number;
  readonly ids: readonly number[];
}

/** The groups in the order of their numbers; pictures in none come last, where there are any. */
export function groupsOf(groups: Groups): Group[] {
  const found = new Map<number, number[]>();
  for (const [id, group] of groups) {
    const ids = found.get(group);
    if (ids) ids.push(id);
    else found.set(group, [id]);
  }
  const order = (number: number) => (number === LOOSE ? Number.POSITIVE_INFINITY : number);
  return [...found].map(([number, ids]) => ({ number, ids })).sort((a, b) => order(a.number) - order(b.number));
}

/** A number that no group has. */
export const freeNumber = (groups: Groups): number =>
  [...groups.values()].reduce((most, one) => Math.max(most, one), -1) + 1;

/** Puts pictures into a group; those that are not there are passed over. */
export function moved(groups: Groups, ids: Iterable<number>, to: number): Groups {
  const after = new Map(groups);
  for (const id of ids) if (after.has(id)) after.set(id, to);
  return after;
}

/** Makes one group of several: the one with the lowest number. */
export function merged(groups: Groups, numbers: readonly number[]): Groups {
  const into = Math.min(...numbers.filter((number) => number !== LOOSE));
  if (!Number.isFinite(into)) return groups;
  const those = new Set(numbers);
  return new Map([...groups].map(([id, group]) => [id, those.has(group) ? into : group]));
}

/** The groups of the pictures that there are: others are forgotten, new ones are in none. */
export function fitted(groups: Iterable<readonly [number, number]>, ids: readonly number[]): Groups {
  const known = new Map(groups);
  return new Map(ids.map((id) => [id, known.get(id) ?? LOOSE]));
}

/** Most steps that can be taken back. */
const STEPS = 200;

/** Groups that are changed by hand, step by step. */
export class GroupHistory {
  #now: Groups;
  #before: { readonly groups: Groups; readonly what: string }[] = [];

  constructor(groups: Groups) {
    this.#now = groups;
  }

  get groups(): Groups {
    return this.#now;
  }

  /** What `undo` would take back, in words; undefined where there is nothing. */
  get last(): string | undefined {
    return this.#before.at(-1)?.what;
  }

  /** @param what in words: `move of 3 pictures` */
  change(groups: Groups, what: string): void {
    this.#before.push({ groups: this.#now, what });
    if (this.#before.length > STEPS) this.#before.shift();
    this.#now = groups;
  }

  undo(): void {
    const before = this.#before.pop();
    if (before) this.#now = before.groups;
  }
}
