import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { duration, Progress } from '../../../reid/training/progress.js';

/** What is written, in order. */
function recorder(isTerminal: boolean) {
  const written: string[] = [];
  return { isTerminal, written, write: (text: string) => void written.push(text) };
}

test('durations for people', () => {
  const said = [0, 59.4, 59.6, 200, 3600, 7500].map(duration);
  assert.equal(said, ['0 s', '59 s', '1 min 0 s', '3 min 20 s', '1 h 0 min', '2 h 5 min']);
});

test('a terminal line is rewritten in place', () => {
  const output = recorder(true);
  const progress = new Progress(output, 'step', 'steps');
  progress.update(1, 3, 'a long note');
  progress.update(3, 3);
  progress.end();
  assert.is(output.written.length, 3);
  assert.ok(output.written.slice(0, 2).every((text) => text.startsWith('\r') && !text.includes('\n')));
  assert.is(output.written[1]!.length, output.written[0]!.length, 'what was there is covered');
  assert.is(output.written[2], '\n');
});

test('elsewhere lines come now and then, and the last always', () => {
  const output = recorder(false);
  const progress = new Progress(output, 'step', 'steps', 10);
  for (let step = 11; step <= 1000; step++) progress.update(step, 1000);
  progress.end();
  assert.is(output.written.length, 2);
  assert.match(output.written[0]!, /^step 11\/1000 steps, [\d.]+\/s, .* left\n$/);
  assert.match(output.written[1]!, /^step 1000\/1000 steps, [\d.]+\/s\n$/);
});

test.run();
