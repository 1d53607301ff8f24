import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cropAfterKey } from '../../web/page/parts/crop-picture.js';
import { fitted, freeNumber, GroupHistory, groupsOf, LOOSE, merged, moved } from '../../web/page/parts/group-edits.js';
import { narrowed } from '../../web/page/parts/search-results.js';

const groups = new Map([
  [10, 0],
  [11, 0],
  [12, 1],
  [13, LOOSE],
  [14, 3],
]);

test('groups are listed by number, pictures in none last', () => {
  assert.equal(groupsOf(groups), [
    { number: 0, ids: [10, 11] },
    { number: 1, ids: [12] },
    { number: 3, ids: [14] },
    { number: LOOSE, ids: [13] },
  ]);
  assert.is(freeNumber(groups), 4);
  assert.is(freeNumber(new Map([[1, LOOSE]])), 0);
});

test('pictures move, groups merge into the lowest number, and steps are taken back one by one', () => {
  const history = new GroupHistory(groups);
  assert.is(history.last, undefined);
  history.change(moved(history.groups, [11, 13, 99], 4), 'first');
  assert.equal([...history.groups.values()], [0, 4, 1, 4, 3]);
  history.change(merged(history.groups, [4, 1, LOOSE]), 'second');
  assert.equal([...history.groups.values()], [0, 1, 1, 1, 3]);
  assert.is(history.last, 'second');
  history.undo();
  history.undo();
  assert.equal(history.groups, groups);
  history.undo();
  assert.equal(history.groups, groups);
});

test('groups are fitted to the pictures that are there', () => {
  assert.equal(
    [...fitted(groups, [12, 20])],
    [
      [12, 1],
      [20, LOOSE],
    ],
  );
});

test('arrow keys make, move and resize a part, which stays in the picture', () => {
  assert.is(cropAfterKey(undefined, 'a', false), undefined);
  const made = cropAfterKey(undefined, 'ArrowLeft', false)!;
  assert.equal(made, { left: 0.25, top: 0.25, width: 0.5, height: 0.5 });
  let part = made;
  for (let i = 0; i < 50; i++) part = cropAfterKey(part, 'ArrowRight', false)!;
  assert.ok(Math.abs(part.left - 0.5) < 1e-9 && part.width === 0.5);
  for (let i = 0; i < 50; i++) part = cropAfterKey(part, 'ArrowDown', true)!;
  assert.ok(Math.abs(part.top + part.height - 1) < 1e-9);
  for (let i = 0; i < 50; i++) part = cropAfterKey(part, 'ArrowUp', true)!;
  assert.ok(part.height > 0);
});

test('a list is narrowed by distance and camera', () => {
  const found = { ids: Int32Array.of(5, 6, 7), distances: Float32Array.of(0.1, 0.2, 0.3) };
  const cameraOf = (id: number) => (id === 6 ? 'b' : 'a');
  assert.equal(narrowed(found, 0.25, cameraOf, new Set(['a', 'b'])), [0, 1]);
  assert.equal(narrowed(found, 1, cameraOf, new Set(['a'])), [0, 2]);
  assert.equal(narrowed(found, 0, cameraOf, new Set(['a'])), []);
});

test.run();
