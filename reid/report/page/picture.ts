import { encodeJpeg, encodePng, type Image } from '../../../datasets/index.js';
import { Canvas } from '../drawing/canvas.js';
import { base64, html } from './html.js';

/** A picture that travels inside of the page. */
export interface EmbeddedPicture {
  readonly type: 'image/jpeg' | 'image/png';
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** What is seen, for those who do not see it. */
  readonly alt: string;
}

/** How a picture is made fit to travel. */
export interface EmbedOptions {
  /** Wider pictures are shrunk. Default 96. */
  readonly maxWidth?: number;
  /** Of the JPEG, 1 to 100. Default 82. */
  readonly quality?: number;
  /** Lossless, for drawings. Default false. */
  readonly png?: boolean;
}

/** Shrinks a picture where it is larger than shown, and encodes it. */
export async function embed(image: Image, alt: string, options: EmbedOptions = {}): Promise<EmbeddedPicture> {
  const { maxWidth = 96, quality = 82, png = false } = options;
  const width = Math.min(image.width, maxWidth);
  const height = Math.max(1, Math.round((image.height * width) / image.width));
  let small = image;
  if (width < image.width) {
    const canvas = new Canvas(width, height, [255, 255, 255]);
    canvas.image(image, { x: 0, y: 0, width, height });
    small = canvas;
  }
  const bytes = png ? await encodePng(small) : await encodeJpeg(small, quality);
  return { type: png ? 'image/png' : 'image/jpeg', bytes, width, height, alt };
}

const TYPES: readonly string[] = ['image/jpeg', 'image/png'];

/** The picture as an element, its bytes in its address. */
export function imageElement({ type, bytes, width, height, alt }: EmbeddedPicture) {
  if (!TYPES.includes(type)) throw new TypeError(`report: a picture is of type ${type}; it should be JPEG or PNG`);
  return html`<img src="data:${type};base64,${base64(bytes)}" width="${width}" height="${height}" alt="${alt}">`;
}
