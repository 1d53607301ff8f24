const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Where the run of digits that starts at `from` ends. */
function digitsEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whole numbers of any length by value: without leading zeros the longer is the larger. */
function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return left.length - right.length || compareText(left, right);
}

/**
 * Order of names as people count: `obj2` before `obj10`. The same on every system, whatever its language.
 *
 * @example
 *   ['obj10', 'obj2'].sort(compareNatural);   // ['obj2', 'obj10']
 */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(j)];
    if (isDigit(one) && isDigit(other)) {
      const [endA, endB] = [digitsEnd(a, i), digitsEnd(b, j)];
      const order = compareDigits(a.slice(i, endA), b.slice(j, endB));
      if (order !== 0) return order;
      i = endA;
      j = endB;
    } else {
      if (one !== other) return one - other;
      i++;
      j++;
    }
  }
  return a.length - i - (b.length - j) || compareText(a, b);
}
