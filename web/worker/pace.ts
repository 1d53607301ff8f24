/** Milliseconds that are looked back on, and marks that are kept whatever their age. */
const WINDOW = 10_000;
const FEWEST = 5;

/** How fast counted work goes, over its last ten seconds. */
export class Pace {
  #marks: { readonly time: number; readonly done: number }[] = [];

  /** So much is done by now. */
  mark(done: number): void {
    const time = performance.now();
    this.#marks.push({ time, done });
    const old = this.#marks.findIndex((mark) => time - mark.time <= WINDOW);
    const most = Math.min(old, this.#marks.length - FEWEST);
    if (most > 0) this.#marks.splice(0, most);
  }

  /** Something else took time. */
  forget(): void {
    this.#marks = [];
  }

  /** 0 where it is not known yet. */
  get perSecond(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    return !first || !last || last.time === first.time
      ? 0
      : (1000 * (last.done - first.done)) / (last.time - first.time);
  }
}
