import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, posix } from 'node:path';
import { importMap } from './import-map.js';

/** Nothing else of the project is served. */
const OPEN = ['/dist/', '/node_modules/', '/test/fixtures/'];

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.html': 'text/html; charset=utf-8',
};

export interface Server {
  readonly url: string;
  close(): void;
}

/** Serves the compiled project as it lies there, without a bundler, on a free port of this machine only. */
export async function startServer(root: string): Promise<Server> {
  const map = JSON.stringify({ imports: importMap(root) }, null, 2);
  const page = `<!doctype html><meta charset="utf-8"><title>Tests</title><link rel="icon" href="data:,">
<script type="importmap">${map}</script>`;
  const server = createServer(async (request, response) => {
    const path = posix.normalize(decodeURIComponent(new URL(request.url!, 'http://localhost').pathname));
    const answer = (status: number, type: string, body: string | Uint8Array) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
    if (path === '/') return answer(200, TYPES['.html']!, page);
    if (!OPEN.some((folder) => path.startsWith(folder))) return answer(404, 'text/plain', 'Not found');
    try {
      answer(200, TYPES[extname(path)] ?? 'application/octet-stream', await readFile(join(root, path)));
    } catch {
      answer(404, 'text/plain', 'Not found');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
