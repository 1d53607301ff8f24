/**
 * Lines of columns of even width.
 *
 * @param left columns that begin at the left; the others end at the right. Default: the first, and a last one without a title
 */
export function textTable(rows: readonly (readonly string[])[], left?: readonly number[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const atLeft = (column: number): boolean =>
    left ? left.includes(column) : column === 0 || (column === columns - 1 && rows[0]?.[column] === '');
  return rows.map((row) =>
    row
      .map((cell, i) => (atLeft(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
