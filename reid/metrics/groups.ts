/** The value at a key, made and kept first where there is none. */
export function valueAt<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** Items by a key of theirs, in their order; keys in the order of their first item. */
export function groupBy<K>(items: Iterable<number>, keyOf: (item: number) => K): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (const item of items) valueAt(groups, keyOf(item), () => []).push(item);
  return groups;
}
