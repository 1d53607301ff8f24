/** What a command would do. */
export interface Intention {
  /** What it would read, a line each. */
  readonly reads: readonly string[];
  /** Pictures that would go through a model. */
  readonly pictures: number;
  /** Files that it would write. */
  readonly writes: readonly string[];
}

/** Prints what a command would do, on `--dry-run`. */
export function printIntention({ reads, pictures, writes }: Intention, json = false): void {
  if (json) {
    console.log(JSON.stringify({ dryRun: true, reads, pictures, writes }, null, 2));
    return;
  }
  const list = (title: string, lines: readonly string[]) => [title, ...lines.map((line) => `  ${line}`)];
  const text = [
    ...list('would read', reads),
    `would look at ${pictures} pictures`,
    ...(writes.length > 0 ? list('would write', writes) : ['would write nothing']),
  ];
  console.log(text.join('\n'));
}
