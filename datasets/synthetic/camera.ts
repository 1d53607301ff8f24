import { RandomStream } from '../../random/philox.js';
import { blur, type Canvas } from './canvas.js';
import type { Colour } from './colour.js';
import { grain } from './noise.js';
import { SCENES, type Scene } from './scene.js';
import type { Light, Point } from './solid.js';

/** What a lens and a sensor do to a picture. */
export interface Optics {
  /** Factor of each channel: exposure and colour cast. */
  readonly gains: Colour;
  /** Factor of the distance from mid grey. */
  readonly contrast: number;
  /** Factor of the distance from each pixel's grey. */
  readonly saturation: number;
  /** Deviation of the blur, as a share of the picture's height. */
  readonly blur: number;
  /** Deviation of the sensor's noise. */
  readonly noise: number;
}

/** A camera: where it hangs, what it looks at, and how well it sees. */
export interface Camera {
  readonly scene: Scene;
  /** Direction in which people usually walk, as the turn of their figure. */
  readonly yaw: number;
  /** Deviation of the direction, and how often somebody walks the other way. */
  readonly yawSpread: number;
  readonly turnShare: number;
  readonly pitch: number;
  /** Share of the picture's height at which wall and ground meet. */
  readonly ground: number;
  readonly light: Light;
  readonly optics: Optics;
}

/** Usual directions: front, left side, back, right side, and two in between. */
const YAWS = [0, 1.5, 3.14, 4.7, 0.75, 3.9];

/** Kinds of light, each with its own colour: noon, evening, overcast, lamps, dusk, haze. */
const LIGHTS: readonly { readonly gains: Colour; readonly contrast: number; readonly saturation: number }[] = [
  { gains: [1.03, 1.02, 0.99], contrast: 1.08, saturation: 1.08 },
  { gains: [1.1, 0.99, 0.86], contrast: 1.04, saturation: 1.0 },
  { gains: [0.93, 0.98, 1.06], contrast: 0.94, saturation: 0.85 },
  { gains: [1.0, 1.01, 0.87], contrast: 1.0, saturation: 0.92 },
  { gains: [0.76, 0.79, 0.88], contrast: 1.02, saturation: 0.86 },
  { gains: [1.13, 1.12, 1.09], contrast: 0.86, saturation: 0.82 },
];

const unit = ([x, y, z]: Point): Point => {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
};

/**
 * The camera of a number. Six in a row differ in direction, scene and light; another seed is another town.
 *
 * @param index 0-based
 */
export function cameraOf(seed: number, index: number): Camera {
  const order = new RandomStream(seed, 'synthetic cameras', Math.floor(index / SCENES.length));
  const scenes = order.shuffle([...SCENES]);
  const lights = order.shuffle([...LIGHTS]);
  const yaws = order.shuffle([...YAWS]);
  const place = index % SCENES.length;
  const random = new RandomStream(seed, 'synthetic camera', index);
  const light = lights[place]!;
  const jitter = (value: number): number => value * random.range(0.96, 1.04);
  return {
    scene: { style: scenes[place]!, layer: random.integer(1 << 20) },
    yaw: yaws[place]! + random.range(-0.25, 0.25),
    yawSpread: 0.3,
    turnShare: 0.18,
    pitch: random.range(0.06, 0.42),
    ground: random.range(0.28, 0.62),
    light: {
      direction: unit([random.range(-0.9, 0.9), random.range(0.5, 1), random.range(0.1, 0.9)]),
      ambient: random.range(0.55, 0.72),
      direct: random.range(0.3, 0.62),
    },
    optics: {
      gains: [jitter(light.gains[0]), jitter(light.gains[1]), jitter(light.gains[2])],
      contrast: jitter(light.contrast),
      saturation: jitter(light.saturation),
      blur: random.range(0.002, 0.0065),
      noise: random.range(0.006, 0.02),
    },
  };
}

/** Takes the picture: colour, contrast, blur, and the grain of `layer`. Changes the canvas. */
export function expose(canvas: Canvas, optics: Optics, layer: number): void {
  const { width, height, data } = canvas;
  const { gains, contrast, saturation, noise } = optics;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [red, green, blue] = [data[pixel * 3]!, data[pixel * 3 + 1]!, data[pixel * 3 + 2]!];
    const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
    data[pixel * 3] = ((grey + (red - grey) * saturation - 0.42) * contrast + 0.42) * gains[0];
    data[pixel * 3 + 1] = ((grey + (green - grey) * saturation - 0.42) * contrast + 0.42) * gains[1];
    data[pixel * 3 + 2] = ((grey + (blue - grey) * saturation - 0.42) * contrast + 0.42) * gains[2];
  }
  blur(canvas, optics.blur * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // The eye and the sensor agree: mostly brightness noise, a little colour noise.
      const common = grain(x, y, layer) * noise;
      for (let channel = 0; channel < 3; channel++, i++) {
        data[i] = data[i]! + common + grain(x + 1000 * (channel + 1), y, layer) * noise * 0.4;
      }
    }
  }
}
