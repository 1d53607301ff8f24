// npm run web, npm run web:build

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildSite, SITE } from './build.node.js';
import { serveSite } from './serve.node.js';

const HELP = `npm run web [-- --port N]      builds the page and serves it on this machine alone
npm run web:build              builds it only, into dist/site: static files that any host can serve

  --port N    default 8080; where it is taken, any that is free
  --build     builds only
  --help      prints this

Pictures never leave the machine: the page may connect to nothing but its own address.`;

const PORT = 8080;

async function serve(port: number) {
  return serveSite(port).catch((error: Error & { code?: string }) => {
    if (error.code === 'EADDRINUSE') return serveSite(0);
    throw error;
  });
}

const { values } = parseArgs({
  options: { port: { type: 'string' }, build: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
const port = values.port === undefined ? PORT : Number(values.port);
if (values.help) console.log(HELP);
else if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`web: --port must be a whole number from 0 to 65535, not "${values.port}".`);
  process.exitCode = 2;
} else {
  await buildSite();
  const files = readdirSync(SITE);
  const packed = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(SITE, file))).length, 0);
  console.log(`built dist/site: ${files.length} files, ${(packed / 1000).toFixed(0)} KB compressed`);
  if (!values.build) {
    const { url } = await serve(port);
    console.log(`\n  ${url}\n\nOpen it in a browser with WebGPU (Chrome, Edge, Firefox, Safari). Ctrl-C ends it.`);
  }
}
