import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, posix } from 'node:path';
import { HEADERS, SITE } from './build.node.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A server of the page. */
export interface SiteServer {
  readonly url: string;
  close(): void;
}

/**
 * Serves the built page on this machine alone.
 *
 * @param port 0 for any that is free
 * @param site the folder that `buildSite` filled
 * @throws Error when the port is taken
 */
export async function serveSite(port: number, site = SITE): Promise<SiteServer> {
  const server = createServer(async (request, response) => {
    const path = posix.normalize(decodeURIComponent(new URL(request.url!, 'http://localhost').pathname));
    const file = path === '/' ? '/index.html' : path;
    const type = TYPES[extname(file)];
    const body = type && !file.includes('..') ? await readFile(join(site, file)).catch(() => undefined) : undefined;
    if (!body) return response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain' }).end('Not found');
    return response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
