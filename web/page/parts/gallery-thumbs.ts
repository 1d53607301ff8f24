import { h } from '../dom.js';
import { call } from '../engine.js';

/** Small pictures of a gallery as images; each is fetched once, and let go of when its place is filled anew. */
export class ThumbImages {
  readonly #gallery: string;
  #urls: string[] = [];
  #wanted: { readonly id: number; readonly image: HTMLImageElement }[] = [];

  constructor(gallery: string) {
    this.#gallery = gallery;
  }

  /** An image that is filled by the next `load`. */
  image(id: number, label: string): HTMLImageElement {
    const image = h('img', { class: 'thumb', alt: label, width: 64, height: 96 });
    this.#wanted.push({ id, image });
    return image;
  }

  /** Fetches what was asked for since. */
  async load(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = [];
    if (wanted.length === 0) return;
    const blobs = await call('galleryThumbs', { gallery: this.#gallery, ids: wanted.map(({ id }) => id) });
    for (const [i, { image }] of wanted.entries()) {
      const url = URL.createObjectURL(blobs[i]!);
      this.#urls.push(url);
      image.addEventListener('load', () => {
        image.width = image.naturalWidth;
        image.height = image.naturalHeight;
      });
      image.src = url;
    }
  }

  /** Lets go of all. */
  close(): void {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
    this.#wanted = [];
  }
}
