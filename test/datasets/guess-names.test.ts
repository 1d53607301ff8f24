import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { guessCameraPattern, guessNames } from '../../datasets/guess-names.js';
import { compileChoice, compilePattern } from '../../datasets/name-pattern.js';

/** Every part with every other, joined: `anna_c1_3.jpg`. */
const names = (...parts: (readonly string[])[]): string[] =>
  parts
    .reduce<string[]>((left, right) => left.flatMap((a) => right.map((b) => a + b)), [''])
    .map((name) => `${name}.jpg`);

const CASES: [pattern: string, files: string[], identity: string, camera?: string][] = [
  ['{id}_c{camera}_*', names(['anna', 'bert'], ['_c1', '_c2'], ['_1', '_2']), 'anna', '1'],
  ['{id}_c{camera}s*', names(['0002', '0007'], ['_c1s1', '_c3s1'], ['_1', '_2']), '0002', '1'],
  ['{id}-*', names(['anna', 'bert'], ['-x1', '-y2', '-z3']), 'anna'],
  ['{id}__*', names(['obj_1', 'obj_2'], ['__0', '__5']), 'obj_1'],
  ['{id}_*_cam{camera}.*', names(['anna', 'bert'], ['_1', '_2'], ['_cam1', '_cam2']), 'anna', '1'],
];

for (const [pattern, files, identity, camera] of CASES) {
  test(`${files[0]} is read by ${pattern}`, () => {
    const guess = guessNames(files);
    assert.equal(guess, { pattern, camera: camera !== undefined });
    const found = compilePattern(pattern).match(files[0]!)!;
    assert.is(found.get('id'), identity);
    assert.is(found.get('camera'), camera);
  });
}

test('names that say nothing are not guessed at', () => {
  assert.is(guessNames(['IMG_0001.jpg', 'IMG_0002.jpg', 'IMG_0003.jpg']), undefined);
  assert.is(guessNames(['a.jpg', 'b.jpg']), undefined);
});

test('cameras of pictures in folders of identities are found, or not', () => {
  assert.is(guessCameraPattern(['anna/c1_1.jpg', 'anna/c2_1.jpg', 'bert/c1_1.jpg', 'bert/c2_2.jpg']), 'c{camera}_*');
  assert.is(guessCameraPattern(['anna/1.jpg', 'bert/2.jpg']), undefined);
});

test('a star chooses every identity', () => {
  const all = compileChoice('*', 'test');
  assert.ok(all('anna') && all('7'));
});

test.run();
