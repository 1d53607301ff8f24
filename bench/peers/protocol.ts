// How main.ts and the programs talk: JSON texts on stdin and stdout, each behind a record separator (RFC 7464), so that whatever
// a library prints by itself stays apart.

import type { PeerCase } from './cases.js';
import type { Values } from './compare.js';

export const RECORD = '\u001e';

/** What a program says of itself when it has started. */
export interface Hello {
  readonly version: string;
  /** The GPU adapter, or what it runs on instead. */
  readonly adapter: string;
}

export type Question =
  /** Makes the inputs, compiles, and runs once. `at`: the positions of each output that `values` tells. */
  | { readonly do: 'prepare'; readonly case: PeerCase; readonly at: Readonly<Record<string, readonly number[]>> }
  /** So many calls, each waited for. */
  | { readonly do: 'time'; readonly calls: number }
  /** The outputs of the last call. */
  | { readonly do: 'values' }
  /** Gives the case's memory back. */
  | { readonly do: 'release' };

/** The answer to `prepare`. */
export interface Prepared {
  /** The first call with all that it compiles, in milliseconds. */
  readonly first_ms: number;
  readonly values: Values;
  /** What a reader of the table must know. */
  readonly note?: string;
  /** Why the program can not do the case; the rest is empty then. */
  readonly missing?: string;
}

/** Answers to each question; any may be `{ error }` instead. */
export interface Answers {
  readonly prepare: Prepared;
  /** Wall time of each call, and the mean time of all threads of the process for one. */
  readonly time: { readonly ms: readonly number[]; readonly cpu_ms: number };
  readonly values: { readonly values: Values };
  readonly release: Record<string, never>;
}

/** A message as it is written. */
export const frame = (message: unknown): string => `${RECORD}${JSON.stringify(message)}\n`;

/** Takes a stream of text apart: calls `message` with every JSON text, and `other` with what stands between them. */
export function reader(
  message: (value: unknown) => void,
  other: (text: string) => void = () => {},
): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      const begin = line.indexOf(RECORD);
      if (begin !== 0) other(begin < 0 ? line : line.slice(0, begin));
      if (begin >= 0) message(JSON.parse(line.slice(begin + RECORD.length)));
    }
  };
}
