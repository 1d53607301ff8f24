/** One of the page's views, a tab. */
export interface View {
  /** Of the address: `#train`. */
  readonly name: string;
  readonly title: string;
  /** Makes its content, once, when it is first shown. */
  build(): HTMLElement;
  /** Called whenever it comes to the front. */
  shown?(): void;
}
