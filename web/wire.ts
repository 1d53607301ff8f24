/** What the page and its worker say to each other. */

/** A call of the page: to do something, or to give up a call that is under way. */
export type Asked =
  | { readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly cancel: number };

/** An error as it travels. */
export interface ToldError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What the worker answers: events while a call is under way, and one result or error at its end. */
export type Told =
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ToldError };
