/** The body of a worker thread: answers each `DecodeRequest` with a `DecodeReply`. */
import { parentPort } from 'node:worker_threads';
import { decodeFile } from './decode-file.node.js';
import type { DecodeReply, DecodeRequest } from './decoders.js';
import { DatasetError } from './error.js';
import { resizeBilinear } from './resize.js';

async function answer({ id, path, height, width }: DecodeRequest): Promise<void> {
  let reply: DecodeReply;
  try {
    const { data } = resizeBilinear(await decodeFile(path), width, height);
    // A view into a larger buffer (Node's pool) must not be moved to the other thread as a whole.
    const pixels = data.byteLength === data.buffer.byteLength ? data : data.slice();
    reply = { id, pixels };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    reply = { id, error: text, aboutData: error instanceof DatasetError };
  }
  parentPort?.postMessage(reply, 'pixels' in reply ? [reply.pixels.buffer as ArrayBuffer] : []);
}

parentPort?.on('message', (request: DecodeRequest) => void answer(request));
