import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, mean, mul, noGrad, randn, relu, type Tensor, tensor } from '../../../../engine/index.js';
import { Conv2d, Identity, Module, Sequential } from '../../../../engine/nn/index.js';
import { RGAModule } from '../../../../reid/models/attention/rga-module.js';
import { attentionMaps } from '../../../../reid/report/looking/attention-map.js';
import { captureCalls } from '../../../../reid/report/looking/capture.js';
import { attentionLayers, lastMapLayer } from '../../../../reid/report/looking/map-layer.js';
import { closeAfter, gpu } from '../../../engine/device.js';

closeAfter(test);

const SMALL = { channels: 16, height: 8, width: 4, ratios: { channel: 2, spatial: 2, down: 2 } };

/** Weighs the places of a map. */
class Places extends Module {
  readonly #weights: Tensor;

  constructor(weights: readonly number[], height: number, width: number) {
    super();
    this.#weights = tensor(Float32Array.from(weights), [1, 1, height, width], { gpu });
  }

  forward(x: Tensor): Tensor {
    return mul(x, this.#weights);
  }
}

const near = (got: ArrayLike<number>, want: ArrayLike<number>, within: number) => {
  assert.is(got.length, want.length);
  for (let i = 0; i < got.length; i++) assert.ok(Math.abs(got[i]! - want[i]!) <= within, `${i}: ${got[i]}, ${want[i]}`);
};

test('of a module that weighs places the map is its weights, for each picture and each module', async () => {
  manualSeed(3);
  const [a, b] = [new Places([1, 0, 0.5, 2, 0.25, 3], 2, 3), new Places([0, 1, 2, 3, 4, 5], 2, 3)];
  const images = randn([2, 3, 2, 3], { gpu });
  const forward = (x: Tensor) => b.forward(a.forward(x));
  const maps = await attentionMaps({ images, layers: [b, a], forward });
  assert.equal([maps.length, maps[0]!.length], [2, 2]);
  for (const map of maps[1]!) near(map.data, [1, 0, 0.5, 2, 0.25, 3], 1e-5);
  // Where the first lets nothing through, the second has nothing to weigh.
  for (const map of maps[0]!) near(map.data, [0, 0, 2, 3, 4, 5], 1e-4);
});

test('of a relation-aware module it is what the module itself calls its attention', async () => {
  manualSeed(4);
  const model = new RGAModule({ ...SMALL, channel: false }).eval();
  const images = randn([2, 16, 8, 4], { gpu });
  const [maps] = await attentionMaps({ images, layers: [model], forward: (x) => model.forward(x) });
  const own = await noGrad(async () => model.attention(images).spatial!.read());
  near(maps![0]!.data, own.subarray(0, 32), 1e-5);
  near(maps![1]!.data, own.subarray(32), 1e-5);
});

test('modules that have no such map are refused by name', async () => {
  const [kept, other] = [new Identity(), new Conv2d(3, 4, 1)];
  const images = randn([1, 3, 2, 2], { gpu });
  const rejects = async (layers: Module[], message: RegExp) => {
    try {
      await attentionMaps({ images, layers, forward: (x) => other.forward(kept.forward(x)) });
    } catch (error) {
      assert.match((error as Error).message, message);
      return;
    }
    assert.unreachable(`expected ${message}`);
  };
  await rejects([kept, other], /layer 1 goes from \[1, 3, 2, 2\] to \[1, 4, 2, 2\]/);
  await rejects([new Identity()], /layer 0 was passed 0 times/);
});

/** A stem, a body, a part that is called twice, attention, and a branch that leads nowhere. */
class Net extends Module {
  readonly stem = new Conv2d(3, 16, 3, { padding: 1 });
  readonly body = new Sequential(new Conv2d(16, 16, 1), new RGAModule(SMALL));
  readonly twice = new Identity();
  readonly unused = new RGAModule(SMALL);
  readonly branch = new Conv2d(16, 2, 1);

  forward(x: Tensor): Tensor {
    const y = relu(this.body.forward(this.stem.forward(x)));
    const pooled = mean(this.twice.forward(this.twice.forward(y)), [2, 3]);
    this.branch.forward(y);
    return pooled;
  }
}

test('the last map is of the module that ends last, passed once, on which the features depend', () => {
  const model = new Net().eval();
  const found = lastMapLayer(model, randn([2, 3, 8, 4], { gpu }))!;
  assert.equal([found.name, found.module === model.body], ['body', true]);
  const flat = new Sequential(new Conv2d(3, 4, 1));
  assert.is(lastMapLayer(flat, randn([1, 3, 1, 1], { gpu })), undefined, 'one place is no map');
  assert.is(lastMapLayer(new Identity(), randn([1, 3], { gpu })), undefined);
  const { calls } = captureCalls([model.stem, model.body], () => model.forward(randn([1, 3, 8, 4], { gpu })));
  assert.equal(
    calls.map(({ module }) => module),
    [model.stem, model.body],
  );
});

test('attention modules are found by their kind, those that a pass goes through', () => {
  const images = randn([1, 3, 8, 4], { gpu });
  assert.equal(
    attentionLayers(new Net().eval(), images).map(({ name }) => name),
    ['body.1'],
  );
  assert.equal(attentionLayers(new Sequential(new Conv2d(3, 1, 1)), images), []);
});

test.run();
