import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../files.js';

// Plain JavaScript that is not compiled, so it lies where its source is.
const { parseLines, parseStanzas } = await import(pathToFileURL(join(ROOT, 'cli/setup/mesa.js')).href);

test('package sources are read, one a line', () => {
  const text = `
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
`;
  assert.equal(parseLines(text), [
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      key: '/usr/share/keyrings/a.gpg',
    },
    { uri: 'http://mirror.example/debian', suites: ['bookworm-updates'], components: ['main'], key: undefined },
  ]);
});

test('package sources are read, in stanzas', () => {
  const text = `Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/a.gpg

Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://mirror.example/inline
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
`;
  assert.equal(parseStanzas(text), [
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
      key: '/usr/share/keyrings/a.gpg',
    },
    { uri: 'http://mirror.example/inline', suites: ['bookworm'], components: ['main'], key: undefined },
  ]);
});

test.run();
