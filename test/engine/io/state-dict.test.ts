import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PthArray } from '../../../engine/io/pth-array.js';
import { stateDictOf } from '../../../engine/io/state-dict.js';
import { refuses } from './fixtures.js';

const array = () =>
  new PthArray({
    storage: { key: '0', dtype: 'float32', byteLength: 4, bytes: new Uint8Array(4) },
    dtype: 'float32',
    offset: 0,
    shape: [1],
    strides: [1],
    requiresGrad: false,
  });
const dict = (entries: Record<string, unknown>) => new Map<unknown, unknown>(Object.entries(entries));
const names = (value: unknown, options?: Parameters<typeof stateDictOf>[1]) => [...stateDictOf(value, options).keys()];

test('common wrappers are stepped into', () => {
  const state = dict({ 'a.weight': array(), 'a.bias': array() });
  const both = ['a.weight', 'a.bias'];
  assert.equal(names(state), both);
  assert.equal(names(dict({ state_dict: state, epoch: 3 })), both);
  assert.equal(names(dict({ net: state, optimizer: dict({ momentum: array() }) })), both);
  assert.equal(names(dict({ model: dict({ state_dict: state }) })), both);
  assert.equal(names(dict({ model_state: state, model: 'osnet' })), both);
});

test('nested dicts are flattened, and what is no array is left out', () => {
  const nested = dict({ head: dict({ weight: array() }), base: dict({ conv: dict({ weight: array() }) }), epoch: 4 });
  assert.equal(names(nested), ['head.weight', 'base.conv.weight']);
  assert.equal(names(dict({ weight: array(), model: dict({ weight: array() }) })), ['weight', 'model.weight']);
});

test('a path says which dict, and a prefix is cut', () => {
  const checkpoint = dict({
    model: dict({ w: array() }),
    ema: dict({ weights: dict({ 'module.w': array(), v: array() }) }),
  });
  assert.equal(names(checkpoint), ['w']);
  assert.equal(names(checkpoint, { path: ['ema', 'weights'] }), ['module.w', 'v']);
  assert.equal(names(checkpoint, { path: ['ema', 'weights'], stripPrefix: true }), ['w', 'v']);
  assert.equal(names(checkpoint, { path: ['ema'], stripPrefix: 'weights.' }), ['module.w', 'v']);
});

test('errors say what is there instead', async () => {
  await refuses(() => stateDictOf(dict({ epoch: 1, name: 'x' })), /no state dict.*a dict with the keys epoch, name/);
  await refuses(() => stateDictOf([array()]), /holds a list/);
  await refuses(() => stateDictOf(null), /holds None/);
  await refuses(() => stateDictOf(dict({ a: dict({}) }), { path: ['a', 'b'] }), /no 'b' of the path a \/ b/);
  await refuses(
    () => stateDictOf(dict({ 'module.a': array(), a: array() }), { stripPrefix: true }),
    /two tensors.*'a'/,
  );
});

test('dicts that contain themselves, or double at every level, do not hang', async () => {
  const loop = dict({ w: array() });
  loop.set('self', loop);
  await refuses(() => stateDictOf(loop), /nested too deep, or contains itself/);
  const wrapped = dict({});
  wrapped.set('model', wrapped);
  await refuses(() => stateDictOf(wrapped), /nested too deep/);
  let doubling = dict({ w: 1 });
  for (let i = 0; i < 30; i++) doubling = dict({ a: doubling, b: doubling });
  await refuses(() => stateDictOf(doubling), /nested too deep/);
});

test.run();
