/** Something about a dataset that a person should know. */
export interface Finding {
  /** An error makes results wrong or impossible; a warning may; a note is only to be known. */
  readonly level: 'error' | 'warning' | 'note';
  /** For programs: stays when the words change. */
  readonly code: string;
  /** What is the matter, with the first offender named. */
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
  /** All offenders: paths, mostly. */
  readonly items?: readonly string[];
}

/** A share for people: `12.5 %`. */
export const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

/** `1 picture`, `2 pictures`; the plural in -s unless it is given. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
