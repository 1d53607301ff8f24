/** The body of a decoding thread: pictures as 8-bit RGB of the size that is asked for. */
import { answerQuestions } from './answer-questions.node.js';
import { decodeFile } from './decode-file.js';
import type { PictureSize } from './decoders.node.js';
import { resizeImage } from './resize.js';

answerQuestions(
  async (path: string, { height, width, filter }: PictureSize): Promise<Uint8Array> => {
    const { data } = resizeImage(await decodeFile(path), width, height, filter);
    // A view into a larger buffer (Node's pool) must not be moved to the other thread as a whole.
    return data.byteLength === data.buffer.byteLength ? data : data.slice();
  },
  (pixels) => [pixels.buffer as ArrayBuffer],
);
