import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareNatural } from '../../datasets/index.js';

test('numbers in names count', () => {
  const names = ['obj10__5', 'obj2__10', 'obj2__9', 'a', 'B', 'obj02__9', '10', '9', ''];
  assert.equal(names.sort(compareNatural), ['', '9', '10', 'B', 'a', 'obj02__9', 'obj2__9', 'obj2__10', 'obj10__5']);
});

test('digits of any length', () => {
  const long = '123456789012345678901234567890';
  assert.ok(compareNatural(`${long}0`, `${long}1`) < 0);
  assert.ok(compareNatural('007', '8') < 0);
  assert.is(compareNatural('x1', 'x1'), 0);
});

test.run();
