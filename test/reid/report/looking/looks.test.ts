import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IMAGENET_MEAN, IMAGENET_STD } from '../../../../datasets/index.js';
import { manualSeed, noGrad, randn, type Tensor } from '../../../../engine/index.js';
import { Conv2d, Module } from '../../../../engine/nn/index.js';
import { mean } from '../../../../engine/ops/reduce.js';
import { reshape, slice } from '../../../../engine/ops/view.js';
import { FGReID } from '../../../../reid/models/fgreid/fgreid.js';
import { recordLooks } from '../../../../reid/report/evidence/record-looks.js';
import { rowMaps } from '../../../../reid/report/evidence/row-maps.js';
import { fgreidAttention, fgreidLooks } from '../../../../reid/report/looking/fgreid-attention.js';
import { closeAfter, gpu } from '../../../engine/device.js';
import { dataset } from '../../training/tiny.js';

closeAfter(test);

const INPUT = { height: 32, width: 16, mean: IMAGENET_MEAN, std: IMAGENET_STD };

test('FGReID: behind a sigmoid the maps are the attention that the model weighs by, of pictures and of a clip', async () => {
  manualSeed(3);
  const backbone = { depth: 18, width: 4 } as const;
  const model = new FGReID({ backbone, channels: 8, inner: 4, minScope: 'image' }, 5).eval();
  // The pictures themselves are the trunks' maps.
  const own = model as { -readonly [K in keyof FGReID]: FGReID[K] };
  for (const name of ['conv1', 'conv2'] as const) own[name] = new Conv2d(3, 8, 1);
  for (const trunk of [model.base, model.base_mars]) trunk.forward = (x) => x;
  const clip = randn([1, 3, 3, 5, 3], { gpu });
  const images = reshape(clip, [3, 3, 5, 3]);
  for (const [input, together] of [
    [images, false],
    [clip, true],
  ] as const) {
    const weights = await noGrad(() => model.attention(input)).read();
    // Some at a time, as a long clip is seen.
    const looks = [
      ...(await fgreidLooks(model, slice(images, 0, 0, 2))),
      ...(await fgreidLooks(model, slice(images, 0, 2, 3))),
    ];
    const maps = fgreidAttention(looks, together);
    const got = maps.flatMap(({ data }) => Array.from(data, (value) => 1 / (1 + Math.exp(-value))));
    assert.is(got.length, weights.length);
    for (const [i, value] of got.entries()) {
      assert.ok(Math.abs(value - weights[i]!) < 1e-5, `${i}: ${value}, ${weights[i]}`);
    }
    assert.ok(maps.every(({ data }) => Array.from(data).every((value) => value >= 0)));
  }
});

/** A model without attention. */
class Plain extends Module {
  readonly conv = new Conv2d(3, 4, 3, { padding: 1 });

  forward(images: Tensor): Tensor {
    return mean(this.conv.forward(images), [2, 3]);
  }
}

test('a model without attention shows how strong its last map is', async () => {
  const model = new Plain();
  const records = dataset.query.slice(0, 5);
  const [column, ...others] = await recordLooks({ gpu, model, dataset, input: INPUT }, records);
  assert.equal(others, []);
  assert.is(column!.name, 'strength of conv');
  assert.equal([column!.maps.length, column!.maps[4]!.height, column!.maps[4]!.width], [5, 32, 16]);
  assert.ok(column!.maps[4]!.data[100]! > 0);
  assert.equal(await recordLooks({ gpu, model, dataset, input: INPUT, attentionOnly: true }, records), []);
});

test('rows become maps by components and by t-SNE', async () => {
  // Along one direction mostly, then another, then a third.
  const data = Float32Array.from(
    { length: 12 * 4 },
    (_, k) => [9, 3, 1, 0][k % 4]! * Math.cos(1 + Math.floor(k / 4) * ((k % 4) + 1)),
  );
  const names = Array.from({ length: 12 }, (_, i) => `identity ${i}`);
  const maps = await rowMaps({ data, count: 12, dimension: 4 }, { title: 'Centres', names });
  assert.equal(
    maps!.scatters.map(({ title }) => title),
    ['Centres: components 1 and 2', 'Centres: components 1 and 3', 'Centres: t-SNE'],
  );
  const [first, second, third] = maps!.shares as [number, number, number];
  assert.ok(first > 0.8 && first > second && second > third && first + second + third <= 1 + 1e-9);
  assert.equal(new Set(maps!.scatters[0]!.points.map(({ group }) => group)).size, 10, 'ten colours');
  const some = await rowMaps({ data, count: 12, dimension: 4 }, { title: 'Centres', names, rows: 9 });
  const captions = some!.scatters[0]!.points.map(({ caption }) => caption);
  assert.equal([captions.length, captions[0], captions[8]], [9, 'identity 0', 'identity 11']);
  assert.is(await rowMaps({ data: data.slice(0, 28), count: 7, dimension: 4 }, { title: 'Few', names }), undefined);
});

test.run();
