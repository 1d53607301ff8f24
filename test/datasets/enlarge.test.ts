import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { enlargePicture, mirrorPixels } from '../../datasets/enlarge.js';
import { createTransform, IMAGENET_MEAN, resizeBilinear, testTransform } from '../../datasets/index.js';
import { fgreidTransform } from '../../datasets/transforms.js';
import { RandomStream } from '../../random/philox.js';
import { pseudoPicture } from './pseudo-picture.js';

const [HEIGHT, WIDTH] = [20, 12];
const { data: PIXELS } = pseudoPicture(WIDTH, HEIGHT);
const AREA = HEIGHT * WIDTH;

/** The picture with a black border of three pixels. */
function padded(pixels: Uint8Array): { width: number; height: number; data: Uint8Array } {
  const [height, width] = [HEIGHT + 6, WIDTH + 6];
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < AREA * 3; i++) {
    const [y, x] = [Math.floor(i / 3 / WIDTH), Math.floor(i / 3) % WIDTH];
    data[((y + 3) * width + x + 3) * 3 + (i % 3)] = pixels[i]!;
  }
  return { height, width, data };
}

test('squeezed, or enlarged and cropped at every place there is', () => {
  const squeezed = resizeBilinear(padded(PIXELS), WIDTH, HEIGHT).data;
  // 20 x 1.125 = 22.5 and 12 x 1.125 = 13.5: halves go to the even one.
  const large = resizeBilinear(padded(PIXELS), 14, 22).data;
  const places = new Map<string, number>();
  for (let draw = 0; draw < 400; draw++) {
    const config = { pad: 3, factor: 1.125, probability: 0.5 };
    const out = enlargePicture(PIXELS, HEIGHT, WIDTH, config, new RandomStream(1, 'augment', draw));
    let place = out.every((value, i) => value === squeezed[i]) ? 'squeezed' : '';
    for (let top = 0; top <= 2; top++) {
      for (let left = 0; left <= 2; left++) {
        const fits = out.every((value, i) => {
          const [y, x] = [Math.floor(i / 3 / WIDTH), Math.floor(i / 3) % WIDTH];
          return value === large[((y + top) * 14 + x + left) * 3 + (i % 3)];
        });
        if (fits) place = `${top},${left}`;
      }
    }
    assert.not.equal(place, '', `draw ${draw} is neither`);
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  assert.is(places.size, 10);
  assert.ok(places.get('squeezed')! > 160 && places.get('squeezed')! < 240);
  // Rounded uniform places: the middle one is twice as likely as either end.
  assert.ok(places.get('1,1')! > places.get('0,0')!);
});

test("FGReID's transform: flipped before the border, normalised, and erased with the mean as it is", () => {
  const config = fgreidTransform({ height: HEIGHT, width: WIDTH });
  assert.equal([config.resize, config.pad], ['bicubic', undefined]);
  const seen = { erased: 0, mirrored: 0, straight: 0 };
  const plain = { ...config, erase: undefined, enlarge: { pad: 10, factor: 1.125, probability: 1 } };
  const test = testTransform({ height: HEIGHT, width: WIDTH });
  const apply = (transform: typeof config, pixels: Uint8Array, sample: number): Float32Array => {
    const out = new Float32Array(AREA * 3);
    createTransform(transform, 7).write(pixels, sample, out, 0);
    return out;
  };
  const border = (pixels: Uint8Array): Uint8Array =>
    enlargePicture(pixels, HEIGHT, WIDTH, plain.enlarge, new RandomStream(0, 'augment'));
  const straight = apply(test, border(PIXELS), 0);
  const mirrored = apply(test, border(mirrorPixels(PIXELS, HEIGHT, WIDTH)), 0);
  for (let sample = 0; sample < 200; sample++) {
    const whole = apply(plain, PIXELS, sample);
    const turned = whole.every((value, i) => value === mirrored[i]);
    assert.ok(turned || whole.every((value, i) => value === straight[i]));
    seen[turned ? 'mirrored' : 'straight']++;
    const out = apply({ ...plain, erase: config.erase }, PIXELS, sample);
    const holes = Array.from({ length: AREA }, (_, i) => i).filter((i) => out[i] !== whole[i]);
    if (holes.length === 0) continue;
    seen.erased++;
    for (let channel = 0; channel < 3; channel++) {
      assert.ok(holes.every((i) => out[channel * AREA + i] === Math.fround(IMAGENET_MEAN[channel]!)));
    }
  }
  for (const count of Object.values(seen)) assert.ok(count > 70 && count < 130, JSON.stringify(seen));
});

test('fields are checked', () => {
  assert.throws(
    () => fgreidTransform({ enlarge: { pad: 1, factor: 0.9, probability: 0.5 } }),
    /enlarge\.factor is 0\.9/,
  );
  assert.throws(() => fgreidTransform({ resize: 'nearest' as 'bicubic' }), /transform\.resize is "nearest"/);
});

test.run();
