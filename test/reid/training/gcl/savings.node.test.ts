import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed } from '../../../../engine/index.js';
import { scope } from '../../../../engine/scope.js';
import { type Tensor, tensor } from '../../../../engine/tensor.js';
import { buildGCL, optimisersOf } from '../../../../reid/training/gcl/networks.js';
import { drawingStep, jointStep } from '../../../../reid/training/gcl/stage-steps.js';
import { closeAfter } from '../../../engine/device.js';
import { fill } from '../../../golden/fill.js';
import { tinyGCL } from './tiny.js';

closeAfter(test);

const filled = (name: string, ...shape: number[]): Tensor =>
  tensor(fill(`savings/${name}`, shape, { kind: 'signed', scale: 1.5 }), shape);
const whole = (...numbers: number[]) => tensor(Int32Array.from(numbers), [numbers.length]);

const pictures = () =>
  [filled('photos', 4, 3, 48, 40), filled('structure', 4, 1, 48, 40), filled('turned', 4, 1, 48, 40)] as const;
const mix = () => [tensor(Float32Array.of(0.7), [1]), whole(2, 3, 1, 0)] as const;

/** Losses, and all weights and statistics after one step. */
async function stepped(stage: 2 | 3, ...changes: string[]) {
  manualSeed(3);
  const recipe = tinyGCL(...changes);
  const nets = buildGCL(recipe);
  const context = { recipe, nets, optimisers: optimisersOf(recipe, nets, stage) };
  if (stage === 2) nets.identity.eval().requiresGrad_(false);
  const unit = (n: number) => {
    const data = new Float32Array(n * 8);
    for (let i = 0; i < n; i++) data[i * 8 + (i % 8)] = 1;
    return tensor(data, [n, 8]).keep();
  };
  const losses = await scope(async () => {
    if (stage === 2)
      return await drawingStep(context)
        .run(...pictures(), ...mix())
        .read();
    const step = jointStep(context, { memory: unit(10), centres: unit(3) });
    const rows = [whole(0, 1, 2, 3), whole(0, 1, 2, 0), whole(4, 5, 2, 0), whole(0, 1, 6, 3)] as const;
    const negatives = tensor(Int32Array.from([7, 8, 7, 9, 8, 9, 7, 8]), [4, 2]);
    return await step.run(...pictures(), ...mix(), ...rows, negatives).read();
  });
  const state = new Map<string, ArrayLike<number>>();
  for (const [net, module] of Object.entries(nets)) {
    for (const [name, { data }] of await module.stateArrays()) state.set(`${net}.${name}`, Array.from(data, Number));
  }
  return { losses: Array.from(losses), state };
}

const { joint, drawing } = tinyGCL();
const [JOINT_RATE, DRAWING_RATE] = [joint.lrGenerator, drawing.lrGenerator];

type Stepped = Awaited<ReturnType<typeof stepped>>;

/** Adam's first step is the sign of a gradient, so that a gradient of 0 may move a weight by twice the rate. */
function compare(got: Stepped, want: Stepped, rate: number): void {
  for (const [i, loss] of want.losses.entries())
    assert.ok(
      Math.abs(got.losses[i]! - loss) <= 1e-4 * Math.max(1, Math.abs(loss)),
      `loss ${i}: ${got.losses[i]}, not ${loss}`,
    );
  for (const [name, values] of want.state) {
    const theirs = got.state.get(name)!;
    const off = Array.from(values).filter(
      (value, i) => Math.abs(value - theirs[i]!) > 1e-4 * Math.max(1, Math.abs(value)),
    );
    const far = Array.from(values).some((value, i) => Math.abs(value - theirs[i]!) > 2.1 * rate + 1e-4);
    // In front of a norm a bias has no gradient but rounding.
    const most = name.endsWith('.bias') ? values.length : 0.02 * values.length + 1;
    assert.ok(off.length <= most && !far, `${name}: ${off.length} of ${values.length} differ`);
  }
}

test('segments that are computed again, and kinds seen together: the same losses, weights and statistics of norms', async () => {
  const [plain, segments, together] = [
    await stepped(3, 'passes=apart', 'joint.bnStats=all'),
    await stepped(3, 'passes=segments', 'joint.bnStats=all'),
    await stepped(3, 'passes=together', 'joint.bnStats=all'),
  ];
  compare(segments, plain, JOINT_RATE);
  compare(together, plain, JOINT_RATE);
  assert.is(plain.state.get('identity.bn1.num_batches_tracked')![0], 6);
});

test('joint.bnStats=photos: the same step, but running statistics as if the photos alone had been seen', async () => {
  const all = await stepped(3, 'passes=apart', 'joint.bnStats=all');
  manualSeed(3);
  const { identity } = buildGCL(tinyGCL());
  await scope(async () => await identity.identify(pictures()[0]).embedding.read());
  const isStatistic = ([name]: readonly [string, unknown]) => /running|num_batches/.test(name);
  const seen = [...(await identity.stateArrays())].filter(isStatistic);
  for (const passes of ['apart', 'segments', 'together']) {
    const photos = await stepped(3, `passes=${passes}`, 'joint.bnStats=photos');
    for (const [name, { data }] of seen) {
      const got = photos.state.get(`identity.${name}`)!;
      for (const [i, value] of Array.from(data, Number).entries()) {
        assert.ok(Math.abs(got[i]! - value) <= 1e-5 * Math.max(1, Math.abs(value)), `${passes}: ${name} ${i}`);
      }
    }
    const weights = [...photos.state].filter((entry) => !isStatistic(entry));
    compare({ ...photos, state: new Map([...all.state].filter(isStatistic).concat(weights)) }, all, JOINT_RATE);
  }
});

test('parts of a batch: the same as the whole in stage 2, partners across parts', async () => {
  const whole = await stepped(2, 'passes=apart');
  compare(await stepped(2, 'passes=together'), whole, DRAWING_RATE);
  compare(await stepped(2, 'drawing.microBatch=2', 'passes=segments'), whole, DRAWING_RATE);
});

test.run();
