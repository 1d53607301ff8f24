import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSynthetic } from '../../datasets/index.js';
import { writeMarket1501 } from '../../datasets/market1501-writer.node.js';
import { pseudoPicture } from '../datasets/pseudo-picture.js';
import { fail, folderFor, jsonOf, stepsOf, succeed } from './command-line.js';
import { CHANGES, set } from './tiny.js';

const folder = folderFor(test);

/** Kinds of PNG: channels and bits. */
const KINDS = [
  { channels: 1, depth: 8 },
  { channels: 1, depth: 16 },
  { channels: 2, depth: 8 },
  { channels: 3, depth: 16 },
  { channels: 4, depth: 8 },
  { channels: 4, depth: 16 },
] as const;

/** Noise of its own for each picture, in one of the kinds. */
function png(number: number): Uint8Array {
  const { channels, depth } = KINDS[number % KINDS.length]!;
  const [width, height] = [12 + number, 24];
  const noise = pseudoPicture(width, height * channels).data;
  const samples = noise.subarray(0, width * height * channels);
  const data = depth === 16 ? Uint16Array.from(samples, (value) => 257 * value) : samples;
  return encode({ width, height, channels, depth, data });
}

test('a folder for each identity, grey, 16-bit and transparent PNG: trains, with --profile', async () => {
  const data = join(folder, 'photos');
  let number = 0;
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve', 'fay']) {
    mkdirSync(join(data, name), { recursive: true });
    for (const camera of [1, 2]) {
      for (const shot of [1, 2]) writeFileSync(join(data, name, `c${camera}_${shot}.png`), png(number++));
    }
  }
  const out = join(folder, 'run');
  const spec = `folder:${data}?name=c{camera}_*`;
  const args = ['--data', spec, '--out', out, '--profile', ...set(...CHANGES, 'epochs=1')];
  const { stderr } = await succeed('train', 'baseline', ...args);
  assert.match(stderr, /train +3 +12 +2/, 'the data set is described');
  assert.match(stderr, /kernels of \d+ steps by time/);
  assert.equal(
    stepsOf(out).map(({ step }) => step),
    stepsOf(out).map((_, i) => i + 1),
  );
  const { queries, validQueries } = jsonOf(out, 'metrics.json') as { queries: number; validQueries: number };
  assert.equal([queries, validQueries], [6, 6]);
  const trace = jsonOf(out, 'trace.json') as { traceEvents?: unknown[] } | unknown[];
  assert.ok((Array.isArray(trace) ? trace : trace.traceEvents!).length > 10, 'a trace');
  assert.match(readFileSync(join(out, 'profile.txt'), 'utf8'), /conv/);
});

test('a truncated JPEG ends training with its name, and no figures', async () => {
  const data = join(folder, 'market');
  const people = { identities: 4, testIdentities: 3, images: 2, cameras: 2, distractors: 0, height: 32, width: 16 };
  await writeMarket1501(createSynthetic(people), data);
  const train = join(data, 'bounding_box_train');
  const victim = join(train, readdirSync(train).sort()[5]!);
  truncateSync(victim, Math.floor(readFileSync(victim).length / 2));
  const out = join(folder, 'truncated');
  const args = ['baseline', '--data', `market1501:${data}`, '--out', out, ...set(...CHANGES, 'epochs=1')];
  await fail(1, [victim, 'cut short'], 'train', ...args);
  assert.not(readdirSync(out).includes('metrics.json'));
});

test.run();
