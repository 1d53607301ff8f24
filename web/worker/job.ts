/** What a handler of the worker is given besides its input. */
export interface Job<Event = never> {
  /** Tells the page something while the call is under way. */
  tell(event: Event, transfer?: Transferable[]): void;
  /** Aborted when the page gives the call up. */
  readonly signal: AbortSignal;
}

/** A call that the page can make. */
export type Handler<Input, Result, Event = never> = (input: Input, job: Job<Event>) => Promise<Result>;

/** Something is wrong that a person can mend; the message says what and how. */
export class PageError extends Error {
  override readonly name = 'PageError';
}

/** Whether somebody gave up what was under way: no error for people. */
export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
