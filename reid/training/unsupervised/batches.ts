import type { Batch, Loader, LoaderState } from '../../../datasets/index.js';

/** Pictures ready for a step. */
export interface ViewBatch {
  /** [V·B, 3, H, W]: all pictures in their first view, then all in their second. */
  readonly images: Float32Array;
  readonly shape: readonly [images: number, channels: 3, height: number, width: number];
  /** [V·B]: pseudo-labels. */
  readonly labels: Int32Array;
  readonly epoch: number;
  readonly index: number;
  readonly count: number;
}

/**
 * Batches in which every picture comes in each of some views: loaders of the same pictures in the same order, side by side. One loader
 * is one view.
 */
export class Batches {
  readonly #views: readonly Loader[];

  constructor(views: readonly Loader[]) {
    this.#views = views;
  }

  get state(): LoaderState {
    return this.#views[0]!.state;
  }

  set state(state: LoaderState) {
    for (const view of this.#views) view.state = state;
  }

  /** Number of batches in the current epoch. */
  get count(): number {
    return this.#views[0]!.batchCount;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ViewBatch, void, undefined> {
    const views = this.#views.map((view) => view[Symbol.asyncIterator]());
    try {
      for (;;) {
        const parts: Batch[] = [];
        for (const view of views) {
          const { value, done } = await view.next();
          if (done) return;
          parts.push(value);
        }
        yield stacked(parts);
      }
    } finally {
      for (const view of views) await view.return();
    }
  }

  async close(): Promise<void> {
    for (const view of this.#views) await view.close();
  }
}

function stacked(parts: readonly Batch[]): ViewBatch {
  const { shape, epoch, index, count, images, labels } = parts[0]!;
  const [n, channels, height, width] = shape;
  if (parts.length === 1) return { images, labels, shape, epoch, index, count };
  const all = new Float32Array(parts.length * images.length);
  const allLabels = new Int32Array(parts.length * n);
  for (const [view, part] of parts.entries()) {
    all.set(part.images, view * images.length);
    allLabels.set(part.labels, view * n);
  }
  return { images: all, labels: allLabels, shape: [parts.length * n, channels, height, width], epoch, index, count };
}
