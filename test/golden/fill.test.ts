import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FillRule, fill } from './fill.js';

const float32 = (values: number[]) => Array.from(new Float32Array(values));
const first = (name: string, shape: number[], rule: FillRule, count = 4) =>
  Array.from(fill(name, shape, rule).slice(0, count));

test('signed gives the published first four values', () => {
  assert.equal(
    first('7/input', [2, 4], { kind: 'signed', scale: 1.5 }),
    float32([-0.15969914, -0.4801831, -0.90950483, -1.1345778]),
  );
});

test('weight gives the published first four values, with fan_in given or from the shape', () => {
  const expected = float32([0.12871473, -0.11334377, -0.11558953, -0.27348286]);
  const name = '7/layer1.0.conv1.weight';
  assert.equal(first(name, [2, 64, 1, 1], { kind: 'weight', g: Math.SQRT2 }), expected);
  assert.equal(first(name, [4], { kind: 'weight', g: Math.SQRT2, fan_in: 64 }), expected);
});

test('range, quant and blocks follow from the same uniform numbers', () => {
  const u = Array.from(fill('a', [64], { kind: 'range', lo: 0, hi: 1 }));
  assert.ok(u.every((value) => value >= 0 && value < 1));
  assert.equal(
    first('a', [64], { kind: 'quant', levels: 3, offset: -1 }, 64),
    u.map((value) => Math.floor(value * 3) - 1),
  );
  const blocks = fill('a', [2, 3, 4, 2], { kind: 'blocks', grid: [2, 2], block_scale: 1.5, scale: 0 });
  const coarse = fill('a.blocks', [2, 3, 2, 2], { kind: 'signed', scale: 1.5 });
  const at = (n: number, c: number, y: number, x: number) => blocks[((n * 3 + c) * 4 + y) * 2 + x];
  assert.is(at(1, 2, 3, 1), coarse[((1 * 3 + 2) * 2 + 1) * 2 + 1]);
  assert.is(at(1, 0, 1, 0), coarse[(1 * 3 + 0) * 4]);
});

test('the name is hashed as UTF-8, and an empty shape is one value', () => {
  assert.is(fill('é', [], { kind: 'signed', scale: 1 }).length, 1);
  assert.is.not(fill('é', [], { kind: 'signed', scale: 1 })[0], fill('e', [], { kind: 'signed', scale: 1 })[0]);
});

test.run();
