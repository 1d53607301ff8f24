/** How many single-letter changes make one word of another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/**
 * A sentence that helps whoever mistyped a name: "Did you mean folder?", or the list of names when none is near.
 *
 * @example
 *   nearestName('foldr', ['folder', 'table']);   // 'Did you mean folder?'
 */
export function nearestName(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'None is understood here.';
  const lower = name.toLowerCase();
  const score = (candidate: string): number => {
    const other = candidate.toLowerCase();
    return other.startsWith(lower) ? 1 : distance(lower, other);
  };
  const nearest = [...known].sort((a, b) => score(a) - score(b))[0]!;
  return score(nearest) <= Math.max(2, name.length / 2) ? `Did you mean ${nearest}?` : `Known: ${known.join(', ')}.`;
}
